import { describe, expect, it } from '@jest/globals';
import type { OutboundPlan } from '@trunkmesh/contracts/outbound.js';
import { trunkSettings } from '@trunkmesh/contracts/trunk.js';
import type { TrunkCheck } from '@trunkmesh/contracts/trunk-test.js';
import { bridgeForTest } from './test-bridge.js';
import { CallNotAccepted, type Refusal } from '../outbound/refused-event.js';
import { allowedCall, problemOfTest } from './test-call-guard.js';
import { viewOfTest } from './trunk-test-view.js';

describe('the bridge of a test', () => {
  const bridge = (id: string, over: object = {}) => ({
    id,
    pool: 'default',
    status: 'active' as const,
    health: 'serving' as const,
    ...over,
  });
  it.each([
    ['the one that registers the trunk', { bridge_id: 'b2' }, [bridge('b1'), bridge('b2')], 'b2'],
    ['another one where that is offline', { bridge_id: 'b2' }, [bridge('b1'), bridge('b2', { health: 'lost' })], 'b1'],
    ['none of another pool', {}, [bridge('b1', { pool: 'eu' })], undefined],
    ['a draining one only where there is no other', {}, [bridge('b1', { status: 'draining' }), bridge('b2')], 'b2'],
    ['one that may be online, where none certainly is', {}, [bridge('b1', { health: 'unknown' })], 'b1'],
    ['the draining one where it is alone', {}, [bridge('b1', { status: 'draining' })], 'b1'],
  ])('is %s', (_what, trunk, bridges, expected) =>
    expect(bridgeForTest({ bridge_pool: 'default', ...trunk }, bridges)).toBe(expected),
  );
});

describe('the call of a test', () => {
  const trunk = trunkSettings.parse({
    name: 'a',
    gateway: 'sip.example.com',
    number_rules: [{ direction: 'outbound', prefix: '+', strip: 1, add: '00' }],
  });
  const plan = (over: object) =>
    ({ from: '+15550100000', to: '+15550109999', country: 'US', ...over }) as unknown as OutboundPlan;
  const refusal = (reason: string, check: string) =>
    plan({
      outcome: 'refuse',
      reason,
      explanation: { summary: '', checks: [{ check, passed: false, detail: 'No.' }] },
    });

  it('is dialled as the carrier writes numbers', () =>
    expect(
      allowedCall(plan({ outcome: 'call', number_id: '01900000-0000-7000-8000-00000000000b' }), trunk, true),
    ).toEqual({
      from: '+15550100000',
      to: '+15550109999',
      dialled: '0015550109999',
      number_id: '01900000-0000-7000-8000-00000000000b',
    }));

  it.each([
    ['special-number', 'country', true, 'destination-not-allowed'],
    ['emergency-number', 'destination', false, 'destination-not-allowed'],
    ['not-a-public-number', 'destination', false, 'invalid-request'],
    ['unknown-number', 'from', false, 'number-not-found'],
    ['trunk-disabled', 'trunks', true, 'conflict'],
  ])('is refused with %s', (reason, check, isSaved, code) => {
    let refused: unknown;
    try {
      allowedCall(refusal(reason, check), trunk, isSaved);
    } catch (error) {
      refused = error;
    }
    expect(refused).toBeInstanceOf(CallNotAccepted);
    const { refusal: why } = refused as { refusal: Refusal };
    expect(problemOfTest('01900000-0000-7000-8000-00000000000a', why)).toMatchObject({
      code,
      extensions: { reason, call_sid: 'CA0190000000007000800000000000000a' },
      message: expect.stringContaining('No.'),
    });
  });

  it('of settings that are not saved needs no saved trunk, and obeys its own countries', () => {
    expect(allowedCall(refusal('no-trunk', 'trunks'), trunk, false)).toMatchObject({ to: '+15550109999' });
    const onlyFrance = { ...trunk, outbound_country_codes: ['FR'] };
    expect(() => allowedCall(refusal('no-trunk', 'trunks'), onlyFrance, false)).toThrow('may not call US');
  });
});

describe('the result of a test', () => {
  const check = (name: TrunkCheck['check'], result: TrunkCheck['result']): TrunkCheck => ({
    check: name,
    result,
    cause: null,
    seen: `Seen of ${name}.`,
    todo: null,
    sip_status: null,
  });
  it.each<[TrunkCheck[], TrunkCheck['result'], string]>([
    [[check('dns', 'pass'), check('registration', 'fail')], 'fail', 'Seen of registration.'],
    [[check('options', 'inconclusive'), check('registration', 'pass')], 'pass', 'No fault was found.'],
    [[check('dns', 'pass'), check('options', 'pass')], 'pass', 'No fault was found.'],
    [[check('transport', 'inconclusive'), check('options', 'inconclusive')], 'inconclusive', 'Seen of transport.'],
    [[check('options', 'pass'), check('registration', 'inconclusive')], 'inconclusive', 'Seen of registration.'],
  ])('%#', (checks, result, summary) =>
    expect(viewOfTest('b1', checks, '2026-11-29T00:00:00.000Z')).toMatchObject({ result, summary }),
  );
});
