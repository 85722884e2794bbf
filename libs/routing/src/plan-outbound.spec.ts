import { describe, expect, it } from '@jest/globals';
import {
  outboundPlan,
  outboundRequest,
  type OutboundPlan,
  type OutboundRequest,
} from '@trunkmesh/contracts/outbound.js';
import fc from 'fast-check';
import { GatewayStates } from './gateway-states.js';
import { id, indexOf, number, NUMBER_ID, ORG, organization, trunk, TRUNK, type Entity } from './inbound-fixture.js';
import { planOutbound } from './plan-outbound.js';

const FROM = '+15550100000';
const TO = '+15551234567';
const CALL = id(9, 1);

const request = (with_: Partial<OutboundRequest> = {}): OutboundRequest =>
  outboundRequest.parse({ call_id: CALL, organization_id: ORG(1), from: FROM, to: TO, ...with_ });
const downGateways = (...trunks: number[]) => {
  const states = new GatewayStates();
  for (const at of trunks)
    states.put({ trunk_id: TRUNK(at), bridge_id: 'b1', applied_revision: 1, state: 'FAILED', ping: null });
  return states;
};
const given = (...entities: Entity[]) => ({
  plan: (with_: Partial<OutboundRequest> = {}, gateways = new GatewayStates()): OutboundPlan =>
    outboundPlan.parse(planOutbound(indexOf(...entities), gateways, request(with_))),
});
const trunksOf = (plan: OutboundPlan) =>
  plan.outcome === 'call' ? plan.attempts.map(({ trunk_id }) => trunk_id) : plan.reason;

const OWN = number(1, FROM, { sip_trunk_id: TRUNK(1) });
const THREE = [trunk(1, 1, { priority: 30 }), trunk(1, 2, { priority: 20 }), trunk(1, 3, { priority: 10 })];

describe('the trunks of an outbound call', () => {
  it("are the number's own, then the others by priority", () =>
    expect(trunksOf(given(organization(1), OWN, ...THREE).plan())).toEqual([TRUNK(1), TRUNK(3), TRUNK(2)]));

  it('come last while their gateway is down, the own one too', () =>
    expect(trunksOf(given(organization(1), OWN, ...THREE).plan({}, downGateways(1, 3)))).toEqual([
      TRUNK(2),
      TRUNK(1),
      TRUNK(3),
    ]));

  it('come last while they are on no bridge and have to register', () =>
    expect(
      trunksOf(given(organization(1), OWN, trunk(1, 1, { register: true, bridge_id: null }), trunk(1, 2)).plan()),
    ).toEqual([TRUNK(2), TRUNK(1)]));

  it('are the one that the request names', () => {
    const plan = given(organization(1), OWN, ...THREE).plan({ trunk_id: TRUNK(2) });
    expect(plan).toMatchObject({ attempts: [{ trunk_id: TRUNK(2), chosen_by: 'request' }] });
  });

  it("are the number's own alone where the organisation wants no other", () => {
    const plan = given(organization(1, { outbound_failover: 'number_trunk_only' }), OWN, ...THREE).plan();
    expect(trunksOf(plan)).toEqual([TRUNK(1)]);
    expect(plan.explanation.left_out).toEqual([
      { trunk_id: TRUNK(2), reason: 'not-the-numbers-trunk' },
      { trunk_id: TRUNK(3), reason: 'not-the-numbers-trunk' },
    ]);
  });

  it('are up to eight', () => {
    const trunks = Array.from({ length: 12 }, (_unused, at) => trunk(1, at + 1, { priority: at }));
    const plan = given(organization(1), OWN, ...trunks).plan();
    expect(trunksOf(plan)).toHaveLength(8);
    expect(plan.explanation.left_out).toHaveLength(4);
  });

  it("get the number in their carrier's spelling, on the bridge that registers them", () => {
    const rule = { direction: 'outbound' as const, prefix: '+1', min_length: 0, max_length: 32, strip: 1, add: '77' };
    const [attempt] = (
      given(
        organization(1),
        OWN,
        trunk(1, 1, { register: true, bridge_id: 'b7', bridge_pool: 'eu', number_rules: [rule] }),
      ).plan() as Extract<OutboundPlan, { outcome: 'call' }>
    ).attempts;
    expect(attempt).toEqual({
      trunk_id: TRUNK(1),
      chosen_by: 'number-trunk',
      priority: 10,
      gateway: 'unknown',
      pool: 'eu',
      bridge_id: 'b7',
      dialled: '7715551234567',
    });
  });
});

describe('an outbound call is refused', () => {
  const fine = [organization(1), OWN, ...THREE];
  const cases: [string, Entity[], Partial<OutboundRequest>, string][] = [
    [
      'for a suspended organisation',
      [organization(1, { status: 'suspended' }), OWN, ...THREE],
      {},
      'organization-suspended',
    ],
    ['for an organisation that nobody knows', fine, { organization_id: ORG(7) }, 'unknown-number'],
    [
      "from another organisation's number",
      [...fine, number(2, '+15550100009')],
      { from: '+15550100009' },
      'unknown-number',
    ],
    ['from an inactive number', [organization(1), { ...OWN, is_active: false }, ...THREE], {}, 'inactive-number'],
    [
      'from a number without an assistant',
      [organization(1), { ...OWN, target: null }, ...THREE],
      {},
      'number-not-assigned',
    ],
    [
      'with a foreign caller ID',
      [...fine, number(2, '+15550100009')],
      { caller_id: '+15550100009' },
      'caller-id-not-allowed',
    ],
    [
      'with an inactive caller ID',
      [...fine, number(1, '+15550100008', { is_active: false })],
      { caller_id: '+15550100008' },
      'caller-id-not-allowed',
    ],
    ['to an emergency number', fine, { to: '911' }, 'emergency-number'],
    ['to an extension', fine, { to: '9228' }, 'not-a-public-number'],
    ['to a premium-rate number', fine, { to: '+19005550100' }, 'special-number'],
    ['to a satellite', fine, { to: '+870773000000' }, 'special-number'],
    ['abroad, where nothing else was allowed', fine, { to: '+4930123456' }, 'country-not-allowed'],
    [
      "abroad, where the organisation has another country than the calling number, to the number's country",
      [organization(1, { country: 'DE' }), OWN, ...THREE],
      {},
      'country-not-allowed',
    ],
    [
      "to the organisation's own country, where it is not listed",
      [organization(1, { country: 'US', outbound_country_codes: ['DE'] }), OWN, ...THREE],
      {},
      'country-not-allowed',
    ],
    [
      'to a country that is not listed',
      [organization(1, { outbound_country_codes: ['DE'] }), OWN, ...THREE],
      {},
      'country-not-allowed',
    ],
    [
      'to a country that no trunk may call',
      [organization(1), OWN, trunk(1, 1, { outbound_country_codes: ['DE'] })],
      {},
      'country-not-allowed',
    ],
    ["through another organisation's trunk", [...fine, trunk(2, 9)], { trunk_id: TRUNK(9) }, 'unknown-trunk'],
    [
      'through a disabled trunk',
      [organization(1), OWN, trunk(1, 1, { enabled: false })],
      { trunk_id: TRUNK(1) },
      'trunk-disabled',
    ],
    ['without a trunk', [organization(1), OWN], {}, 'no-trunk'],
    ['with disabled trunks alone', [organization(1), OWN, trunk(1, 1, { enabled: false })], {}, 'no-trunk'],
    [
      'without its own trunk, where no other may follow',
      [organization(1, { outbound_failover: 'number_trunk_only' }), number(1, FROM), ...THREE],
      {},
      'no-trunk',
    ],
  ];
  it.each(cases)('%s', (_what, entities, with_, reason) => {
    const plan = given(...entities).plan(with_);
    expect(plan).toMatchObject({ outcome: 'refuse', reason });
    expect(plan.explanation.checks.at(-1)).toMatchObject({ passed: false, detail: expect.stringMatching(/\.$/) });
  });
});

describe('an outbound call is allowed', () => {
  it.each<[string, Entity[], Partial<OutboundRequest>, object]>([
    [
      'to a listed country',
      [organization(1, { outbound_country_codes: ['DE'] })],
      { to: '+4930123456' },
      { country: 'DE' },
    ],
    [
      "to the organisation's own country, whatever the calling number's is",
      [organization(1, { country: 'DE' })],
      { to: '+4930123456' },
      { country: 'DE' },
    ],
    [
      'to an allowed special number',
      [organization(1, { outbound_special_numbers: ['satellite'] })],
      { to: '+870773000000' },
      { country: null },
    ],
    [
      'with a verified caller ID',
      [organization(1), number(1, '+15550100008', { is_active: false, is_verified_caller_id: true })],
      { caller_id: '+15550100008' },
      { caller_id: '+15550100008' },
    ],
    [
      'with the assistant of the request',
      [organization(1)],
      { target: { kind: 'flow', id: 7 } },
      { target: { kind: 'flow', id: 7 } },
    ],
  ])('%s', (_what, entities, with_, expected) =>
    expect(given(...entities, OWN, ...THREE).plan(with_)).toMatchObject({
      outcome: 'call',
      number_id: NUMBER_ID(Number(FROM.slice(1))),
      ...expected,
    }),
  );
});

const entity = {
  organization: fc.record({
    outbound_failover: fc.constantFrom('any_trunk' as const, 'number_trunk_only' as const),
    outbound_country_codes: fc.constantFrom<string[] | null>(null, ['US'], ['DE', 'US'], ['DE'], []),
    country: fc.constantFrom(undefined, null, 'US', 'DE'),
  }),
  trunk: fc.record({
    org: fc.constantFrom(1, 2),
    enabled: fc.boolean(),
    priority: fc.integer({ min: 0, max: 2 }),
    register: fc.boolean(),
    bridge_id: fc.constantFrom(null, 'b1'),
    outbound_country_codes: fc.constantFrom<string[] | null>(null, ['US'], ['DE']),
    down: fc.boolean(),
  }),
};
const mesh = fc.record({
  settings: entity.organization,
  trunks: fc.array(entity.trunk, { maxLength: 12 }),
  own: fc.integer({ min: 1, max: 12 }),
  forced: fc.option(fc.integer({ min: 1, max: 12 }), { nil: null }),
  call: fc.uuid({ version: 7 }),
});

describe('whatever is configured', () => {
  it('no disabled trunk is tried, none of another organisation, and the order is the same each time', () =>
    fc.assert(
      fc.property(mesh, ({ settings, trunks, own, forced, call }) => {
        const states = trunks.map(({ org, down: _down, ...fields }, at) => trunk(org, at + 1, fields));
        const down = downGateways(...trunks.flatMap(({ down: isDown }, at) => (isDown ? [at + 1] : [])));
        const with_ = { call_id: call, trunk_id: forced === null ? null : TRUNK(forced) };
        const entities = [
          organization(1, settings),
          organization(2),
          number(1, FROM, { sip_trunk_id: TRUNK(own) }),
          ...states,
        ];
        const plan = given(...entities).plan(with_, down);
        expect(given(...[...entities].reverse()).plan(with_, down)).toMatchObject(
          plan.outcome === 'call' ? { attempts: plan.attempts } : { reason: plan.reason },
        );
        if (plan.outcome === 'refuse') return;
        expect(settings.outbound_country_codes ?? [settings.country ?? 'US']).toContain('US');
        const tried = plan.attempts.map(({ trunk_id }) => states.find((state) => state.id === trunk_id)!);
        expect(new Set(tried).size).toBe(tried.length);
        for (const state of tried) {
          expect(state).toMatchObject({ organization_id: ORG(1), enabled: true });
          expect(state.outbound_country_codes ?? ['US']).toContain('US');
          if (settings.outbound_failover === 'number_trunk_only' && forced === null) expect(state.id).toBe(TRUNK(own));
        }
        const ranks = tried.map((state) => {
          const last = down.of(state.id) === 'down' || (state.register && state.bridge_id === null);
          return (last ? 1_000 : 0) + (state.id === TRUNK(own) ? 0 : 100 + state.priority);
        });
        expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
      }),
      { numRuns: 1_000 },
    ));

  it('trunks of the same priority are each the first for as many calls', () => {
    const TRUNKS = 4;
    const CALLS = 2_000;
    const index = indexOf(
      organization(1),
      number(1, FROM),
      ...Array.from({ length: TRUNKS }, (_unused, at) => trunk(1, at + 1)),
    );
    const firsts = new Map<string, number>();
    for (let at = 0; at < CALLS; at++) {
      const plan = planOutbound(index, new GatewayStates(), request({ call_id: id(9, at) }));
      const first = plan.outcome === 'call' ? plan.attempts[0]!.trunk_id : plan.reason;
      firsts.set(first, (firsts.get(first) ?? 0) + 1);
    }
    expect(firsts.size).toBe(TRUNKS);
    // Six standard deviations of a fair choice.
    const margin = 6 * Math.sqrt(CALLS * (1 / TRUNKS) * (1 - 1 / TRUNKS));
    for (const count of firsts.values()) expect(Math.abs(count - CALLS / TRUNKS)).toBeLessThan(margin);
  });
});
