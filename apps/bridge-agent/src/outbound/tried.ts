import type { AttemptFailure } from '@trunkmesh/contracts/call-parts.js';
import type { HangupFacts } from '../live/hangup-facts.js';
import { failureOf, finalStatusOf } from './attempt-outcome.js';
import type { DialOutcome } from './dialling.net.js';

export interface Failed {
  outcome: 'failed';
  reason: AttemptFailure;
  /** The carrier's final response; null where none came. */
  status: number | null;
  /** Of the attempt's channel, if it had one. */
  hangup: HangupFacts | undefined;
  /** FreeSWITCH certainly did not dial. */
  undialled?: true;
}
/** `over`: nobody saw its end (undefined), or the call was hung up as soon as it was answered. */
export type Attempted = { outcome: 'answered' } | { outcome: 'over'; hangup: HangupFacts | undefined } | Failed;
/** `handed-over`: another bridge goes on with the call. */
export type Tried = Attempted | { outcome: 'handed-over' };

export type Ended = Exclude<Attempted, { outcome: 'over' }>;

/** What to record of an attempt. Hung up right after the answer counts as answered; undefined: its end is unknown. */
export function endedOf(tried: Attempted): Ended | undefined {
  if (tried.outcome !== 'over') return tried;
  return tried.hangup === undefined ? undefined : { outcome: 'answered' };
}

export const failed = (reason: AttemptFailure): Failed => ({
  outcome: 'failed',
  reason,
  status: null,
  hangup: undefined,
});
export const UNSENT: Failed = { ...failed('switch-failed'), undialled: true };

export function resultOf(tried: Ended) {
  if (tried.outcome === 'answered')
    return { outcome: tried.outcome, reason: null, sip_status: 200, q850: null, hangup_cause: null };
  const { outcome, reason, status, hangup } = tried;
  return {
    outcome,
    reason,
    sip_status: status,
    q850: hangup?.q850 ?? null,
    hangup_cause: hangup?.hangup_cause ?? null,
  };
}

export function triedOf(result: DialOutcome): Attempted {
  switch (result.outcome) {
    case 'answered':
      return { outcome: 'answered' };
    case 'hung-up':
      return { outcome: 'over', hangup: result.hangup };
    case 'lost':
      return { outcome: 'over', hangup: undefined };
    case 'unsent':
      return UNSENT;
    case 'given-up':
      return failed('canceled');
    case 'unanswered':
      return { outcome: 'failed', reason: failureOf(result), status: finalStatusOf(result), hangup: result.hangup };
  }
}
