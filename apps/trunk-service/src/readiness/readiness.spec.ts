import { describe, expect, it } from '@jest/globals';
import type { NumberState } from '@trunkmesh/contracts/number.js';
import type { PlannedAttempt } from '@trunkmesh/contracts/outbound.js';
import type { AddressView } from '../address/standing.js';
import type { TrunkVerdict } from '../status/trunk-verdict-view.js';
import { exampleDestination } from './example-number.js';
import { direction, inboundSteps, outboundSteps, type InboundFacts } from './readiness.js';

const ID = '01900000-0000-7000-8000-000000000001';
const number = {
  phone_number: '+15550100000',
  is_active: true,
  sip_trunk_id: ID,
  target: { kind: 'assistant', id: 5, name: 'Reception', is_active: true },
} as NumberState;
const address = (over: Partial<AddressView> = {}) =>
  ({ network: '198.51.100.7/32', standing: 'sole', ...over }) as AddressView;
const verdict = (name: TrunkVerdict['verdict'], bridges: string[] = []) =>
  ({ verdict: name, summary: `It is ${name}.`, bridges: bridges.map((each) => ({ verdict: each })) }) as TrunkVerdict;
const READY: InboundFacts = {
  organization: { status: 'active' },
  number,
  trunk: { id: ID, name: 'PBX', enabled: true, gateway: 'pbx.example.com' },
  verdict: verdict('live', ['live']),
  addresses: [address()],
};

describe('the first missing step of an inbound call', () => {
  it('is none where everything is done', () => {
    const { ready, missing, steps } = direction(inboundSteps(READY));
    expect({ ready, missing }).toEqual({ ready: true, missing: null });
    expect(steps.map(({ step }) => step)).toEqual([
      'organization',
      'number',
      'target',
      'trunk',
      'bridge',
      'address',
      'assistant-url',
    ]);
  });

  it.each<[string, Partial<InboundFacts>, string, RegExp]>([
    ['a suspended organisation', { organization: { status: 'suspended' } }, 'organization-suspended', /operator/],
    ['an inactive number', { number: { ...number, is_active: false } }, 'inactive-number', /"is_active"/],
    ['no assistant', { number: { ...number, target: null } }, 'number-not-assigned', /"assistant_id"/],
    [
      'an inactive assistant',
      { number: { ...number, target: { ...number.target!, is_active: false } } },
      'target-inactive',
      /"Reception"/,
    ],
    ['no trunk', { trunk: null }, 'no-trunk', /sip_trunk_id/],
    ['a disabled trunk', { trunk: { ...READY.trunk!, enabled: false } }, 'trunk-disabled', /enable/],
    ['a failed trunk', { verdict: verdict('failed', ['failed']) }, 'trunk-failed', /It is failed/],
    ['a pending trunk', { verdict: verdict('pending', ['pending']) }, 'trunk-pending', /pending/],
    ['no bridge', { verdict: verdict('unplaced') }, 'trunk-unplaced', /unplaced/],
    ['silent bridges', { verdict: null }, 'bridge-status-unknown', /NATS/],
    ['no address', { addresses: [] }, 'address-unknown', /"pbx.example.com" has not resolved/],
    [
      'a contested address',
      { addresses: [address({ standing: 'not-a-candidate' })] },
      'address-contested',
      /198\.51\.100\.7,.*verify-address/,
    ],
  ])('is %s', (_what, facts, code, message) => {
    const { ready, missing } = direction(inboundSteps({ ...READY, ...facts }));
    expect({ ready, missing }).toEqual({ ready: false, missing: { code, message: expect.stringMatching(message) } });
  });

  it.each<[string, Partial<InboundFacts>]>([
    ['one of two bridges is live', { verdict: verdict('failed', ['failed', 'live']) }],
    ['one of two addresses counts', { addresses: [address({ standing: 'not-a-candidate' }), address()] }],
    ['no trunk is assigned and the organisation has one', { number: { ...number, sip_trunk_id: null } }],
    ['no media_url is set', {}],
  ])('is none where %s', (_what, facts) =>
    expect(direction(inboundSteps({ ...READY, ...facts }))).toMatchObject({ ready: true }),
  );
});

describe('the first missing step of an outbound call', () => {
  const checks = [{ check: 'organization' as const, passed: true, detail: 'The organisation is active.' }];
  const plan = (...gateways: PlannedAttempt['gateway'][]) =>
    ({
      outcome: 'call',
      attempts: gateways.map((gateway) => ({ trunk_id: ID, gateway })),
      explanation: { checks },
    }) as unknown as Parameters<typeof outboundSteps>[0];

  it('is what the plan refuses, in its words', () => {
    const refusal = { check: 'country' as const, passed: false, detail: 'The organisation may not call FR.' };
    const steps = outboundSteps({
      outcome: 'refuse',
      reason: 'country-not-allowed',
      explanation: { checks: [...checks, refusal], left_out: [], summary: '' },
    } as unknown as Parameters<typeof outboundSteps>[0]);
    expect(direction(steps).missing).toEqual({ code: 'country-not-allowed', message: refusal.detail });
  });

  it.each([
    [['down', 'up'] as const, null],
    [['down', 'unknown'] as const, 'bridge-status-unknown'],
    [['down', 'down'] as const, 'gateways-down'],
  ])('with gateways %j is %s', (gateways, code) =>
    expect(direction(outboundSteps(plan(...gateways))).missing?.code ?? null).toBe(code),
  );
});

describe('the number that a plan is made to', () => {
  it.each<[string[] | null, string | RegExp]>([
    [null, '+15550100000'],
    [[], '+15550100000'],
    [['FR', 'US'], '+15550100000'],
    [['FR'], /^\+33\d+$/],
  ])('where %j may be called', (allowed, expected) =>
    expect(exampleDestination('+15550100000', allowed)).toEqual(
      typeof expected === 'string' ? expected : expect.stringMatching(expected),
    ),
  );
});
