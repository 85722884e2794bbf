import type { CallAnswered, CallStarted } from '@trunkmesh/contracts/call.js';
import type { StoryPart } from '../call-record/story-part.js';
import { partSince, type CallStory } from './call-story.js';
import type { HangupFacts } from './hangup-facts.js';
import type { Refusal } from './refusal.js';

/** A call that was routed and has not ended. */
export interface LiveCall {
  /** With the trunk of an outbound call's latest attempt. */
  started: CallStarted;
  readonly story: CallStory;
  answered: CallAnswered | null;
  /** How many timeline entries are on disk. */
  kept: number;
  /** Set when it was admitted and then refused. */
  refused?: Refusal;
  /** Its end as reported by the event socket, while its own connection has not ended yet. */
  overheard?: HangupFacts;
  /** The last moment at which FreeSWITCH is known to have had it. */
  lastSeen: Date;
  /**
   * Where its end will be reported. `socket`: on its own connection. `unknown`: nowhere yet, FreeSWITCH must be asked.
   * `watched`: FreeSWITCH has it, and its hang-up comes over the event socket. `gone`: FreeSWITCH does not have it; its
   * hang-up may still be on the way.
   */
  watch: 'socket' | 'unknown' | 'watched' | 'gone';
  since: Date;
}

/**
 * How long a call without news is kept while FreeSWITCH is unreachable; then it counts as ended together with
 * FreeSWITCH.
 */
const UNASKABLE_MS = 10_000;
/** An event that a later reply overtook arrives within moments. */
const ON_THE_WAY_MS = 1_000;
/** A fallback in case its hang-up event is lost. */
const ASK_AGAIN_MS = 30_000;

export type NextStep = 'wait' | 'ask' | 'give-up';

export function nextStep(call: LiveCall, connected: boolean, now: Date): NextStep {
  const waited = now.getTime() - call.since.getTime();
  switch (call.watch) {
    case 'socket':
      return 'wait';
    case 'unknown':
      return connected ? 'ask' : waited >= UNASKABLE_MS ? 'give-up' : 'wait';
    case 'watched':
      return connected && waited >= ASK_AGAIN_MS ? 'ask' : 'wait';
    case 'gone':
      return waited >= ON_THE_WAY_MS ? 'give-up' : 'wait';
  }
}

/** What was noted of it since the last time; undefined: nothing, or there is no room. */
export function takePart(call: LiveCall): StoryPart | undefined {
  const part = partSince(call.story, call.kept);
  if (part !== undefined) call.kept += part.timeline.length;
  return part;
}

/** Its connection or the event socket was lost: its state is unknown from now on. A known time is never moved back. */
export function loseSight(call: LiveCall, at: Date): void {
  if (call.watch !== 'unknown') call.since = at;
  call.watch = 'unknown';
  if (at > call.lastSeen) call.lastSeen = at;
}

/** FreeSWITCH answered whether it has the call. `askedAt`: when the question was sent. */
export function found(call: LiveCall, exists: boolean, askedAt: Date): void {
  if (call.watch === 'socket') return;
  call.watch = exists ? 'watched' : 'gone';
  call.since = askedAt;
  if (exists && askedAt > call.lastSeen) call.lastSeen = askedAt;
}
