import { z } from 'zod';
import {
  CALL_EVENT_TYPES,
  callEvent,
  type CallEnded,
  type CallEvent,
  type NumberedCallEvent,
} from '@trunkmesh/contracts/call.js';
import { endedWithoutBridge } from '@trunkmesh/contracts/call-end.js';
import { preciseTimes } from '@trunkmesh/contracts/call-times.js';
import { timestamp, uuid } from '@trunkmesh/contracts/scalar.js';
import { callSubject } from '@trunkmesh/contracts/subjects.js';
import { storableText } from '../storable-text.js';
import { countryOf } from './ledger/country.js';
import type { CallFacts } from './ledger/ledger-entry.js';

/** A message of the CALLS stream as it came. */
export interface CallMessage {
  subject: string;
  /** In the stream. */
  sequence: number;
  payload: Uint8Array;
}

/** One line of the call log. `envelope` is the message's text, byte for byte. */
export interface LoggedCallEvent {
  event_id: string;
  call_id: string;
  organization_id: string | null;
  /** Null: the call was refused before a bridge had it. */
  bridge_id: string | null;
  type: string;
  time: string;
  numbered: { epoch: string; number: number } | null;
  envelope: string;
  traceparent: string | undefined;
  /** The event itself; null for a type that only a later version knows. */
  known: CallEvent | null;
  /** What the ledger is told of the call; null: nothing. */
  usage: CallFacts | null;
}

/** Why a message could not be read: a constant, never a part of its content. */
export type UnreadableReason =
  | 'not-utf-8'
  | 'not-json'
  | 'not-a-call-event'
  | 'subject-of-another-call'
  | 'record-number-taken'
  /** Its call is in the call log, and not in the ledger. */
  | 'time-out-of-range'
  | 'refused-by-database';

export type ReadMessage = { ok: true; event: LoggedCallEvent } | { ok: false; reason: UnreadableReason };

/** An event of a type that only a later version knows. */
const laterCallEvent = z.object({
  id: uuid,
  type: z
    .string()
    .max(100)
    .regex(/^[A-Za-z][\w.]*$/),
  time: timestamp,
  traceparent: z.string().optional(),
  data: z.object({ call_id: uuid, organization_id: uuid.nullable(), bridge_id: z.string().max(64).nullable() }),
});

export function readCallMessage(message: Pick<CallMessage, 'subject' | 'payload'>): ReadMessage {
  const text = decode(message.payload);
  if (text === undefined) return { ok: false, reason: 'not-utf-8' };
  const json = parse(text);
  if (json === undefined) return { ok: false, reason: 'not-json' };
  const read = readEvent(json);
  if (read === undefined) return { ok: false, reason: 'not-a-call-event' };
  const { call_id, organization_id } = read.any.data;
  if (message.subject !== callSubject(organization_id ?? 'unknown', call_id))
    return { ok: false, reason: 'subject-of-another-call' };
  return { ok: true, event: logLine(read.any, read.known, text) };
}

/** One schema a message: reading it is most of what the observer's own process does for an event. */
function readEvent(json: unknown): { any: z.infer<typeof laterCallEvent>; known: CallEvent | undefined } | undefined {
  const { type } = Object(json) as { type?: unknown };
  if (typeof type === 'string' && CALL_EVENT_TYPES.has(type)) {
    const { data: known } = callEvent.safeParse(json);
    return known && { any: known, known };
  }
  // It goes into the call log as it is.
  const { data: any } = laterCallEvent.safeParse(json);
  return any && { any, known: undefined };
}

function logLine(
  { id, type, time, traceparent, data }: z.infer<typeof laterCallEvent>,
  known: CallEvent | undefined,
  envelope: string,
): LoggedCallEvent {
  const { call_id, organization_id, bridge_id } = data;
  const numbered =
    known !== undefined && isNumbered(known)
      ? { epoch: known.data.bridge_epoch, number: known.data.record_number }
      : null;
  const usage = known?.type === 'CallEnded' ? usageOf(known) : null;
  return {
    event_id: id,
    call_id,
    organization_id,
    bridge_id,
    type,
    time,
    traceparent,
    envelope,
    known: known ?? null,
    numbered,
    usage,
  };
}

const isNumbered = (event: CallEvent): event is NumberedCallEvent =>
  (event.type === 'CallEnded' && !endedWithoutBridge(event.data)) || event.type === 'CallRejected';

/** A refused call and one that belongs to nobody are not in the ledger: nobody is charged for them. */
function usageOf({ data }: CallEnded): CallFacts | null {
  if (data.organization_id === null) return null;
  return {
    call_id: data.call_id,
    organization_id: data.organization_id,
    trunk_id: data.trunk_id,
    number_id: data.number_id,
    bridge_id: data.bridge_id,
    bridge_epoch: data.bridge_epoch,
    record_number: data.record_number,
    direction: data.direction,
    from: storableText(data.from),
    to: storableText(data.to),
    country: countryOf(data.direction === 'inbound' ? data.from : data.to),
    ...preciseTimes(data),
    billable_ms: data.billable_ms,
    hangup_cause: storableText(data.hangup_cause),
    sip_status: data.sip_status,
    carrier_cost: data.carrier ?? 'external',
    estimated: data.reconstructed,
  };
}

function decode(payload: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload);
  } catch {
    return undefined;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
