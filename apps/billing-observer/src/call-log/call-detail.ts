import type { CallContinued } from '@trunkmesh/contracts/call-attempts.js';
import type { CallEnded, CallEvent, CallRejected, CallStarted, NumberedCallEvent } from '@trunkmesh/contracts/call.js';
import type { CallAttempt, CapturedInvite, TimelineEntry, TransferResult } from '@trunkmesh/contracts/call-parts.js';
import type { CallDetail } from '@trunkmesh/contracts/call-log.js';
import { isCredentialName, withoutCredentials } from '@trunkmesh/contracts/credential.js';
import type { InboundDecision } from '@trunkmesh/contracts/routing.js';
import type { TimelineStep } from '@trunkmesh/contracts/timeline-step.js';
import { evolve, type CallRow } from './call-summary.js';
import { isEvent, type StoredEvent } from './stored-event.js';

/** Everything that the events of one call say. Undefined where none of them can be read. */
export function callDetail(stored: readonly StoredEvent[]): CallDetail | undefined {
  const events = stored.map(({ known }) => known).filter(isEvent);
  const row = events.reduce<CallRow | undefined>(evolve, undefined);
  if (row === undefined) return undefined;
  const ended = latest(events, 'CallEnded');
  const refused = latest(events, 'CallRejected');
  const record = ended ?? refused;
  return {
    ...row.summary,
    ...partiesOf((record ?? events[0]!).data),
    trace_id: traceOf(events),
    timeline: timelineOf(stored, record?.data.timeline),
    ...beginningOf(latest(events, 'CallStarted') ?? refused),
    ...storyOf(record),
    ...endOf(ended),
    ...outboundOf(events, ended),
    transfer: transferOf(events, ended),
  };
}

/** The full numbers, which the summary shortens. */
const partiesOf = ({ from, to, sip_call_id, source_address }: CallEvent['data']) => ({
  from_number: from,
  to_number: to,
  sip_call_id,
  source_address,
});

/** `00-TRACE-SPAN-FLAGS` (W3C Trace Context). */
const traceOf = (events: readonly CallEvent[]): string | null =>
  /^[\da-f]{2}-([\da-f]{32})-/.exec(
    events.find(({ traceparent }) => traceparent !== undefined)?.traceparent ?? '',
  )?.[1] ?? null;

function beginningOf(
  event: CallStarted | CallRejected | undefined,
): Pick<CallDetail, 'invite' | 'routing' | 'decided_at'> {
  if (event === undefined) return { invite: null, routing: null, decided_at: null };
  const { data } = event;
  return {
    invite: data.invite === undefined ? null : visibleInvite(data.invite),
    routing: data.decision === null ? null : visibleRouting(data.decision),
    decided_at: data.decided_at,
  };
}

const storyOf = (record: NumberedCallEvent | undefined) => ({
  prewarm: record?.data.prewarm ?? null,
  audio: record?.data.audio ?? null,
});
/** The call's last event has all its attempts; until then each that failed has its own. */
const outboundOf = (events: readonly CallEvent[], ended: CallEnded | undefined) => ({
  caller_id:
    latest(events, 'CallStarted')?.data.outbound?.caller_id ?? latest(events, 'CallRefused')?.data.caller_id ?? null,
  attempts:
    ended?.data.attempts ??
    events
      .filter((event) => event.type === 'CallAttemptFailed')
      .map(({ data }) => data.attempt)
      .sort((a, b) => a.attempt - b.attempt),
});
const endOf = (ended: CallEnded | undefined) => ({
  quality: ended?.data.quality ?? null,
  quality_course: ended?.data.quality_course ?? null,
  reconstructed: ended?.data.reconstructed ?? false,
});
const transferOf = (events: readonly CallEvent[], ended: CallEnded | undefined) =>
  ended?.data.transfer ??
  latest(events, 'CallTransferred')?.data.transfer ??
  latest(events, 'CallTransferFailed')?.data.transfer ??
  null;

/** As in call-summary.ts: of several the one with the highest id. */
function latest<Type extends CallEvent['type']>(
  events: readonly CallEvent[],
  type: Type,
): Extract<CallEvent, { type: Type }> | undefined {
  return events
    .filter((event): event is Extract<CallEvent, { type: Type }> => event.type === type)
    .reduce<Extract<CallEvent, { type: Type }> | undefined>(
      (last, event) => (last === undefined || event.id > last.id ? event : last),
      undefined,
    );
}

/** The agent leaves them out; what a later or foreign one lets through must not be shown either. */
const visibleInvite = (invite: CapturedInvite): CapturedInvite => ({
  ...invite,
  headers: invite.headers
    .filter(([name]) => !isCredentialName(name))
    .map(([name, value]) => [name, withoutCredentials(value)]),
});

function visibleRouting(decision: InboundDecision): InboundDecision {
  const { explanation } = decision;
  return {
    ...decision,
    explanation: {
      ...explanation,
      steps: explanation.steps.map((step) => ({
        ...step,
        raw: step.raw === null ? null : withoutCredentials(step.raw),
      })),
    },
  };
}

/** At the same millisecond a call begins before, and ends after, whatever else there is of it. */
const PLACES = { first: 0, within: 1, last: 2, after: 3 } as const;
type Placed = TimelineEntry & { place: number };

function timelineOf(stored: readonly StoredEvent[], reported: readonly TimelineEntry[] = []): TimelineEntry[] {
  // FreeSWITCH's clock moves on every 20 ms only: by it a call would be answered before the stream was there that it
  // waited for. The agent's own step is on the clock of those around it.
  const answered = reported.find(({ what }) => what === 'answered');
  const entries = stored
    .map(entryOf)
    .map((entry) => (entry.what === 'call-answered' && answered !== undefined ? { ...entry, at: answered.at } : entry));
  const steps = entries.some(({ what }) => what === 'call-answered')
    ? reported.filter((step) => step !== answered)
    : reported;
  const placed: Placed[] = [...entries, ...steps.map((step) => ({ ...step, place: PLACES.within }))];
  return placed
    .sort((a, b) => order(a.at, b.at) || a.place - b.place)
    .map(({ at, what, detail }) => ({ at, what, detail: detail?.slice(0, 500) ?? null }));
}

const order = (a: string, b: string) => (a === b ? 0 : a < b ? -1 : 1);

function entryOf({ known, later }: StoredEvent): Placed {
  if (known?.type === 'CallContinued')
    return { at: known.time, what: 'call-continued', detail: continuedText(known.data), place: PLACES.within };
  if (known === undefined) return { at: later.time, what: kebabCase(later.type), detail: null, place: PLACES.within };
  return { what: STEPS[known.type], ...happened(known) };
}

const STEPS: Readonly<Record<CallEvent['type'], TimelineStep>> = {
  CallRefused: 'call-refused',
  CallStarted: 'call-started',
  CallAttemptFailed: 'call-attempt-failed',
  CallContinued: 'call-continued',
  CallAnswered: 'call-answered',
  CallTransferred: 'call-transferred',
  CallTransferFailed: 'call-transfer-failed',
  CallRejected: 'call-rejected',
  CallEnded: 'call-ended',
  CallRecordingStored: 'call-recording-stored',
};

/** When it happened, which is before the time at which its event was written. */
function happened(event: Exclude<CallEvent, CallContinued>): Omit<Placed, 'what'> {
  if (event.type === 'CallAttemptFailed') return attempted(event.data.attempt);
  switch (event.type) {
    case 'CallRefused':
      return { at: event.data.ended_at, detail: event.data.detail, place: PLACES.last };
    case 'CallStarted':
      return { at: event.data.started_at, detail: null, place: PLACES.first };
    case 'CallAnswered':
      return { at: event.data.answered_at, detail: event.data.codec, place: PLACES.within };
    case 'CallTransferred':
    case 'CallTransferFailed':
      return { at: event.data.transfer.ended_at, detail: failure(event.data.transfer), place: PLACES.within };
    case 'CallRejected':
      return { at: event.data.ended_at, detail: event.data.reason, place: PLACES.last };
    case 'CallEnded':
      return { at: event.data.ended_at, detail: causeOf(event), place: PLACES.last };
    case 'CallRecordingStored':
      return { at: event.time, detail: event.data.recording.state, place: PLACES.after };
  }
}

const causeOf = ({ data }: CallEnded): string => data.end_reason ?? data.hangup_cause;

const ended = ({ started_at, duration_ms }: CallAttempt): string =>
  new Date(Date.parse(started_at) + duration_ms).toISOString();

const attempted = (attempt: CallAttempt): Omit<Placed, 'what'> => ({
  at: ended(attempt),
  detail: attemptText(attempt),
  place: PLACES.within,
});
const attemptText = ({ attempt, trunk_id, reason, sip_status }: CallAttempt): string =>
  `${attempt}: ${reason ?? 'failed'}${sip_status === null ? '' : ` (SIP status ${sip_status})`}, trunk ${trunk_id}`;

const continuedText = ({ bridge_id, from_bridge }: CallContinued['data']): string =>
  bridge_id === from_bridge ? `bridge ${bridge_id} keeps the call` : `bridge ${from_bridge} to bridge ${bridge_id}`;

function failure({ outcome, refer_status, target_status }: TransferResult): string | null {
  if (outcome === 'transferred') return null;
  const status = target_status ?? refer_status;
  return status === null ? outcome : `${outcome} (${status})`;
}

/** `CallStarted` is `call-started`: for types of a later version. */
const kebabCase = (type: string): string =>
  type
    .replace(/(?<=[a-z\d])(?=[A-Z])/g, '-')
    .toLowerCase()
    .slice(0, 64);
