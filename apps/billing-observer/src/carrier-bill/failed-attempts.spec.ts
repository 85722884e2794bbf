import { describe, expect, it } from '@jest/globals';
import type { CallAttempt } from '@trunkmesh/contracts/call-parts.js';
import { callEnded, callId, TRUNK } from '@trunkmesh/testkit/call-events.js';
import { attributed, failedAttempts, type FailedAttempt } from './failed-attempts.js';

const OTHER_TRUNK = '0190a5b2-7c00-7000-8000-0000000000bb';
const attempt = (over: Partial<CallAttempt> = {}): CallAttempt => ({
  attempt: 1,
  trunk_id: TRUNK,
  bridge_id: 'bridge-1',
  dialled: '15559876543',
  outcome: 'failed',
  reason: 'busy',
  sip_status: 486,
  q850: 17,
  hangup_cause: 'USER_BUSY',
  started_at: '2026-11-23T10:00:00.000Z',
  duration_ms: 20_000,
  ringing: true,
  failed_over: true,
  ...over,
});

describe('the failed attempts of calls', () => {
  it('are each there once, and answered ones never', () => {
    const ended = callEnded(1);
    const attempts = [attempt(), attempt({ attempt: 2, trunk_id: OTHER_TRUNK, outcome: 'answered', reason: null })];
    const { attempts: _none, ...parties } = { ...ended.data, attempts: undefined };
    const failed = { ...ended, type: 'CallAttemptFailed' as const, data: { ...parties, attempt: attempt() } };
    const found = failedAttempts([failed, { ...ended, data: { ...ended.data, attempts } }]);
    expect(found).toEqual([
      {
        call_id: callId(1),
        trunk_id: TRUNK,
        from_number: ended.data.from,
        to_number: ended.data.to,
        began: Date.parse('2026-11-23T10:00:00.000Z'),
        ended: Date.parse('2026-11-23T10:00:20.000Z'),
      },
    ]);
  });
});

describe('lines that bill an attempt', () => {
  const numbers = { from_number: '+15551234567', to_number: '+15559876543' };
  const tried = (over: Partial<FailedAttempt> = {}): FailedAttempt => ({
    ...{ call_id: callId(1), trunk_id: TRUNK, ...numbers },
    ...{ began: 1_000_000, ended: 1_020_000 },
    ...over,
  });
  const line = (second: number, over: object = {}) => ({ ...numbers, second, ...over });
  const asked = { tolerance_seconds: 5, time_is: 'start' as const, trunk_ids: null };

  it.each([
    ['its beginning', line(1_005), asked, true],
    ['more than the tolerance after it', line(1_006), asked, false],
    ['its end', line(1_020), { ...asked, time_is: 'end' as const }, true],
    ['its beginning, for an answer', line(1_000), { ...asked, time_is: 'answer' as const }, true],
    ['its end, for an answer', line(1_020), { ...asked, time_is: 'answer' as const }, true],
    ['another number', line(1_000, { to_number: '+15550000000' }), asked, false],
    ['another caller', line(1_000, { from_number: '+15550000000' }), asked, false],
    ['its trunk', line(1_000), { ...asked, trunk_ids: [TRUNK] }, true],
    ['another trunk', line(1_000), { ...asked, trunk_ids: [OTHER_TRUNK] }, false],
  ])('are found or not by %s', (_what, given, by, found) => {
    expect(attributed([given], [tried()], by).size).toBe(found ? 1 : 0);
  });

  it('have one attempt each, the nearest', () => {
    const [near, far] = [line(1_001), line(1_004)];
    const [first, second] = [tried(), tried({ call_id: callId(2), began: 1_004_000 })];
    expect([...attributed([far, near], [first, second], asked)]).toEqual(
      expect.arrayContaining([
        [far, second],
        [near, first],
      ]),
    );
    expect([...attributed([far, near], [first], asked)]).toEqual([[near, first]]);
  });
});
