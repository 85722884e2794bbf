import { describe, expect, it } from '@jest/globals';
import type { AttemptFailure } from './call-parts.js';
import { failsOver } from './failover.js';

describe('whether the next trunk is tried', () => {
  it.each<[AttemptFailure, number | null, boolean]>([
    ['no-gateway', null, true],
    ['certificate-refused', null, true],
    ['gateway-down', null, true],
    ['no-response', null, true],
    ['limit-reached', null, true],
    ['queue-full', null, true],
    ['queue-timeout', null, true],
    ['no-response', 408, true],
    ['carrier-failed', 500, true],
    ['carrier-failed', 503, true],
    ['carrier-failed', 599, true],
    ['busy', 486, false],
    ['busy', 600, false],
    ['declined', 603, false],
    ['unknown-number', 404, false],
    ['unknown-number', 484, false],
    ['unknown-number', 604, false],
    ['no-answer', 480, false],
    ['no-answer', null, false],
    ['carrier-refused', 403, false],
    ['codec-refused', 488, false],
    ['redirected', 302, false],
    ['canceled', 487, false],
    ['canceled', null, false],
    ['switch-failed', null, false],
    ['too-late', null, false],
  ])('%s, SIP status %s: %s', (reason, sip_status, next) => {
    expect(failsOver({}, { reason, sip_status })).toBe(next);
    expect(failsOver({ failover_statuses: null }, { reason, sip_status })).toBe(next);
  });

  it("goes by the trunk's own list, which is of responses alone", () => {
    const trunk = { failover_statuses: [403, 480] };
    expect(failsOver(trunk, { reason: 'carrier-refused', sip_status: 403 })).toBe(true);
    expect(failsOver(trunk, { reason: 'no-answer', sip_status: 480 })).toBe(true);
    expect(failsOver(trunk, { reason: 'carrier-failed', sip_status: 503 })).toBe(false);
    expect(failsOver(trunk, { reason: 'gateway-down', sip_status: null })).toBe(true);
    expect(failsOver({ failover_statuses: [487] }, { reason: 'canceled', sip_status: 487 })).toBe(false);
  });
});
