import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decideInbound } from './decide-inbound.js';
import {
  id,
  indexOf,
  invite,
  number,
  NUMBER_ID,
  ORG,
  organization,
  subjectOf,
  trunk,
  TRUNK,
  type Entity,
} from './inbound-fixture.js';
import { countriesOf, flagsOf, idWords, NONE, rowOf, targetOf, trunkOf } from './number-table.js';
import { applyEvent } from './route-events.js';
import { createRouteIndex, type RouteIndex } from './route-index.js';
import { formatUuid } from './uuid-words.js';

const ORGS = [1, 2, 3];
const TRUNKS: [org: number, at: number][] = [
  [1, 1],
  [1, 2],
  [2, 3],
  [3, 4],
];
const PHONES = ['+15551230001', '+15551230002', '+15551230003', '+442071230004'];
const ADDRESSES = ['198.51.100.7', '198.51.100.8', '2001:db8::7'];

/** A small world, so that events meet. A number may name any trunk, even one of another organisation. */
const entity: fc.Arbitrary<Entity> = fc.oneof(
  fc
    .record({ at: fc.constantFrom(...ORGS), status: fc.constantFrom('active' as const, 'suspended' as const) })
    .map(({ at, status }) => organization(at, { status })),
  fc
    .record({
      which: fc.constantFrom(...TRUNKS),
      enabled: fc.boolean(),
      gateway: fc.constantFrom(...ADDRESSES, 'sip.example.com'),
      country: fc.constantFrom(null, 'US', 'GB'),
      ranges: fc.subarray(['198.51.100.0/24', '198.51.100.7', '2001:db8::/32', 'nonsense']),
      pool: fc.constantFrom('default', 'eu'),
    })
    .map(({ which: [org, at], enabled, gateway, country, ranges, pool }) =>
      trunk(org, at, {
        enabled,
        gateway: gateway.includes(':') ? `[${gateway}]` : gateway,
        default_country: country,
        inbound_addresses: ranges,
        bridge_pool: pool,
        priority: at,
      }),
    ),
  fc
    .record({
      org: fc.constantFrom(...ORGS),
      phone: fc.constantFrom(...PHONES),
      active: fc.boolean(),
      on: fc.constantFrom(null, 1, 2, 3, 4),
      target: fc.constantFrom(null, 7, 2 ** 53 - 1),
      allowed: fc.constantFrom<string[] | null>(null, ['US'], ['GB', 'US']),
    })
    .map(({ org, phone, active, on, target, allowed }) =>
      number(org, phone, {
        is_active: active,
        sip_trunk_id: on === null ? null : TRUNK(on),
        allowed_country_codes: allowed,
        target: target === null ? null : { kind: 'flow', id: target, name: null, is_active: true },
      }),
    ),
);
const change = fc.record({ entity, removed: fc.boolean() });
const apply = (index: RouteIndex, { entity: of, removed }: { entity: Entity; removed: boolean }) =>
  applyEvent(index, subjectOf(of), { data: { state: removed ? null : of } });

const request = fc
  .record({
    source_address: fc.constantFrom(...ADDRESSES, '192.0.2.1'),
    to_user: fc.constantFrom(...PHONES, '5551230001', '9228', '02071230004'),
    pool: fc.constantFrom('default', 'eu', ''),
    claimed_gateway: fc.constantFrom(null, ...TRUNKS.map(([, at]) => `${TRUNK(at)}.1`)),
    resolved_trunks: fc.subarray(TRUNKS.map(([, at]) => TRUNK(at))),
  })
  .map(invite);

describe('the index', () => {
  it('after any events, in any order of subjects, is what the last event of each subject makes it', () => {
    fc.assert(
      fc.property(
        fc.array(change, { maxLength: 60 }),
        fc.array(request, { minLength: 1, maxLength: 8 }),
        (changes, requests) => {
          const index = createRouteIndex();
          const last = new Map<string, Entity>();
          for (const one of changes) {
            apply(index, one);
            const subject = subjectOf(one.entity);
            if (one.removed) last.delete(subject);
            else last.set(subject, one.entity);
          }
          const rebuilt = indexOf(...[...last.values()].reverse());
          for (const one of requests) expect(decideInbound(index, one)).toEqual(decideInbound(rebuilt, one));
          expect(contents(index)).toEqual(contents(rebuilt));
          expect(contents(index).numbers).toEqual(naiveNumbers([...last.values()]));
        },
      ),
      { numRuns: 400 },
    );
  });

  it('holds nothing once everything is removed', () => {
    fc.assert(
      fc.property(fc.array(entity, { maxLength: 40 }), (entities) => {
        const index = indexOf(...entities);
        for (const of of entities) apply(index, { entity: of, removed: true });
        expect(contents(index)).toEqual({ numbers: [], trunks: [], organizations: [] });
        expect(index.numbers.size).toBe(0);
        expect(
          [index.organizations, index.trunkEntries, index.dialects, index.countries].map(
            (interned) => interned.handles.size,
          ),
        ).toEqual([0, 0, 0, 0]);
        expect([...index.addresses.v4Prefixes, ...index.addresses.v6Prefixes]).toEqual([]);
      }),
    );
  });

  it("of a pool is that of its trunks and their organisations' numbers", () => {
    fc.assert(
      fc.property(
        fc.array(change, { maxLength: 60 }),
        fc.array(request, { minLength: 1, maxLength: 8 }),
        (changes, requests) => {
          const all = createRouteIndex();
          const kept = new Set<string>();
          const last = new Map<string, Entity>();
          const local: RouteIndex = createRouteIndex({
            pool: 'default',
            onOrganization: (org, isKept) => {
              if (isKept) kept.add(org);
              else kept.delete(org);
            },
          });
          for (const one of changes) {
            apply(all, one);
            const known = new Set(kept);
            apply(local, one);
            if (one.removed) last.delete(subjectOf(one.entity));
            else last.set(subjectOf(one.entity), one.entity);
            // What an agent does when an organisation comes in: it reads its numbers again.
            for (const of of last.values())
              if ('phone_number' in of && kept.has(of.organization_id) && !known.has(of.organization_id))
                apply(local, { entity: of, removed: false });
          }
          expect(
            [...new Set(contents(local).numbers.map((row) => row.organization))].every((org) => kept.has(org)),
          ).toBe(true);
          for (const one of requests) {
            const [here, there] = [
              decideInbound(local, { ...one, pool: 'default' }),
              decideInbound(all, { ...one, pool: 'default' }),
            ];
            // Numbers of organisations that are not kept are not known here as somebody's.
            const blur = (decision: typeof here) =>
              JSON.stringify(decision).replaceAll('other-organizations-number', 'nobodys-number');
            expect(blur(here)).toBe(blur(there));
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  it('keeps a number while it moves between organisations, whichever event comes first', () => {
    const [from, to] = [number(1, PHONES[0]!), number(2, PHONES[0]!)];
    const before = [organization(1), trunk(1, 1), organization(2), trunk(2, 2, { gateway: '192.0.2.2' }), from];
    for (const order of [
      [
        { entity: from, removed: true },
        { entity: to, removed: false },
      ],
      [
        { entity: to, removed: false },
        { entity: from, removed: true },
      ],
    ]) {
      const index = indexOf(...before);
      for (const one of order) apply(index, one);
      expect(decideInbound(index, invite({ source_address: '192.0.2.2', to_user: PHONES[0]! }))).toMatchObject({
        outcome: 'route',
        organization_id: ORG(2),
      });
      expect(decideInbound(index, invite({ to_user: PHONES[0]! }))).toMatchObject({
        outcome: 'refuse',
        reason: 'unknown-number',
      });
    }
  });

  it('leaves alone what is not its own, and says so', () => {
    const index = createRouteIndex();
    for (const subject of [
      'trunkmesh.bridge.b1',
      'trunkmesh.call.x.y',
      'trunkmesh.org.x.number.abc',
      `trunkmesh.org.${ORG(1)}.number.0123456789`,
      'nonsense',
    ]) {
      expect(applyEvent(index, subject, { data: { state: {} } })).toBe(false);
    }
    expect(() =>
      applyEvent(index, subjectOf(number(1, PHONES[0]!)), { data: { state: { ...number(1, PHONES[0]!), id: 'x' } } }),
    ).toThrow(TypeError);
    expect(contents(index)).toEqual({ numbers: [], trunks: [], organizations: [] });
  });
});

interface NumberView {
  organization: string;
  phone: string;
  id: string;
  trunk: string | null;
  flags: number;
  target: number;
  countries: string[] | null;
}

function naiveNumbers(entities: Entity[]): NumberView[] {
  return entities
    .filter((of) => 'phone_number' in of)
    .map((of) => ({
      organization: of.organization_id,
      phone: of.phone_number,
      id: NUMBER_ID(Number(of.phone_number.slice(1))),
      trunk: of.sip_trunk_id,
      flags: (of.is_active ? 1 : 0) | (of.target === null ? 0 : 14),
      target: of.target?.id ?? 0,
      countries: of.allowed_country_codes,
    }))
    .sort(compare);
}

const compare = (a: NumberView, b: NumberView) =>
  `${a.organization}${a.phone}` < `${b.organization}${b.phone}` ? -1 : 1;

function contents(index: RouteIndex) {
  const numbers: NumberView[] = [];
  for (const org of ORGS.map(ORG))
    for (const phone of PHONES) {
      const handle = index.organizations.handles.get(org);
      const row = handle === undefined ? -1 : rowOf(index.numbers, Number(phone.slice(1)), handle);
      if (row < 0) continue;
      const [trunkHandle, countries] = [trunkOf(index.numbers, row), countriesOf(index.numbers, row)];
      numbers.push({
        organization: org,
        phone,
        id: formatUuid(idWords(index.numbers, row)),
        trunk: trunkHandle === NONE ? null : index.trunkEntries.values[trunkHandle]!.id,
        flags: flagsOf(index.numbers, row),
        target: targetOf(index.numbers, row),
        countries: countries === NONE ? null : [...index.countries.values[countries]!],
      });
    }
  const trunks = [...index.trunks.values()]
    .map((entry) => ({
      id: entry.id,
      organization: entry.organization.id,
      activeNumbers: entry.activeNumbers,
      claims: entry.claims.length,
      enabled: entry.state!.enabled,
    }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const organizations = ORGS.map(ORG)
    .filter((org) => index.organizations.handles.has(org))
    .map((org) => ({
      id: org,
      status: index.organizations.values[index.organizations.handles.get(org)!]!.state?.status ?? null,
    }));
  return { numbers: numbers.sort(compare), trunks, organizations };
}

it('ids of the fixtures are UUIDs', () => expect(id(1, 5)).toMatch(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/));
