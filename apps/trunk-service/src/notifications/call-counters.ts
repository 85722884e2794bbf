import { callAttemptFailed } from '@trunkmesh/contracts/call-attempts.js';
import { callEnded, callRejected, type CallEnded } from '@trunkmesh/contracts/call.js';
import { ATTEMPT_FAILURES, type AttemptFailure } from '@trunkmesh/contracts/call-parts.js';

/** What one event says of a trunk (its id) or of the assistants of an organisation (`organization`). */
export interface CallFact {
  organization_id: string;
  subject: string;
  at: string;
  /** True: failed. False: it worked. Undefined: the event says nothing about that. */
  failed?: boolean;
  mos?: number;
}

/** In a row, and the latest scores. */
export interface CallCounter {
  failed: number;
  first_failed_at: string | null;
  mos: number[];
  last_at: string;
}

const SCORES_KEPT = 20;
/** Nobody is notified of what happened so long ago, for example after an upgrade. */
const LATEST_MS = 3_600_000;

/** They say nothing about the carrier. */
const NOT_DIALLED: ReadonlySet<AttemptFailure> = new Set(['limit-reached', 'queue-full', 'queue-timeout']);
const UNREACHABLE: ReadonlySet<string> = new Set([
  'assistant-unavailable',
  'media-stream-lost',
  'media-stream-unstable',
] satisfies NonNullable<CallEnded['data']['end_reason']>[]);

/** Facts of an event of the stream CALLS; none of most. */
export function callFactsOf(value: unknown, now: number): CallFact[] {
  const type = (value as { type?: unknown } | null | undefined)?.type;
  if (type === 'CallAttemptFailed') return attemptFacts(value, now);
  if (type === 'CallEnded') return endFacts(value, now);
  if (type === 'CallRejected') return rejectionFacts(value, now);
  return [];
}

const isRecent = (at: string, now: number): boolean => now - Date.parse(at) < LATEST_MS;

function attemptFacts(value: unknown, now: number): CallFact[] {
  const { data: event } = callAttemptFailed.safeParse(value);
  if (event === undefined || event.data.organization_id === null || !isRecent(event.time, now)) return [];
  const { organization_id, attempt } = event.data;
  const { reason, trunk_id: subject } = attempt;
  if (reason === null || subject === null || NOT_DIALLED.has(reason)) return [];
  const kind = ATTEMPT_FAILURES[reason];
  // What the called party said was delivered by a carrier that works.
  if (kind !== 'upstream_error' && kind !== 'client_error') return [];
  return [{ organization_id, subject, at: event.time, failed: kind === 'upstream_error' }];
}

function endFacts(value: unknown, now: number): CallFact[] {
  const { data: event } = callEnded.safeParse(value);
  if (event === undefined || event.data.organization_id === null || !isRecent(event.time, now)) return [];
  const fact = { organization_id: event.data.organization_id, at: event.time };
  return [...trunkFacts(event.data, fact), ...assistantFacts(event.data, fact)];
}

/** An inbound call whose assistant's stream is not there in time is refused, not ended. */
function rejectionFacts(value: unknown, now: number): CallFact[] {
  const { data: event } = callRejected.safeParse(value);
  if (event === undefined || event.data.organization_id === null || !isRecent(event.time, now)) return [];
  if (!UNREACHABLE.has(event.data.reason)) return [];
  return [{ organization_id: event.data.organization_id, subject: 'organization', at: event.time, failed: true }];
}

type Origin = Pick<CallFact, 'organization_id' | 'at'>;

function trunkFacts(call: CallEnded['data'], fact: Origin): CallFact[] {
  const { trunk_id, direction, answered_at } = call;
  const mos = call.quality?.mos ?? null;
  const worked = answered_at !== null && direction === 'outbound';
  if (trunk_id === null || !(worked || mos !== null)) return [];
  return [{ ...fact, subject: trunk_id, ...(worked ? { failed: false } : {}), ...(mos === null ? {} : { mos }) }];
}

function assistantFacts({ answered_at, end_reason, audio }: CallEnded['data'], fact: Origin): CallFact[] {
  const failed = end_reason !== undefined && UNREACHABLE.has(end_reason);
  const connected = answered_at !== null && audio != null;
  return failed || connected ? [{ ...fact, subject: 'organization', failed }] : [];
}

/** The counter after the fact. */
export function counted(before: CallCounter | undefined, { at, failed, mos }: CallFact): CallCounter {
  const { failed: count, first_failed_at, mos: scores } = before ?? { failed: 0, first_failed_at: null, mos: [] };
  return {
    failed: failed === undefined ? count : failed ? count + 1 : 0,
    first_failed_at: failed === undefined ? first_failed_at : failed ? (first_failed_at ?? at) : null,
    mos: mos === undefined ? scores : [...scores, mos].slice(-SCORES_KEPT),
    last_at: at,
  };
}
