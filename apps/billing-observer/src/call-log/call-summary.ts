import { CALL_END_REASONS, endedWithoutBridge, type CallEndReason } from '@trunkmesh/contracts/call-end.js';
import { type CallEnded, type CallEvent, type CallRefused, type CallRejected } from '@trunkmesh/contracts/call.js';
import { type CallRecording, type TransferResult } from '@trunkmesh/contracts/call-parts.js';
import { callSid } from '@trunkmesh/contracts/call-control.js';
import { NOT_KNOWN_YET, type CallSummary } from '@trunkmesh/contracts/call-log.js';

/** A call of the call log. */
export interface CallRow {
  organization_id: string | null;
  summary: CallSummary;
  /** For each part of the summary, the rank and id of the event that set it. Empty: not set yet. */
  told_by: Record<Part, string>;
}

/** The stored form depends on this order: append new parts at the end. */
const PARTS = ['parties', 'target', 'answer', 'end', 'recording', 'transfer', 'meta'] as const;
type Part = (typeof PARTS)[number];

/**
 * The fields of a part that an event sets. Of several events the one with the highest rank counts; of equal ranks the
 * one with the highest id, which is the latest (UUIDv7).
 */
interface PartUpdate {
  part: Part;
  rank: number;
  fields: Partial<CallSummary>;
}

/**
 * Events arrive in any order, twice, and late. Each part keeps the highest-ranked update it ever received, which does
 * not depend on the order: the same events make the same row, byte for byte.
 */
export function evolve(row: CallRow | undefined, event: CallEvent): CallRow {
  const { organization_id, summary, told_by } = row ?? emptyRow(event.data);
  const next: CallRow = { organization_id, summary: { ...summary }, told_by: { ...told_by } };
  for (const { part, rank, fields } of updatesOf(event)) {
    const by = `${rank} ${event.id.toLowerCase()}`;
    if (by <= next.told_by[part]) continue;
    Object.assign(next.summary, fields);
    next.told_by[part] = by;
  }
  return next;
}

/** `told_by` as it is stored. */
export const writeToldBy = (toldBy: CallRow['told_by']): string => PARTS.map((part) => toldBy[part]).join();
export const readToldBy = (stored: string): CallRow['told_by'] => {
  const values = stored.split(',');
  return Object.fromEntries(PARTS.map((part, index) => [part, values[index] ?? ''])) as CallRow['told_by'];
};

/** One row a call and organisation, so that no fault of a bridge shows one organisation's call to another. */
export const rowKey = (callId: string, organizationId: string | null): string => `${callId} ${organizationId ?? ''}`;

/** The party outside the mesh: the caller of an inbound call, the callee of an outbound one. */
export const customerPhone = ({ direction, from_number, to_number }: CallSummary): string =>
  direction === 'inbound' ? from_number : to_number;

type PartiesAlone = Extract<CallEvent, { type: 'CallAttemptFailed' | 'CallContinued' | 'CallTransferFailed' }>;
const isPartiesAlone = (event: CallEvent): event is PartiesAlone =>
  event.type === 'CallAttemptFailed' || event.type === 'CallContinued' || event.type === 'CallTransferFailed';

function updatesOf(event: CallEvent): PartUpdate[] {
  const parties: PartUpdate = { part: 'parties', rank: 0, fields: partiesOf(event.data) };
  if (isPartiesAlone(event)) return [parties];
  switch (event.type) {
    case 'CallRefused':
      return [parties, ...targetAndMeta(event.data), end(0, refusal(event.data))];
    case 'CallStarted':
      return [parties, ...targetAndMeta({ ...event.data, ...event.data.outbound })];
    case 'CallAnswered':
      return [
        parties,
        { part: 'answer', rank: 1, fields: { answered_at: event.data.answered_at, codec: cut(event.data.codec, 64) } },
      ];
    case 'CallTransferred':
      return [parties, ...transfer(0, event.data.transfer)];
    case 'CallRejected':
      return [{ ...parties, rank: 1 }, end(0, rejection(event.data))];
    case 'CallEnded':
      return [{ ...parties, rank: 2 }, ...updatesOfEnd(event.data)];
    case 'CallRecordingStored':
      return [parties, recording(1, event.data.recording)];
  }
}

function updatesOfEnd(data: CallEnded['data']): PartUpdate[] {
  return [
    // What the bridge itself reports later counts.
    end(endedWithoutBridge(data) ? 0 : 1, ending(data)),
    ...target(1, data.target),
    // If the agent restarted during the call, CallEnded may lack the codec that CallAnswered reported.
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

const recording = (rank: number, stored: CallRecording): PartUpdate => ({
  part: 'recording',
  rank,
  fields: { recording: stored },
});
const transfer = (rank: number, { outcome, target: to }: TransferResult): PartUpdate[] =>
  outcome === 'transferred' ? [{ part: 'transfer', rank, fields: { transferred_to: to } }] : [];

const end = (rank: number, fields: Partial<CallSummary>): PartUpdate => ({ part: 'end', rank, fields });
const targetAndMeta = ({
  target: called,
  call_meta,
}: Pick<CallEnded['data'], 'target'> & Pick<CallSummary, 'call_meta'>): PartUpdate[] => [
  ...target(0, called),
  ...(call_meta === undefined ? [] : [{ part: 'meta' as const, rank: 0, fields: { call_meta } }]),
];

function target(rank: number, called: CallEnded['data']['target']): PartUpdate[] {
  if (called === null) return [];
  return [
    {
      part: 'target',
      rank,
      fields: {
        assistant_id: called.kind === 'assistant' ? called.id : null,
        flow_id: called.kind === 'flow' ? called.id : null,
      },
    },
  ];
}

function partiesOf(data: CallEvent['data']) {
  return {
    direction: data.direction,
    from_number: cut(data.from, 128),
    to_number: cut(data.to, 128),
    trunk_id: data.trunk_id,
    number_id: data.number_id,
    bridge_id: data.bridge_id,
    started_at: data.started_at,
    caller_withheld: data.caller_withheld,
    trunk_test: data.trunk_test,
  };
}

function ending(data: CallEnded['data']): Partial<CallSummary> {
  const end_reason = data.end_reason ?? reasonOfOlderRecord(data);
  return {
    status: data.answered_at === null ? 'failed' : 'completed',
    ended_at: data.ended_at,
    duration_seconds: data.billable_ms / 1000,
    ended_by: end_reason === null ? null : CALL_END_REASONS[end_reason].by,
    end_reason,
    ...{ refusal: null, hangup_cause: cut(data.hangup_cause, 64), sip_status: data.sip_status },
    mos: data.quality?.mos ?? null,
    carrier_cost: data.carrier ?? 'external',
  };
}

/** Only the mesh rejects calls. The reason is a refusal, so the call has no end reason. */
const rejection = ({ ended_at, reason, sip_status }: CallRejected['data']): Partial<CallSummary> => ({
  ...NEVER_ANSWERED,
  ended_at,
  ended_by: 'bridge',
  refusal: cut(reason, 64),
  sip_status,
});

const refusal = ({ ended_at, reason }: CallRefused['data']): Partial<CallSummary> => ({
  ...NEVER_ANSWERED,
  ended_at,
  ended_by: 'platform',
  refusal: reason,
  sip_status: null,
});

const NEVER_ANSWERED = {
  status: 'failed',
  duration_seconds: 0,
  end_reason: null,
  hangup_cause: null,
  mos: null,
} as const;

/**
 * Older agents report no end reason. FreeSWITCH's hang-up disposition describes the leg: on an inbound leg the other
 * side is the caller.
 */
function reasonOfOlderRecord({ direction, hangup_disposition }: CallEnded['data']): CallEndReason | null {
  if (direction !== 'inbound') return null;
  if (hangup_disposition === 'recv_bye') return 'caller-hung-up';
  return hangup_disposition === 'recv_cancel' ? 'caller-gave-up' : null;
}

function emptyRow(parties: CallEvent['data']): CallRow {
  return {
    organization_id: parties.organization_id,
    // In the order of the contract: stored and returned summaries always have this order of members.
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
      ...NOT_KNOWN_YET,
    },
    told_by: readToldBy(''),
  };
}

/**
 * The caller controls the length of its number, and a thousand summaries must fit into one message. The full text is in
 * the call's detail.
 */
function cut<Text extends string | null>(text: Text, length: number): Text {
  return (text === null || text.length <= length ? text : `${text.slice(0, length - 1)}…`) as Text;
}
