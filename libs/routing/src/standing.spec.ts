import { describe, expect, it } from '@jest/globals';
import type { AddressClaim } from '@trunkmesh/contracts/address.js';
import type { InboundDecision, InboundRequest } from '@trunkmesh/contracts/routing.js';
import type { TrunkState } from '@trunkmesh/contracts/trunk.js';
import { decideInbound } from './decide-inbound.js';
import {
  carrier,
  evidence,
  given,
  indexOf,
  invite,
  number,
  ORG,
  organization,
  PBX,
  PROVEN,
  subjectOf,
  trunk,
  TRUNK,
  type Entity,
} from './inbound-fixture.js';
import { applyEvent } from './route-events.js';

const [B1, C1] = ['+15551230001', '+15551230002'];
const FOREIGN = '+15558880000';
const [EARLY, LATE] = ['2026-01-01T00:00:00.000Z', '2026-02-01T00:00:00.000Z'];

const claim = (since: string, with_: Partial<AddressClaim> = {}): AddressClaim => ({
  network: `${PBX}/32`,
  via: 'gateway',
  since,
  ...with_,
});
const claiming = (...claims: AddressClaim[]): Partial<TrunkState> => ({ address_claims: claims });
const toC = (prefix: string) => ({
  direction: 'inbound' as const,
  prefix,
  min_length: 1,
  max_length: 32,
  strip: prefix.length,
  add: C1,
});

/** B, whose PBX has the address, and C, who came later. */
const B = [organization(1), trunk(1, 1, claiming(claim(EARLY))), number(1, B1, { sip_trunk_id: TRUNK(1) })];
const C = [
  organization(2),
  trunk(2, 2, { ...claiming(claim(LATE)), number_rules: [toC('2000'), toC(B1)] }),
  number(2, C1, { sip_trunk_id: TRUNK(2) }),
];

const outcome = (decision: InboundDecision): string =>
  decision.outcome === 'route' ? `${decision.number} of ${decision.organization_id.slice(-1)}` : decision.reason;
const call = (entities: Entity[], with_: Partial<InboundRequest>) => outcome(given(...entities).when(with_));

describe('an address that several organisations claim', () => {
  const ways: [string, Entity][] = [
    ['the address as its gateway', trunk(2, 2, { ...claiming(claim(LATE)), number_rules: [toC('2000')] })],
    [
      'the address among its inbound addresses',
      trunk(2, 2, { ...claiming(claim(LATE, { via: 'inbound' })), number_rules: [toC('2000')] }),
    ],
    [
      'a /24 around it',
      trunk(2, 2, {
        ...claiming(claim(LATE, { via: 'inbound', network: '198.51.100.0/24' })),
        number_rules: [toC('2000')],
      }),
    ],
    [
      'a /8 around it, older, from before ranges were limited',
      trunk(2, 2, {
        ...claiming(claim('2025-01-01T00:00:00.000Z', { via: 'inbound', network: '198.0.0.0/8' })),
        number_rules: [toC('2000')],
      }),
    ],
    [
      'a name that leads there',
      trunk(2, 2, { gateway: 'c.example.com', ...claiming(claim(LATE, { via: 'name' })), number_rules: [toC('2000')] }),
    ],
    [
      'an older trunk that was pointed there later',
      trunk(2, 2, { created_at: '2025-01-01T00:00:00.000Z', ...claiming(claim(LATE)), number_rules: [toC('2000')] }),
    ],
  ];

  it.each(ways)(
    "is the first one's, whose own extensions and sole number go on, though a newcomer has %s",
    (_what, hostile) => {
      const all = [...B, organization(2), hostile, number(2, C1, { sip_trunk_id: TRUNK(2) })];
      expect(call(all, { request_uri_user: '2000', to_user: '2000' })).toBe(`${B1} of 1`);
      expect(call(all, { to_user: B1 })).toBe(`${B1} of 1`);
      expect(call(all, { to_user: C1 })).toBe('unknown-number');
    },
  );

  it('counts a name that only the bridge has resolved so far as the youngest claim', () => {
    const named = [
      organization(2),
      trunk(2, 2, { gateway: 'c.example.com', number_rules: [toC('2000')], address_claims: [] }),
      number(2, C1, { sip_trunk_id: TRUNK(2) }),
    ];
    expect(call([...B, ...named], { request_uri_user: '2000', resolved_trunks: [TRUNK(2)] })).toBe(`${B1} of 1`);
    expect(call([...named], { request_uri_user: '2000', resolved_trunks: [TRUNK(2)] })).toBe(`${C1} of 2`);
    expect(call([...B, ...named, evidence(2)], { request_uri_user: '2000', resolved_trunks: [TRUNK(2)] })).toBe(
      `${C1} of 2`,
    );
    expect(
      call([...B, ...named, evidence(1), evidence(2)], { request_uri_user: '2000', resolved_trunks: [TRUNK(2)] }),
    ).toBe('ambiguous-number');
    expect(call([...B, ...named, evidence(1), evidence(2)], { to_user: C1, resolved_trunks: [TRUNK(2)] })).toBe(
      `${C1} of 2`,
    );
  });

  it('goes to the only one with evidence, whichever was first', () => {
    expect(call([...B, ...C, evidence(2)], { request_uri_user: '2000' })).toBe(`${C1} of 2`);
    expect(call([...B, ...C, evidence(1)], { request_uri_user: '2000' })).toBe(`${B1} of 1`);
    expect(call([...B, ...C, evidence(2)], { to_user: B1 })).toBe(`${C1} of 2`);
    expect(call([...B, ...C, evidence(2, '198.51.100.0/24')], { request_uri_user: '2000' })).toBe(`${C1} of 2`);
    expect(call([...B, ...C, evidence(2, '203.0.113.0/24')], { request_uri_user: '2000' })).toBe(`${B1} of 1`);
  });

  it("stays the first one's while that one's trunk is disabled or its organisation suspended", () => {
    const disabled = [organization(1), trunk(1, 1, { ...claiming(claim(EARLY)), enabled: false }), number(1, B1)];
    expect(call([...disabled, ...C], { request_uri_user: '2000' })).toBe('trunk-disabled');
    expect(call([organization(1, { status: 'suspended' }), ...B.slice(1), ...C], { request_uri_user: '2000' })).toBe(
      'organization-suspended',
    );
  });

  it('prefers an approved wide range to a later address, and that address to a wide range without approval', () => {
    const wide = (approved?: true) =>
      trunk(2, 2, {
        ...claiming(
          claim('2025-01-01T00:00:00.000Z', { network: '198.0.0.0/8', via: 'inbound', ...(approved && { approved }) }),
        ),
        number_rules: [toC('2000')],
      });
    const others = [organization(2), number(2, C1, { sip_trunk_id: TRUNK(2) })];
    expect(call([...B, ...others, wide()], { request_uri_user: '2000' })).toBe(`${B1} of 1`);
    expect(call([...B, ...others, wide(true)], { request_uri_user: '2000' })).toBe(`${C1} of 2`);
    expect(call([...others, wide()], { request_uri_user: '2000' })).toBe(`${C1} of 2`);
  });

  it('is judged within the pool that the call came to', () => {
    const elsewhere = C.map((entity) => ('gateway' in entity ? { ...entity, bridge_pool: 'eu' } : entity));
    expect(call([...B, ...elsewhere, evidence(2)], { request_uri_user: '2000' })).toBe(`${B1} of 1`);
    expect(call([...B, ...elsewhere, evidence(2)], { request_uri_user: '2000', pool: 'eu' })).toBe(`${C1} of 2`);
  });
});

describe('a shared address', () => {
  const evident = [...B, ...C, evidence(1), evidence(2)];
  const listed = [...B, ...C, carrier('example', ['198.51.100.0/24'])];

  it.each([
    ['by evidence', evident],
    ["by the operator's list", listed],
  ])("%s: a full public number decides, and no organisation's own rules", (_what, entities) => {
    expect(call(entities, { to_user: B1 })).toBe(`${B1} of 1`);
    expect(call(entities, { to_user: C1 })).toBe(`${C1} of 2`);
    expect(call(entities, { headers: [['Diversion', `<sip:${B1}@h>`]] })).toBe(`${B1} of 1`);
    expect(call(entities, { request_uri_user: '2000', to_user: '2000' })).toBe('ambiguous-number');
    expect(call(entities, { to_user: FOREIGN })).toBe('unknown-number');
  });

  it('that is listed is shared even while one organisation claims it; a second one changes nothing', () => {
    const alone = [...C, carrier('example', ['198.51.100.0/24'])];
    expect(call(alone, { request_uri_user: '2000' })).toBe('ambiguous-number');
    expect(call(alone, { to_user: C1 })).toBe(`${C1} of 2`);
  });

  it('reads national numbers as the operator says that the carrier writes them', () => {
    const entities = [
      organization(1),
      trunk(1, 1, claiming(claim(EARLY))),
      number(1, '+12125550100'),
      organization(2),
      trunk(2, 2, { ...claiming(claim(EARLY)), default_country: 'GB' }),
      number(2, '+442125550100'),
    ];
    expect(call([...entities, carrier('us', ['198.51.100.0/24'], 'US')], { to_user: '2125550100' })).toBe(
      '+12125550100 of 1',
    );
    expect(call([...entities, carrier('any', ['198.51.100.0/24'])], { to_user: '2125550100' })).toBe('unknown-number');
  });

  it('takes nothing from a call that names a number somebody only claims to have', () => {
    // The customers of B forward their line to B's number; C adds that line as its own.
    const forwarded = { request_uri_user: B1, headers: [['Diversion', `<sip:${FOREIGN}@h>`]] as [string, string][] };
    const taken = number(2, FOREIGN, { sip_trunk_id: TRUNK(2) });
    expect(call([...evident, taken], forwarded)).toBe(`${B1} of 1`);
    expect(
      call([...evident, taken], {
        ...forwarded,
        request_uri_user: '9228',
        headers: [['Diversion', `<sip:${B1}@h>, <sip:${FOREIGN}@h>`]],
      }),
    ).toBe(`${B1} of 1`);
    const provenB = [
      ...evident.filter((entity) => !('phone_number' in entity && entity.phone_number === B1)),
      number(1, B1, { ...PROVEN, id: 'ffffffff-0000-7000-8000-000000000000' }),
    ];
    expect(call([...provenB, taken], forwarded)).toBe(`${B1} of 1`);
  });

  it('gives a call that was forwarded between two customers to the one that the carrier addressed', () => {
    const proven = evident.map((entity) => ('phone_number' in entity ? { ...entity, ...PROVEN } : entity));
    expect(call(proven, { request_uri_user: B1, headers: [['Diversion', `<sip:${C1}@h>`]] })).toBe(`${B1} of 1`);
    expect(call(proven, { to_user: C1, headers: [['Diversion', `<sip:${B1}@h>`]] })).toBe(`${C1} of 2`);
    expect(
      call(proven, {
        headers: [
          ['History-Info', `<sip:${C1}@h>;index=1`],
          ['Diversion', `<sip:${B1}@h>`],
        ],
      }),
    ).toBe(`${B1} of 1`);
  });
});

describe('what is known of an address', () => {
  it('follows every event that changes who counts there', () => {
    const index = indexOf(...B, ...C);
    const put = (entity: Entity, state: Entity | null = entity) =>
      applyEvent(index, subjectOf(entity), { data: { state } });
    const decide = () => outcome(decideInbound(index, invite({ request_uri_user: '2000' })));
    const steps: [() => unknown, string][] = [
      [() => undefined, `${B1} of 1`],
      [() => put(evidence(2)), `${C1} of 2`],
      [() => put(evidence(1, '198.51.100.0/24')), 'ambiguous-number'],
      [() => put(evidence(2), null), `${B1} of 1`],
      [() => put(evidence(1, '198.51.100.0/24'), null), `${B1} of 1`],
      [() => put(carrier('one', ['198.51.100.0/25'])), 'ambiguous-number'],
      [() => put(carrier('one', ['203.0.113.0/24'])), `${B1} of 1`],
      [() => put(carrier('one', ['203.0.113.0/24']), null), `${B1} of 1`],
      [() => put(trunk(1, 1, claiming(claim('2026-03-01T00:00:00.000Z')))), `${C1} of 2`],
      [() => put(trunk(1, 1, claiming(claim(EARLY)))), `${B1} of 1`],
      [() => put(trunk(1, 1), null), `${C1} of 2`],
    ];
    for (const [change, expected] of steps) {
      change();
      expect(decide()).toBe(expected);
    }
    expect(index.standings.size).toBe(1);
    for (const entity of [...C, trunk(2, 2)]) put(entity, null);
    expect([index.organizations.values.filter((entry) => entry !== undefined).length, index.evidenceKeys.size]).toEqual(
      [1, 0],
    );
  });
});

describe('an explanation for one organisation', () => {
  const see = (entities: Entity[], with_: Partial<InboundRequest>, org: number) =>
    given(...entities).explain(with_, ORG(org));

  it("decides as the live call does, with everybody's trunks", () => {
    expect(see([...B, ...C], { request_uri_user: '2000' }, 1)).toMatchObject({
      outcome: 'route',
      number: B1,
      explanation: { standing: { at_address: 'sole', has_evidence: false, others: true } },
    });
    expect(see([...B, ...C, evidence(1), evidence(2)], { request_uri_user: '2000' }, 1)).toMatchObject({
      reason: 'ambiguous-number',
      explanation: { standing: { at_address: 'shared', has_evidence: true, others: true } },
    });
    expect(see(B, { request_uri_user: '2000' }, 1)).toMatchObject({
      outcome: 'route',
      explanation: { standing: { at_address: 'sole', others: false } },
    });
  });

  it('shows a newcomer for any called number that another customer uses the address, but not which one', () => {
    for (const to_user of [B1, C1, '2000', FOREIGN]) {
      const seen = see([...B, ...C], { to_user }, 2);
      expect(seen).toMatchObject({
        outcome: 'refuse',
        reason: 'unknown-source',
        organization_id: null,
        number: null,
        explanation: { candidates: [], standing: { at_address: 'not-a-candidate', others: true } },
      });
      expect(seen.explanation.summary).toContain('another customer uses 198.51.100.7');
      expect(JSON.stringify(seen)).not.toContain(ORG(1));
    }
  });

  it("reads another organisation's number like nobody's", () => {
    const all = [...B, ...C, evidence(1), evidence(2)];
    const blur = (called: string) =>
      JSON.stringify(see(all, { to_user: called }, 2))
        .replaceAll(called, 'N')
        .replaceAll('other-organizations-number', 'nobodys-number');
    expect(blur(B1)).toBe(blur(FOREIGN));
    expect(see(all, { to_user: B1, headers: [['Diversion', `<sip:${C1}@h>`]] }, 2)).toMatchObject({
      outcome: 'refuse',
      reason: 'unknown-number',
      organization_id: null,
    });
  });

  it('is no directory of who calls from where', () => {
    for (const source_address of [PBX, '192.0.2.77']) {
      expect(see([...B, organization(3)], { source_address, to_user: B1 }, 3)).toMatchObject({
        reason: 'unknown-source',
        explanation: { standing: { at_address: 'no-claim', has_evidence: false, others: false } },
      });
    }
  });

  it('is the decision itself for an operator', () => {
    expect(given(...B, ...C).explain({ to_user: B1 }, null)).toEqual(given(...B, ...C).when({ to_user: B1 }));
  });
});
