import { describe, expect, it } from '@jest/globals';
import { neverUp } from '../live/hangup-facts.js';
import { endReasonOfFailure, failureOf, finalStatusOf, type Unanswered } from './attempt-outcome.js';

const NOW = new Date('2026-11-29T04:00:00.000Z');
const attempt = (cause: string, sip_status: number | null, more: Partial<Unanswered> = {}): Unanswered => ({
  cause,
  hangup: { ...neverUp(cause, NOW), sip_status, hangup_disposition: 'recv_refuse' },
  failureStatus: sip_status,
  ringing: false,
  ...more,
});
const canceled = { hangup: { ...neverUp('NO_ANSWER', NOW), hangup_disposition: 'send_cancel' }, failureStatus: 487 };

describe('why an attempt failed', () => {
  it.each([
    ['a response', attempt('UNALLOCATED_NUMBER', 404), 'unknown-number', 404],
    ['a busy', attempt('USER_BUSY', 486), 'busy', 486],
    ['busy everywhere', attempt('USER_BUSY', 600), 'busy', 600],
    ['a decline', attempt('CALL_REJECTED', 603), 'declined', 603],
    ['spam, says the called party (RFC 8197)', attempt('CALL_REJECTED', 607), 'declined', 607],
    ['a refusal', attempt('CALL_REJECTED', 403), 'carrier-refused', 403],
    ['a redirection', attempt('REQUESTED_CHAN_UNAVAIL', 302), 'redirected', 302],
    ['no common codec', attempt('INCOMPATIBLE_DESTINATION', 488), 'codec-refused', 488],
    ['a failure of the carrier', attempt('NORMAL_TEMPORARY_FAILURE', 503), 'carrier-failed', 503],
    ['a timeout of the carrier', attempt('RECOVERY_ON_TIMER_EXPIRE', 408), 'no-response', 408],
    ['credentials that the carrier does not take', attempt('CALL_REJECTED', 904), 'carrier-refused', null],
    ['silence', attempt('NO_ANSWER', null, canceled), 'no-response', null],
    ['ringing in vain', attempt('NO_ANSWER', null, { ...canceled, ringing: true }), 'no-answer', null],
    ['no gateway', attempt('INVALID_GATEWAY', null, { hangup: undefined }), 'no-gateway', null],
    ['a gateway that is down', attempt('GATEWAY_DOWN', null, { hangup: undefined }), 'gateway-down', null],
    ['our own cancel', attempt('ORIGINATOR_CANCEL', null, canceled), 'canceled', null],
    ['an unknown cause', attempt('UNKNOWN', null, { hangup: undefined }), 'switch-failed', null],
  ] as const)('%s', (_what, unanswered, failure, status) => {
    expect(failureOf(unanswered)).toBe(failure);
    expect(finalStatusOf(unanswered)).toBe(status);
    expect(endReasonOfFailure(failure)).toEqual(expect.any(String));
  });
});
