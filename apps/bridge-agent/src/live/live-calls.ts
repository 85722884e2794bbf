import type { CallAnswered, CallStarted } from '@trunkmesh/contracts/call.js';
import type { CallStory } from './call-story.js';
import type { HangupFacts } from './hangup-facts.js';
import type { Refusal } from './refusal.js';

/** A call that was routed and has not ended. */
export interface LiveCall {
  readonly started: CallStarted;
  readonly story: CallStory;
  answered: CallAnswered | null;
  /** Entries of its timeline that are on disk. */
  kept: number;
  /** Set when it was let in and then refused. */
  refused?: Refusal;
  /** What the event socket told of its end, while its own connection has not ended yet. */
  overheard?: HangupFacts;
  /** The latest moment at which FreeSWITCH is known to have had it. */
  lastSeen: Date;
  /**
   * Who will tell of its end. `socket`: its own connection. `unknown`: nobody yet, FreeSWITCH has to be asked.
   * `watched`: FreeSWITCH has it, and its hang-up comes over the event socket. `gone`: FreeSWITCH does not have it; its
   * hang-up may still be on the way.
   */
  watch: 'socket' | 'unknown' | 'watched' | 'gone';
  since: Date;
}

/**
 *  How long a call without a word is kept while FreeSWITCH cannot be asked: then it is taken for dead with FreeSWITCH.
 */
const UNASKABLE_MS = 10_000;
/** An event overtaken by the answer to a later question arrives within moments. */
const ON_THE_WAY_MS = 1_000;
/** Should its hang-up ever be lost. */
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

/**
 *  Its connection, or the event socket, is gone: from here on nothing is certain. A time that is already known is never
 *  moved back.
 */
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
