import type { AddressClaim } from '@trunkmesh/contracts/address.js';
import { CALLED_NUMBER_SOURCES, type InboundDecision, type InboundRequest } from '@trunkmesh/contracts/routing.js';
import type { NumberRule } from '@trunkmesh/contracts/number-rule.js';
import fc from 'fast-check';
import {
  carrier,
  evidence,
  id,
  invite,
  number,
  organization,
  PBX,
  PROVEN,
  trunk,
  TRUNK,
  type Entity,
} from './inbound-fixture.js';

/**
 * Honest organisations 1 and 2 behind one address, and everything that a hostile organisation 9 without evidence could
 * configure and a caller could send. Shared by the property tests of the index and of the agent's local copy.
 */

const SINCE = '2026-01-01T00:00:00.000Z';
export const HOSTILE = 9;
/** Organisation 1's numbers, organisation 2's number, and a public number that is nobody's. */
export const HONEST_NUMBERS = ['+12125550101', '+12125550102'] as const;
export const NEIGHBOURS_NUMBER = '+442125550101';
export const FOREIGN = '+15558880000';
const HOSTILE_NUMBERS = ['+15557770001', '+15557770002', FOREIGN, '+12125550109'];

const claimed = (network: string, via: AddressClaim['via'] = 'gateway', since = SINCE): AddressClaim => ({
  network,
  via,
  since,
});
const at = (network = `${PBX}/32`) => ({ address_claims: [claimed(network)] });
/** Ids of honest numbers are older than any that the hostile organisation can get (UUIDv7). */
const older = (phone: string) => ({ id: id(3, Number(phone.slice(-4))) });

const EXTENSIONS: NumberRule = {
  direction: 'inbound',
  prefix: '',
  min_length: 3,
  max_length: 3,
  strip: 0,
  add: '+12125550',
};
const honest = (numbers: object = {}): Entity[] => [
  organization(1),
  trunk(1, 1, { ...at(), default_country: 'US', username: 'one', number_rules: [EXTENSIONS] }),
  trunk(1, 2, { ...at('192.0.2.2/32'), gateway: '192.0.2.2', priority: 3 }),
  ...HONEST_NUMBERS.map((phone, index) =>
    number(1, phone, { ...older(phone), sip_trunk_id: TRUNK(index + 1), ...numbers }),
  ),
];
const neighbour = (numbers: object = {}): Entity[] => [
  organization(2),
  trunk(2, 3, { ...at(), default_country: 'GB' }),
  number(2, NEIGHBOURS_NUMBER, { ...older(NEIGHBOURS_NUMBER), sip_trunk_id: TRUNK(3), ...numbers }),
];

/**
 * What may be at the address: one organisation that never proved anything, one that did, two that share it by
 * evidence, and a carrier's address that is listed.
 */
export const WORLDS: Record<string, Entity[]> = {
  'one organisation without evidence': honest(),
  'one organisation whose trunk is disabled': honest().map((entity) =>
    'gateway' in entity && entity.gateway === PBX ? { ...entity, enabled: false } : entity,
  ),
  'one organisation with evidence': [...honest(PROVEN), evidence(1)],
  'one organisation with evidence beside another claim': [...honest(), evidence(1), ...neighbour()],
  'two organisations with evidence': [...honest(PROVEN), ...neighbour(PROVEN), evidence(1), evidence(2)],
};
export const SHARED_WORLDS: Record<string, Entity[]> = {
  'by evidence': WORLDS['two organisations with evidence']!,
  'by evidence, numbers not yet proven': [...honest(), ...neighbour(), evidence(1), evidence(2)],
  "by the operator's list": [...honest(PROVEN), ...neighbour(PROVEN), carrier('listed', ['198.51.100.0/24'])],
  "by the operator's list with a country": [
    ...honest(PROVEN),
    ...neighbour(),
    carrier('listed', ['198.51.100.0/24'], 'US'),
  ],
};

const network = fc.oneof(
  fc.constantFrom(`${PBX}/32`, '192.0.2.2/32', '203.0.113.66/32', '2001:db8::/32'),
  fc.integer({ min: 0, max: 32 }).map((prefix) => `${PBX}/${prefix}`),
);
/**
 * A newcomer: what was claimed before anybody else did is the oldest claim by the design. A range that an organisation
 * may not claim may be older, from before the limit.
 */
const hostileClaim: fc.Arbitrary<AddressClaim> = fc.oneof(
  fc.record({
    network,
    via: fc.constantFrom('gateway' as const, 'inbound' as const, 'name' as const),
    since: fc.constantFrom('2026-01-01T00:00:00.001Z', '2026-05-01T00:00:00.000Z'),
  }),
  fc.integer({ min: 0, max: 23 }).map((prefix) => claimed(`${PBX}/${prefix}`, 'inbound', '2020-01-01T00:00:00.000Z')),
);

const spelled = fc.constantFrom(
  '',
  '2',
  '2000',
  '101',
  '+1',
  '1',
  '212',
  ...HONEST_NUMBERS,
  NEIGHBOURS_NUMBER,
  HONEST_NUMBERS[0].slice(1),
  '9228',
);
const hostileRule: fc.Arbitrary<NumberRule> = fc.record({
  direction: fc.constantFrom('inbound' as const, 'outbound' as const),
  prefix: spelled,
  min_length: fc.nat(4),
  max_length: fc.integer({ min: 4, max: 32 }),
  strip: fc.nat(15),
  add: fc.constantFrom('', ...HOSTILE_NUMBERS, ...HONEST_NUMBERS, NEIGHBOURS_NUMBER, '+', '00'),
});

const hostileTrunk = fc.record({
  created_at: fc.constantFrom('2020-01-01T00:00:00.000Z', '2026-05-01T00:00:00.000Z'),
  gateway: fc.constantFrom(PBX, 'evil.example.com', '203.0.113.66', `${PBX}:5080`),
  outbound_proxy: fc.constantFrom(null, PBX, 'evil.example.com'),
  address_claims: fc.array(hostileClaim, { maxLength: 4 }),
  enabled: fc.boolean(),
  priority: fc.constantFrom(0, 10),
  default_country: fc.constantFrom(null, 'US', 'GB', 'DE'),
  number_rules: fc.array(hostileRule, { maxLength: 4 }),
  username: fc.constantFrom(null, 'one', '9228', '2000', HONEST_NUMBERS[0].slice(1)),
  bridge_pool: fc.constantFrom('default', 'default', 'eu'),
});

/**
 * No number of the hostile organisation is proven: for that a call for it must have come from an address where it has
 * evidence.
 */
const hostileNumber = fc
  .record({
    phone: fc.constantFrom(...HOSTILE_NUMBERS),
    trunk: fc.option(fc.constantFrom(90, 91, 1, 3)),
    is_active: fc.boolean(),
    allowed_country_codes: fc.constantFrom<string[] | null>(null, [], ['US']),
  })
  .map(({ phone, trunk: named, ...with_ }) =>
    number(HOSTILE, phone, {
      ...with_,
      id: `fffffff0-0000-7000-8000-${phone.slice(1).padStart(12, '0')}`,
      sip_trunk_id: named === null ? null : TRUNK(named),
    }),
  );

/**
 * Everything that one organisation could have at one time. Its trunks' ids are older than anybody's, as if it had made
 * them long ago.
 */
export const hostileOrganization: fc.Arbitrary<Entity[]> = fc
  .record({
    status: fc.constantFrom('active' as const, 'suspended' as const),
    trunks: fc.array(hostileTrunk, { minLength: 1, maxLength: 3 }),
    numbers: fc.uniqueArray(hostileNumber, { selector: ({ phone_number }) => phone_number, maxLength: 3 }),
    elsewhere: fc.constantFrom([], [evidence(HOSTILE, '203.0.113.66/32')]),
  })
  .map(({ status, trunks, numbers, elsewhere }) => [
    organization(HOSTILE, { status }),
    ...trunks.map((with_, index) =>
      trunk(HOSTILE, 90 + index, { ...with_, id: `00000000-0000-7000-8000-0000000000${90 + index}` }),
    ),
    ...numbers,
    ...elsewhere,
  ]);
export const HOSTILE_TRUNKS = [90, 91, 92].map((index) => `00000000-0000-7000-8000-0000000000${index}`);

const words = ['101', '102', '2000', '9228', 'one', '2125550101', '02125550101', '', 'gw+', '*21#'];
const user = fc.oneof(
  fc.constantFrom(
    ...HONEST_NUMBERS,
    NEIGHBOURS_NUMBER,
    ...HOSTILE_NUMBERS,
    ...words,
    `gw+${TRUNK(1)}.1`,
    `gw+${TRUNK(3)}.4`,
    `gw+${HOSTILE_TRUNKS[0]}.1`,
  ),
  fc.constantFrom(...HONEST_NUMBERS).map((phone) => phone.slice(1)),
  fc.string({ maxLength: 16 }),
);
const header: fc.Arbitrary<[string, string]> = fc.tuple(
  fc.constantFrom(...CALLED_NUMBER_SOURCES),
  fc
    .array(user, { minLength: 1, maxLength: 3 })
    .chain((users) =>
      fc.constantFrom(
        users.map((one) => `<sip:${one}@h>`).join(', '),
        users.map((one, index) => `<sip:${one}@h>;index=1.${index}`).join(', '),
        users[0]!,
        `<tel:${users[0]};phone-context=+1>`,
      ),
    ),
);

/** Any INVITE. The bridge may have resolved a hostile name to its source a moment ago. */
export const hostileInvite: fc.Arbitrary<InboundRequest> = fc
  .record({
    source_address: fc.oneof(
      { weight: 6, arbitrary: fc.constant(PBX) },
      { weight: 1, arbitrary: fc.constantFrom('192.0.2.2', '::ffff:198.51.100.7', '198.51.100.8') },
    ),
    resolved_trunks: fc.subarray(HOSTILE_TRUNKS),
    claimed_gateway: fc.constantFrom(null, null, `${TRUNK(1)}.1`, `${TRUNK(3)}.1`, `${HOSTILE_TRUNKS[0]}.1`),
    request_uri_user: user,
    to_user: user,
    from_user: fc.constantFrom('+12125559999', '+442079999999', 'anonymous'),
    headers: fc.array(header, { maxLength: 4 }),
  })
  .map(invite);

/**
 * The decision but for one word of its explanation: a number of another organisation is called that, and where it is
 * not there, nobody's.
 */
export function comparable(decision: InboundDecision): InboundDecision {
  const steps = decision.explanation.steps.map((step) =>
    step.verdict === 'other-organizations-number' ? { ...step, verdict: 'nobodys-number' as const } : step,
  );
  return { ...decision, explanation: { ...decision.explanation, steps } };
}
