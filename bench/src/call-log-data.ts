import type { CallEvent } from '@trunkmesh/contracts/call.js';
import { callSubject } from '@trunkmesh/contracts/subjects.js';

/** One stored sample of each event that a call writes, as contracts keeps them. */
export interface CallSamples {
  CallStarted: CallEvent;
  CallAnswered: CallEvent;
  CallEnded: CallEvent;
}
/** One agent's calls of one organisation. */
export interface CallsOf {
  organizationId: string;
  bridgeId: string;
  epoch: string;
  samples: CallSamples;
}

export const EVENTS_A_CALL = 3;
export const CALLERS = 500;

const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');
export const callId = (nth: number) => `10000000-0000-4000-8000-${hex(nth, 12)}`;
export const caller = (nth: number) => `+1555${String(1_000_000 + (nth % CALLERS)).padStart(7, '0')}`;
/** A call every second, since then. */
const FIRST_MS = Date.parse('2026-01-01T00:00:00.000Z');

const STEPS = [
  'routed',
  'prewarming',
  'stream-connecting',
  'ringing',
  'prewarmed',
  'stream-connected',
  'first-audio-to-assistant',
  'first-audio-to-caller',
];

/** Everything that the nth call writes, in the order in which it is written. Record numbers count from 1. */
export function eventsOf(nth: number, { organizationId, bridgeId, epoch, samples }: CallsOf): CallEvent[] {
  const at = (seconds: number) => new Date(FIRST_MS + (nth + seconds) * 1_000).toISOString();
  const parties = {
    call_id: callId(nth),
    bridge_id: bridgeId,
    organization_id: organizationId,
    from: caller(nth),
    started_at: at(0),
  };
  const told: Record<keyof CallSamples, object> = {
    CallStarted: {},
    CallAnswered: { answered_at: at(1) },
    CallEnded: {
      answered_at: at(1),
      ended_at: at(61),
      bridge_epoch: epoch,
      record_number: nth + 1,
      end_reason: 'assistant-hung-up',
      timeline: STEPS.map((what) => ({ at: at(1), what, detail: null })),
      prewarm: { outcome: 'prewarmed', ms: 40, detail: null },
    },
  };
  return (Object.keys(told) as (keyof CallSamples)[]).map(
    (type, kind) =>
      ({
        ...samples[type],
        id: `0190a5b2-7c00-7000-8${kind}00-${hex(nth, 12)}`,
        subject: callSubject(organizationId, callId(nth)),
        time: at(kind),
        data: { ...samples[type].data, ...parties, ...told[type] },
      }) as CallEvent,
  );
}
