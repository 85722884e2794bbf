import { describe, expect, it } from '@jest/globals';
import {
  CALLED_NUMBER_SOURCES,
  inboundDecision,
  inboundRequest,
  type InboundRequest,
} from '@trunkmesh/contracts/routing.js';
import fc from 'fast-check';
import { decideInbound } from './decide-inbound.js';
import { indexOf, invite, number, ORG, organization, trunk, TRUNK } from './inbound-fixture.js';

/**
 * Three organisations; the first two share an address, the third has its own. Each has numbers, spelled alike but for
 * the country.
 */
const PHONES = ['+12125550101', '+12125550102', '+442125550101', '+15551230003'];
const WORLD = [
  organization(1),
  trunk(1, 1, { default_country: 'US', username: 'one' }),
  trunk(1, 2, { gateway: '192.0.2.2', priority: 3 }),
  number(1, PHONES[0]!, { sip_trunk_id: TRUNK(1) }),
  number(1, PHONES[1]!, { sip_trunk_id: TRUNK(2), allowed_country_codes: ['US'] }),
  organization(2),
  trunk(2, 3, { default_country: 'GB', inbound_addresses: ['198.51.100.0/24'] }),
  number(2, PHONES[2]!, { sip_trunk_id: TRUNK(3) }),
  organization(3),
  trunk(3, 4, { gateway: '203.0.113.9' }),
  number(3, PHONES[3]!, { sip_trunk_id: TRUNK(4) }),
];
const index = indexOf(...WORLD);
const OWNERS = new Map([
  [PHONES[0], ORG(1)],
  [PHONES[1], ORG(1)],
  [PHONES[2], ORG(2)],
  [PHONES[3], ORG(3)],
]);

const dialled = fc.oneof(
  fc.constantFrom(...PHONES, '2125550101', '02125550101', '9228', 'one', `gw+${TRUNK(1)}.1`, 'gw+', ''),
  fc.string({ maxLength: 20 }),
);
const header = fc.tuple(
  fc.oneof(fc.constantFrom(...CALLED_NUMBER_SOURCES), fc.string({ maxLength: 12 })),
  dialled.chain((user) =>
    fc.constantFrom(
      user,
      `<sip:${user}@h>`,
      `"x, y" <tel:${user}>;index=1.1, <sip:${user};phone-context=+44@h>;index=1`,
      `<sip:${user}`,
      `${user},${user}`,
    ),
  ),
);
const request: fc.Arbitrary<InboundRequest> = fc
  .record({
    source_address: fc.oneof(
      fc.constantFrom('198.51.100.7', '198.51.100.9', '192.0.2.2', '203.0.113.9', '::ffff:203.0.113.9'),
      fc.string({ maxLength: 40 }),
    ),
    resolved_trunks: fc.subarray([1, 2, 3, 4].map(TRUNK)),
    claimed_gateway: fc.oneof(
      fc.constantFrom(null, ...[1, 2, 3, 4].map((at) => `${TRUNK(at)}.1`)),
      fc.string({ maxLength: 40 }),
    ),
    request_uri_user: dialled,
    to_user: dialled,
    from_user: fc.oneof(fc.constantFrom('+12125559999', '+442079999999', 'anonymous'), fc.string({ maxLength: 40 })),
    headers: fc.array(header, { maxLength: 6 }),
  })
  .map(invite);

/** Whether the address belongs to the trunk, said without the index. */
function belongs(one: InboundRequest, at: number): boolean {
  const address = one.source_address.replace(/^::ffff:/i, '');
  const gateway = [undefined, '198.51.100.7', '192.0.2.2', undefined, '203.0.113.9'][at];
  const inRange =
    (at === 3 && /^198\.51\.100\.(0|[1-9]\d?|1\d\d|2[0-4]\d|25[0-5])$/.test(address)) ||
    (at === 3 && address === '198.51.100.7');
  return address === gateway || inRange || one.resolved_trunks.includes(TRUNK(at));
}

describe('every inbound call', () => {
  it('ends in a decision that its contract reads, whatever arrived', () => {
    fc.assert(
      fc.property(request, (one) => {
        const decision = decideInbound(index, inboundRequest.parse(one));
        expect(inboundDecision.parse(decision)).toEqual(decision);
        expect(decision.explanation.steps.map((step) => step.source)).toEqual([
          ...CALLED_NUMBER_SOURCES,
          'sole_number',
        ]);
      }),
      { numRuns: 2000 },
    );
  });

  it("that is routed reaches a number of its own trunk's organisation, by an address of that trunk", () => {
    fc.assert(
      fc.property(request, (one) => {
        const decision = decideInbound(index, one);
        if (decision.outcome !== 'route') return;
        const at = [1, 2, 3, 4].find((candidate) => TRUNK(candidate) === decision.trunk_id)!;
        expect(belongs(one, at)).toBe(true);
        expect(decision.organization_id).toBe(ORG([0, 1, 1, 2, 3][at]!));
        expect(OWNERS.get(decision.number)).toBe(decision.organization_id);
        expect(
          decision.explanation.candidates.every((candidate) => candidate.organization_id === decision.organization_id),
        ).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  it('without a source that names a number is refused where more than one number could be meant', () => {
    const nameless = fc.constantFrom('9228', '', 's', 'one', '*21#');
    fc.assert(
      fc.property(
        fc.subarray([1, 2].map(TRUNK), { minLength: 2 }),
        nameless,
        nameless,
        (resolved_trunks, request_uri_user, to_user) => {
          expect(
            decideInbound(index, invite({ source_address: '192.0.2.200', resolved_trunks, request_uri_user, to_user })),
          ).toMatchObject({ outcome: 'refuse', reason: 'ambiguous-number' });
        },
      ),
    );
  });

  it('takes the first of the sources that names one of its numbers', () => {
    const named = fc.constantFrom(PHONES[0]!, PHONES[1]!, '+15559990000', '9228', undefined);
    fc.assert(
      fc.property(fc.tuple(named, named, named, named, named, named, named, named, named), (values) => {
        const headers = values
          .slice(0, 7)
          .flatMap((value, at): [string, string][] =>
            value === undefined ? [] : [[CALLED_NUMBER_SOURCES[at]!, `<sip:${value}@h>`]],
          )
          .reverse();
        const decision = decideInbound(
          index,
          invite({ source_address: '192.0.2.2', headers, request_uri_user: values[7] ?? '', to_user: values[8] ?? '' }),
        );
        const first = values.findIndex((value) => value === PHONES[0] || value === PHONES[1]);
        if (first < 0) return;
        expect(decision.explanation.steps[first]).toMatchObject({ verdict: 'decided', number: values[first] });
        expect(decision.explanation.steps.filter((step) => step.verdict === 'decided')).toHaveLength(1);
      }),
    );
  });

  it('whose headers are as long and as many as a request may hold is decided in bounded work', () => {
    const worst = [
      '"'.repeat(2048),
      '<'.repeat(2048),
      '<>,'.repeat(682),
      '"\\'.repeat(1024),
      ';'.repeat(2048),
      '1,'.repeat(1024),
      '%2B'.repeat(682),
      '<sip:02125550101@h>;index=1.1,'.repeat(68),
      '+'.repeat(2048),
      '('.repeat(2048),
    ];
    for (const value of worst) {
      const headers = Array.from({ length: 64 }, (_, at): [string, string] => [CALLED_NUMBER_SOURCES[at % 7]!, value]);
      const decision = decideInbound(
        index,
        invite({
          headers,
          request_uri_user: value.slice(0, 256),
          to_user: value.slice(0, 256),
          from_user: value.slice(0, 256),
        }),
      );
      expect(decision.explanation.steps.every((step) => (step.raw?.length ?? 0) <= 2048)).toBe(true);
    }
  });
});
