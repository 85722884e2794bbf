import type { CallEndReason } from '@trunkmesh/contracts/call-end.js';
import type { AttemptFailure } from '@trunkmesh/contracts/call-parts.js';
import type { HangupFacts } from '../live/hangup-facts.js';

/** How an attempt that was not answered ended at FreeSWITCH. */
export interface Unanswered {
  /** FreeSWITCH's cause, from `-ERR CAUSE` or from the hang-up. */
  cause: string;
  /** The hang-up of the attempt's channel; undefined: there was no channel. */
  hangup: HangupFacts | undefined;
  /** `sip_invite_failure_status`: the final response, or 487 for our own CANCEL. */
  failureStatus: number | null;
  /** The called party rang (180 or 183). */
  ringing: boolean;
}

/** The final response of the carrier; null where none came: a 487 after our own CANCEL says nothing. */
export function finalStatusOf(attempt: Pick<Unanswered, 'hangup' | 'failureStatus'>): number | null {
  const status = statusOf(attempt);
  return status !== null && status < 700 ? status : null;
}

/** From 900 on it is FreeSWITCH's own: 904 where the carrier challenges the credentials again (FACTS). */
function statusOf({ hangup, failureStatus }: Pick<Unanswered, 'hangup' | 'failureStatus'>): number | null {
  const status = hangup?.sip_status ?? failureStatus;
  return status === 487 && hangup?.hangup_disposition === 'send_cancel' ? null : status;
}

/** Causes for which FreeSWITCH makes no channel (FACTS, "Outbound calls"). */
const WITHOUT_CHANNEL: Readonly<Record<string, AttemptFailure>> = {
  INVALID_GATEWAY: 'no-gateway',
  GATEWAY_DOWN: 'gateway-down',
};
export const hasNoChannel = (cause: string): boolean => cause in WITHOUT_CHANNEL;

/** RFC 3261 §21, RFC 8197 (607), RFC 8688 (608). */
const OF_STATUS: Readonly<Record<number, AttemptFailure>> = {
  404: 'unknown-number',
  408: 'no-response',
  410: 'unknown-number',
  415: 'codec-refused',
  480: 'no-answer',
  484: 'unknown-number',
  485: 'unknown-number',
  486: 'busy',
  487: 'canceled',
  488: 'codec-refused',
  600: 'busy',
  604: 'unknown-number',
  606: 'codec-refused',
};

/** Why an attempt failed, as a constant. `cause` alone counts where no final response came. */
export function failureOf(attempt: Unanswered): AttemptFailure {
  const status = statusOf(attempt);
  if (status !== null) return OF_STATUS[status] ?? failureOfClass(status);
  return WITHOUT_CHANNEL[attempt.cause] ?? failureOfCause(attempt);
}

function failureOfClass(status: number): AttemptFailure {
  if (status < 400) return 'redirected';
  if (status < 500) return 'carrier-refused';
  if (status < 600) return 'carrier-failed';
  return status < 700 ? 'declined' : 'carrier-refused';
}

/** Without any response until `originate_timeout` the carrier failed; after ringing the called party did not answer. */
function failureOfCause({ cause, ringing }: Unanswered): AttemptFailure {
  switch (cause) {
    case 'NO_ANSWER':
    case 'PROGRESS_TIMEOUT':
      return ringing ? 'no-answer' : 'no-response';
    case 'ORIGINATOR_CANCEL':
      return 'canceled';
    case 'RECOVERY_ON_TIMER_EXPIRE':
      return 'no-response';
    case 'REDIRECTION_TO_NEW_DESTINATION':
      return 'redirected';
    case 'INCOMPATIBLE_DESTINATION':
      return 'codec-refused';
    default:
      return 'switch-failed';
  }
}

const END_REASONS: Readonly<Record<AttemptFailure, CallEndReason>> = {
  busy: 'called-party-busy',
  declined: 'called-party-declined',
  'no-answer': 'not-answered',
  'unknown-number': 'unknown-destination',
  canceled: 'canceled',
  'carrier-refused': 'carrier-refused',
  'codec-refused': 'carrier-refused',
  'carrier-failed': 'carrier-failed',
  'no-response': 'carrier-failed',
  redirected: 'carrier-refused',
  'gateway-down': 'carrier-failed',
  'no-gateway': 'carrier-failed',
  'certificate-refused': 'carrier-failed',
  'limit-reached': 'limit-reached',
  'queue-full': 'queue-full',
  'queue-timeout': 'queue-timeout',
  'too-late': 'limit-reached',
  'switch-failed': 'switch-ended',
};
/** The end reason of a call, from the failure of its last attempt. */
export const endReasonOfFailure = (failure: AttemptFailure): CallEndReason => END_REASONS[failure];
