import { CALL_END_REASONS, type CallEndReason } from '@trunkmesh/contracts/call-end.js';
import { type CallEnded, type CallEvent, type CallParties, type CallRejected } from '@trunkmesh/contracts/call.js';
import { type CallRecording, type TransferResult } from '@trunkmesh/contracts/call-parts.js';
import { callSid } from '@trunkmesh/contracts/call-control.js';
import type { CallSummary } from '@trunkmesh/contracts/call-log.js';

/** A call of the call log. */
export interface CallRow {
  organization_id: string | null;
  summary: CallSummary;
  /** Which event each part of the summary is from: its rank for that part, and its id. Empty: none yet. */
  told_by: Record<Part, string>;
}

/** What is stored counts on their order: a new one goes to the end. */
const PARTS = ['parties', 'target', 'answer', 'end', 'recording', 'transfer'] as const;
type Part = (typeof PARTS)[number];

/**
 * What an event says of a part. Where several events do, the one with the highest rank counts, of equal ones that with
 * the highest id, which is the latest (UUIDv7).
 */
interface Told {
  part: Part;
  rank: number;
  fields: Partial<CallSummary>;
}

/**
 * Events come in any order, twice, and late. Each part is the greatest of what was ever told of it, which does not
 * depend on the order: the same events make the same row, byte for byte.
 */
export function evolve(row: CallRow | undefined, event: CallEvent): CallRow {
  const { organization_id, summary, told_by } = row ?? nothingTold(event.data);
  const next: CallRow = { organization_id, summary: { ...summary }, told_by: { ...told_by } };
  for (const { part, rank, fields } of toldBy(event)) {
    const by = `${rank} ${event.id.toLowerCase()}`;
    if (by <= next.told_by[part]) continue;
    Object.assign(next.summary, fields);
    next.told_by[part] = by;
  }
  return next;
}

/** `told_by` as it is stored. */
export const writeToldBy = (told: CallRow['told_by']): string => PARTS.map((part) => told[part]).join();
export const readToldBy = (stored: string): CallRow['told_by'] => {
  const told = stored.split(',');
  return Object.fromEntries(PARTS.map((part, index) => [part, told[index] ?? ''])) as CallRow['told_by'];
};

/** One row a call and organisation, so that no fault of a bridge shows one organisation's call to another. */
export const rowKey = (callId: string, organizationId: string | null): string => `${callId} ${organizationId ?? ''}`;

/** The other party, whoever called whom. */
export const customerPhone = ({ direction, from_number, to_number }: CallSummary): string =>
  direction === 'inbound' ? from_number : to_number;

function toldBy(event: CallEvent): Told[] {
  const parties: Told = { part: 'parties', rank: 0, fields: partiesOf(event.data) };
  switch (event.type) {
    case 'CallStarted':
      return [parties, ...target(0, event.data.target)];
    case 'CallAnswered':
      return [
        parties,
        { part: 'answer', rank: 1, fields: { answered_at: event.data.answered_at, codec: cut(event.data.codec, 64) } },
      ];
    case 'CallTransferred':
      return [parties, ...transfer(0, event.data.transfer)];
    case 'CallTransferFailed':
      return [parties];
    case 'CallRejected':
      return [
        { ...parties, rank: 1 },
        { part: 'end', rank: 0, fields: rejection(event.data) },
      ];
    case 'CallEnded':
      return [{ ...parties, rank: 2 }, ...toldByEnd(event.data)];
    case 'CallRecordingStored':
      return [parties, recording(1, event.data.recording)];
  }
}

function toldByEnd(data: CallEnded['data']): Told[] {
  return [
    { part: 'end', rank: 1, fields: end(data) },
    ...target(1, data.target),
    // The record of a call whose agent died may not know the codec that CallAnswered told.
    ...(data.answered_at === null
      ? []
      : [
          {
            part: 'answer' as const,
            rank: data.codec === null ? 0 : 2,
            fields: { answered_at: data.answered_at, codec: cut(data.codec, 64) },
          },
        ]),
    ...(data.recording ? [recording(0, data.recording)] : []),
    ...(data.transfer ? transfer(1, data.transfer) : []),
  ];
}

const recording = (rank: number, told: CallRecording): Told => ({
  part: 'recording',
  rank,
  fields: { recording: told },
});
const transfer = (rank: number, { outcome, target: to }: TransferResult): Told[] =>
  outcome === 'transferred' ? [{ part: 'transfer', rank, fields: { transferred_to: to } }] : [];

function target(rank: number, told: CallEnded['data']['target']): Told[] {
  if (told === null) return [];
  return [
    {
      part: 'target',
      rank,
      fields: {
        assistant_id: told.kind === 'assistant' ? told.id : null,
        flow_id: told.kind === 'flow' ? told.id : null,
      },
    },
  ];
}

function partiesOf({ direction, from, caller_withheld, to, trunk_id, number_id, bridge_id, started_at }: CallParties) {
  return {
    direction,
    from_number: cut(from, 128),
    to_number: cut(to, 128),
    trunk_id,
    number_id,
    bridge_id,
    started_at,
    caller_withheld,
  };
}

function end(data: CallEnded['data']): Partial<CallSummary> {
  const end_reason = data.end_reason ?? reasonOfOlderRecord(data);
  return {
    status: data.answered_at === null ? 'failed' : 'completed',
    ended_at: data.ended_at,
    duration_seconds: data.billable_ms / 1000,
    ended_by: end_reason === null ? null : CALL_END_REASONS[end_reason].by,
    end_reason,
    refusal: null,
    hangup_cause: cut(data.hangup_cause, 64),
    sip_status: data.sip_status,
    mos: data.quality?.mos ?? null,
  };
}

/** Nobody but the mesh refuses a call, and its reason is a refusal, not an end. */
function rejection(data: CallRejected['data']): Partial<CallSummary> {
  return {
    status: 'failed',
    ended_at: data.ended_at,
    duration_seconds: 0,
    ended_by: 'bridge',
    end_reason: null,
    refusal: cut(data.reason, 64),
    hangup_cause: null,
    sip_status: data.sip_status,
    mos: null,
  };
}

/**
 * Records of agents that did not say why a call ended have FreeSWITCH's word alone, which is of the leg: on an inbound
 * one the other side is the caller.
 */
function reasonOfOlderRecord({ direction, hangup_disposition }: CallEnded['data']): CallEndReason | null {
  if (direction !== 'inbound') return null;
  if (hangup_disposition === 'recv_bye') return 'caller-hung-up';
  return hangup_disposition === 'recv_cancel' ? 'caller-gave-up' : null;
}

function nothingTold(parties: CallParties): CallRow {
  return {
    organization_id: parties.organization_id,
    // In the order of the contract: the members of what is stored and answered never change their places.
    summary: {
      call_sid: callSid(parties.call_id),
      call_id: parties.call_id,
      status: 'ongoing',
      direction: parties.direction,
      from_number: '',
      to_number: '',
      assistant_id: null,
      flow_id: null,
      trunk_id: null,
      number_id: null,
      bridge_id: parties.bridge_id,
      started_at: parties.started_at,
      answered_at: null,
      ended_at: null,
      duration_seconds: null,
      ended_by: null,
      end_reason: null,
      refusal: null,
      hangup_cause: null,
      sip_status: null,
      codec: null,
      mos: null,
      recording: null,
      transferred_to: null,
      carrier_cost: 'external',
    },
    told_by: readToldBy(''),
  };
}

/**
 * A caller chooses how long its number is; a thousand summaries must fit into a message. The whole text is in the
 * call's detail.
 */
function cut<Text extends string | null>(text: Text, length: number): Text {
  return (text === null || text.length <= length ? text : `${text.slice(0, length - 1)}…`) as Text;
}
