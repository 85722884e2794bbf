import type { OpenCall } from '../call-record/open-call-file.fs.js';
import { callEnded, callRejectedLater, withTrunk, type EventStamp } from './call-events.js';
import { retold } from './call-story.js';
import { lostCall, type HangupFacts } from './hangup-facts.js';
import type { LiveCall } from './live-calls.js';

/** A call that an earlier process left, in its last known state. */
export function adopted({ started, answered, story }: OpenCall, lastAlive: Date | undefined, now: Date): LiveCall {
  const times = [started.data.started_at, answered?.data.answered_at, lastAlive?.toISOString()].filter(
    (time) => time !== undefined,
  );
  const retoldStory = retold(story, started.data.invite);
  return {
    started: withTrunk(started, retoldStory.trunkId),
    answered,
    story: retoldStory,
    kept: retoldStory.timeline.length,
    lastSeen: new Date(times.sort().at(-1)!),
    watch: 'unknown',
    since: now,
  };
}

export const answeredAtOf = ({ answered }: LiveCall): Date | null =>
  answered === null ? null : new Date(answered.data.answered_at);

/** Nobody saw its end. */
export const hangupOfLost = (call: LiveCall): HangupFacts =>
  lostCall(call.lastSeen, answeredAtOf(call), call.answered?.data.codec ?? null);

/** Its last event, and what it is counted as. */
export function finalOf({ started, refused, story }: LiveCall, hangup: HangupFacts, stamp: EventStamp) {
  const { answeredAt, hangup_cause: reason } = hangup;
  if (answeredAt !== null)
    return { event: callEnded(started, hangup, story, stamp), counted: { outcome: 'answered', reason } };
  if (refused === undefined)
    return { event: callEnded(started, hangup, story, stamp), counted: { outcome: 'unanswered', reason } };
  return {
    event: callRejectedLater(started, { refusal: refused, story }, hangup, stamp),
    counted: { outcome: 'refused', reason: refused.reason },
  };
}
