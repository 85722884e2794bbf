import { describe, expect, it } from '@jest/globals';
import {
  CALLED_NUMBER_SOURCES,
  inboundDecision,
  type InboundDecision,
  type InboundRequest,
} from '@trunkmesh/contracts/routing.js';
import {
  carrier,
  evidence,
  given,
  id,
  invite,
  number,
  NUMBER_ID,
  ORG,
  organization,
  PBX,
  trunk,
  TRUNK,
} from './inbound-fixture.js';

const A = '+15551230001';
const B = '+15551230002';
const NOBODYS = '+15559990000';

/** Two numbers behind one trunk, so that nothing is routed unless a source says which. */
const TWO_NUMBERS = [
  organization(1),
  trunk(1, 1),
  number(1, A, { sip_trunk_id: TRUNK(1) }),
  number(1, B, { sip_trunk_id: TRUNK(1) }),
];

const outcome = (decision: InboundDecision): string =>
  decision.outcome === 'route'
    ? `${decision.decided_by} ${decision.number}`
    : `${decision.sip_status} ${decision.reason}`;
const verdicts = (decision: InboundDecision) =>
  Object.fromEntries(decision.explanation.steps.map((step) => [step.source, step.verdict]));

describe('an inbound call is decided by', () => {
  it.each<[string, Partial<InboundRequest>]>([
    ['Diversion', { headers: [['Diversion', `<sip:${A}@pbx.example.com>;reason=unconditional;counter=1`]] }],
    [
      'History-Info',
      {
        headers: [
          [
            'History-Info',
            `<sip:${A}@pbx.example.com>;index=1, <sip:9228@pbx.example.com?Reason=SIP;cause=302>;index=1.1`,
          ],
        ],
      },
    ],
    ['X-Original-Called', { headers: [['X-Original-Called', A]] }],
    ['X-Original-Number', { headers: [['X-Original-Number', `tel:${A}`]] }],
    ['X-Forwarded-To', { headers: [['X-Forwarded-To', `sip:${A}@pbx.example.com`]] }],
    ['X-Original-To', { headers: [['X-Original-To', `${A}@pbx.example.com`]] }],
    ['P-Called-Party-ID', { headers: [['P-Called-Party-ID', `<sip:${A}@ims.example.com;user=phone>`]] }],
    ['Request-URI', { request_uri_user: A }],
    ['To', { to_user: A }],
  ])('%s', (source, request) => {
    const decision = given(...TWO_NUMBERS).when(request);
    expect(decision).toMatchObject({
      outcome: 'route',
      decided_by: source,
      number: A,
      organization_id: ORG(1),
      trunk_id: TRUNK(1),
      number_id: NUMBER_ID(15551230001),
      target: { kind: 'assistant', id: 42 },
      caller: '+15559876543',
    });
    expect(inboundDecision.parse(decision)).toEqual(decision);
  });

  it("the first source in the mission's order that names a number, whatever the order on the wire", () => {
    const headers: InboundRequest['headers'] = [];
    let decision = given(...TWO_NUMBERS).when({ request_uri_user: B, to_user: A });
    expect(outcome(decision)).toBe(`Request-URI ${B}`);
    for (const source of CALLED_NUMBER_SOURCES.slice(0, 7).reverse()) {
      const named = headers.length % 2 === 0 ? A : B;
      headers.push([source, `<sip:${named}@h>;index=1`]);
      decision = given(...TWO_NUMBERS).when({ request_uri_user: B, to_user: A, headers });
      expect(outcome(decision)).toBe(`${source} ${named}`);
    }
  });

  it("the bottom-most Diversion, the call's original destination, of several lines and lists", () => {
    expect(
      outcome(
        given(...TWO_NUMBERS).when({
          headers: [
            ['Diversion', `<sip:9228@h>, <sip:${B}@h>`],
            ['Diversion', `"Sales, <EU>" <sip:${A}@h>`],
          ],
        }),
      ),
    ).toBe(`Diversion ${A}`);
  });

  it('the next Diversion above, where the bottom-most is not ours', () => {
    expect(
      outcome(
        given(...TWO_NUMBERS).when({
          headers: [
            ['Diversion', `<sip:${B}@h>`],
            ['Diversion', `<sip:${NOBODYS}@h>`],
          ],
        }),
      ),
    ).toBe(`Diversion ${B}`);
  });

  it('the lowest History-Info index, whatever the order on the wire', () => {
    const history =
      `<sip:9228@h>;index=1.10, <sip:${B}@h>;index=1.2, ` +
      `<sip:${A}@h?Reason=SIP%3Bcause%3D302>;index=1.1, <sip:${NOBODYS}@h>;index=1`;
    expect(outcome(given(...TWO_NUMBERS).when({ headers: [['History-Info', history]] }))).toBe(`History-Info ${A}`);
  });

  it("a later source, where an earlier one names nobody's number", () => {
    const decision = given(...TWO_NUMBERS).when({
      headers: [
        ['Diversion', `<sip:${NOBODYS}@h>`],
        ['X-Original-To', 'none of yours'],
        ['P-Called-Party-ID', `<sip:${A}@h>`],
      ],
    });
    expect(outcome(decision)).toBe(`P-Called-Party-ID ${A}`);
    expect(verdicts(decision)).toEqual({
      Diversion: 'nobodys-number',
      'History-Info': 'absent',
      'X-Original-Called': 'absent',
      'X-Original-Number': 'absent',
      'X-Forwarded-To': 'absent',
      'X-Original-To': 'not-a-public-number',
      'P-Called-Party-ID': 'decided',
      'Request-URI': 'not-asked',
      To: 'not-asked',
      sole_number: 'not-asked',
    });
  });

  it("the trunk's own spelling of numbers", () => {
    const carrier = trunk(1, 1, {
      default_country: 'DE',
      number_rules: [{ direction: 'inbound', prefix: '#31#', min_length: 0, max_length: 32, strip: 4, add: '' }],
    });
    const entities = [
      organization(1),
      carrier,
      number(1, '+4930123456', { sip_trunk_id: TRUNK(1) }),
      number(1, B, { sip_trunk_id: TRUNK(1) }),
    ];
    for (const spelling of [
      '030123456',
      '030/123456',
      '004930123456',
      '+49 30 123456',
      '#31#030123456',
      '4930123456',
    ]) {
      expect(outcome(given(...entities).when({ to_user: spelling }))).toBe('To +4930123456');
    }
  });

  it('an extension that a rule makes the number of', () => {
    const carrier = trunk(1, 1, {
      number_rules: [{ direction: 'inbound', prefix: '', min_length: 4, max_length: 4, strip: 0, add: '+1555123' }],
    });
    expect(
      outcome(given(organization(1), carrier, number(1, A), number(1, B)).when({ request_uri_user: '0002' })),
    ).toBe(`Request-URI ${B}`);
  });
});

describe('the only number of a trunk', () => {
  const ONE_NUMBER = [
    organization(1),
    trunk(1, 1, { username: 'account-17', auth_username: '15550000000' }),
    number(1, A, { sip_trunk_id: TRUNK(1) }),
  ];

  it.each([
    ['a short extension', '9228'],
    ['nothing', ''],
    ["the trunk's user name", 'account-17'],
    ["the trunk's numeric user name", '15550000000'],
    ['a word', 's'],
    ["FreeSWITCH's contact", `gw+${TRUNK(1)}.7`],
    ['a service code', '*21*15551234567#'],
  ])('is called by %s', (_what, user) => {
    const decision = given(...ONE_NUMBER).when({ request_uri_user: user, to_user: user });
    expect(outcome(decision)).toBe(`sole_number ${A}`);
    expect(decision.explanation.steps.at(-1)).toEqual({
      source: 'sole_number',
      raw: null,
      number: A,
      verdict: 'decided',
    });
  });

  it('is called by the user of an address of record', () => {
    for (const names of [
      { username: '15550000000@carrier.example.com' },
      { auth_username: '15550000000@carrier.example.com' },
    ]) {
      const entities = [organization(1), trunk(1, 1, names), number(1, A, { sip_trunk_id: TRUNK(1) })];
      expect(outcome(given(...entities).when({ request_uri_user: `gw+${TRUNK(1)}.7`, to_user: '15550000000' }))).toBe(
        `sole_number ${A}`,
      );
      expect(outcome(given(...entities).when({ to_user: '15550000001' }))).toBe('404 unknown-number');
    }
    expect(
      outcome(
        given(
          organization(1),
          trunk(1, 1, { username: '155500000001' }),
          number(1, A, { sip_trunk_id: TRUNK(1) }),
        ).when({ to_user: '15550000000' }),
      ),
    ).toBe('404 unknown-number');
  });

  it.each([NOBODYS, '15559990000', '5559990000', '555-999-0000', '%2B15559990000', '004915559990000'])(
    "is not called by %s, which is a full number of nobody's",
    (user) => {
      expect(outcome(given(...ONE_NUMBER).when({ request_uri_user: '9228', to_user: user }))).toBe(
        '404 unknown-number',
      );
      expect(outcome(given(...ONE_NUMBER).when({ request_uri_user: user, to_user: '9228' }))).toBe(
        '404 unknown-number',
      );
    },
  );

  it("is called although a header names nobody's number: the call was forwarded to us from there", () => {
    expect(outcome(given(...ONE_NUMBER).when({ headers: [['Diversion', `<sip:${NOBODYS}@h>`]] }))).toBe(
      `sole_number ${A}`,
    );
  });

  it("is not counted while it is inactive, and another trunk's numbers do not count", () => {
    const others = [
      number(1, B, { sip_trunk_id: TRUNK(1), is_active: false }),
      trunk(1, 2, { gateway: '192.0.2.2' }),
      number(1, '+15551230003', { sip_trunk_id: TRUNK(2) }),
    ];
    expect(outcome(given(...ONE_NUMBER, ...others).when())).toBe(`sole_number ${A}`);
  });

  it('is never taken where there are two', () => {
    const decision = given(...TWO_NUMBERS).when();
    expect(outcome(decision)).toBe('484 ambiguous-number');
    expect(decision.explanation.steps.at(-1)!.verdict).toBe('ambiguous');
    expect(decision.explanation.summary).toBe(
      'Refused: no source names a number, and 2 active numbers are assigned behind this address: any choice ' +
        'would be a guess.',
    );
  });

  it("is nobody's where there is none", () =>
    expect(outcome(given(organization(1), trunk(1, 1), number(1, A)).when())).toBe('404 unknown-number'));

  it('is certain with two trunks of one organisation, where the other has none', () => {
    expect(outcome(given(...ONE_NUMBER, trunk(1, 2)).when())).toBe(`sole_number ${A}`);
  });

  it('is never taken where another organisation shares the address, with or without numbers', () => {
    const decision = given(...ONE_NUMBER, evidence(1), organization(2), trunk(2, 2), evidence(2)).when();
    expect(outcome(decision)).toBe('484 ambiguous-number');
    expect(decision).toMatchObject({ organization_id: null, trunk_id: null });
    expect(decision.explanation.summary).toContain('several organisations share this address');
  });

  it('is taken when the registered contact identifies the trunk among those that share the address', () => {
    const shared = [...ONE_NUMBER, organization(2), trunk(2, 2), number(2, B, { sip_trunk_id: TRUNK(2) }), evidence(2)];
    for (const claim of [{ claimed_gateway: `${TRUNK(1)}.3` }, { request_uri_user: `gw+${TRUNK(1)}.2` }]) {
      expect(outcome(given(...shared, evidence(1)).when(claim))).toBe(`sole_number ${A}`);
      expect(outcome(given(...shared, carrier('listed', ['198.51.100.0/24'])).when(claim))).toBe(
        '484 ambiguous-number',
      );
    }
  });
});

describe('who is calling', () => {
  it('is the trunk whose literal gateway, CIDR or resolved host has the source address', () => {
    const by = (with_: Parameters<typeof trunk>[2], request: Partial<InboundRequest>) =>
      given(organization(1), trunk(1, 1, with_), number(1, A)).when({ to_user: A, ...request });
    const matchedBy = (decision: InboundDecision) =>
      decision.explanation.candidates.map((candidate) => candidate.matched_by);
    expect(matchedBy(by({ gateway: `${PBX}:5080` }, {}))).toEqual(['gateway-address']);
    expect(matchedBy(by({ gateway: 'sip.example.com', inbound_addresses: ['198.51.100.0/24'] }, {}))).toEqual([
      'inbound-address',
    ]);
    expect(matchedBy(by({ gateway: 'sip.example.com' }, { resolved_trunks: [TRUNK(1), id(2, 99)] }))).toEqual([
      'resolved-host',
    ]);
    expect(matchedBy(by({ inbound_addresses: [PBX, '198.51.0.0/16'] }, { resolved_trunks: [TRUNK(1)] }))).toEqual([
      'gateway-address',
    ]);
    expect(matchedBy(by({ gateway: '[2001:db8::7]:5060' }, { source_address: '2001:DB8:0::7' }))).toEqual([
      'gateway-address',
    ]);
    expect(matchedBy(by({}, { source_address: '::ffff:198.51.100.7' }))).toEqual(['gateway-address']);
  });

  it.each(['192.0.2.1', '', 'localhost', '198.51.100.7.', '::', "' OR 1=1"])(
    'a stranger at %j is refused, even one who claims a gateway',
    (source_address) => {
      const decision = given(...TWO_NUMBERS).when({
        source_address,
        to_user: A,
        claimed_gateway: `${TRUNK(1)}.1`,
        request_uri_user: `gw+${TRUNK(1)}.1`,
      });
      expect(decision).toMatchObject({
        outcome: 'refuse',
        reason: 'unknown-source',
        sip_status: 403,
        organization_id: null,
        trunk_id: null,
        number: null,
      });
      expect(decision.explanation.steps.find((step) => step.source === 'To')).toEqual({
        source: 'To',
        raw: A,
        number: null,
        verdict: 'not-asked',
      });
    },
  );

  it('a claim that is not among the candidates by address changes nothing', () => {
    const decision = given(
      ...TWO_NUMBERS,
      organization(2),
      trunk(2, 2, { gateway: '192.0.2.2' }),
      number(2, NOBODYS),
    ).when({ claimed_gateway: `${TRUNK(2)}.1`, to_user: NOBODYS });
    expect(outcome(decision)).toBe('404 unknown-number');
    expect(decision).toMatchObject({ organization_id: ORG(1), trunk_id: TRUNK(1) });
    expect(verdicts(decision)['To']).toBe('other-organizations-number');
  });

  it('a trunk of another pool is not there', () => {
    const entities = [organization(1), trunk(1, 1, { bridge_pool: 'eu' }), number(1, A)];
    expect(outcome(given(...entities).when({ to_user: A }))).toBe('403 unknown-source');
    expect(outcome(given(...entities).when({ to_user: A, pool: '' }))).toBe(`To ${A}`);
  });

  it('the number decides between two organisations at one address, and neither sees the other', () => {
    const shared = [
      organization(1),
      trunk(1, 1),
      number(1, A),
      evidence(1),
      organization(2),
      trunk(2, 2),
      number(2, B),
      evidence(2),
    ];
    for (const [org, called] of [
      [1, A],
      [2, B],
    ] as const) {
      const decision = given(...shared).when({ to_user: called });
      expect(decision).toMatchObject({
        outcome: 'route',
        organization_id: ORG(org),
        trunk_id: TRUNK(org),
        number: called,
      });
      expect(decision.explanation.candidates.map((candidate) => candidate.organization_id)).toEqual([ORG(org)]);
    }
  });

  it("the number's own trunk is the call's, then the claimed one, then the preferred one", () => {
    const trunks = [
      organization(1),
      trunk(1, 1, { priority: 5 }),
      trunk(1, 2, { priority: 1 }),
      trunk(1, 3, { priority: 9 }),
    ];
    expect(given(...trunks, number(1, A, { sip_trunk_id: TRUNK(3) })).when({ to_user: A })).toMatchObject({
      trunk_id: TRUNK(3),
    });
    expect(given(...trunks, number(1, A)).when({ to_user: A })).toMatchObject({ trunk_id: TRUNK(2) });
    expect(given(...trunks, number(1, A)).when({ to_user: A, claimed_gateway: `${TRUNK(1)}.4` })).toMatchObject({
      trunk_id: TRUNK(1),
    });
    expect(given(...trunks, number(1, A, { sip_trunk_id: id(2, 77) })).when({ to_user: A })).toMatchObject({
      trunk_id: TRUNK(2),
    });
  });

  it('a value that two carriers behind one address read differently is a guess', () => {
    const trunks = (org: number) => [
      organization(1),
      trunk(1, 1, { default_country: 'US' }),
      number(1, '+12125550100'),
      organization(org),
      trunk(org, 2, { default_country: 'GB' }),
      number(org, '+442125550100'),
    ];
    expect(outcome(given(...trunks(1)).when({ to_user: '2125550100' }))).toBe('484 ambiguous-number');
    expect(outcome(given(...trunks(1)).when({ to_user: '+12125550100' }))).toBe('To +12125550100');
    const shared = [...trunks(2), evidence(1), evidence(2)];
    expect(given(...shared).when({ to_user: '2125550100' })).toMatchObject({
      outcome: 'refuse',
      reason: 'unknown-number',
      organization_id: null,
    });
    expect(outcome(given(...shared).when({ to_user: '+12125550100' }))).toBe('To +12125550100');
  });

  it("says whether the call itself named the number in full, which nobody's settings can make of it", () => {
    const spoken = [
      organization(1),
      trunk(1, 1, { default_country: 'US' }),
      number(1, '+12125550100', { sip_trunk_id: TRUNK(1) }),
    ];
    for (const to_user of ['+12125550100', '12125550100', '0012125550100'])
      expect(given(...spoken).when({ to_user })).toMatchObject({ outcome: 'route', named_in_full: true });
    expect(given(...spoken).when({ to_user: '2125550100' })).toMatchObject({ outcome: 'route', named_in_full: false });
    expect(given(...spoken).when({ to_user: '9228' })).toMatchObject({
      outcome: 'route',
      decided_by: 'sole_number',
      named_in_full: false,
    });
  });
});

describe('is refused', () => {
  const behind = (with_: Parameters<typeof number>[2], entity = organization(1)) =>
    given(entity, trunk(1, 1), number(1, A, { sip_trunk_id: TRUNK(1), ...with_ }));

  it.each<[string, InboundDecision]>([
    ['403 trunk-disabled', given(organization(1), trunk(1, 1, { enabled: false }), number(1, A)).when({ to_user: A })],
    ['403 organization-suspended', behind({}, organization(1, { status: 'suspended' })).when({ to_user: A })],
    ['404 unknown-number', behind({}).when({ to_user: NOBODYS })],
    ['404 inactive-number', behind({ is_active: false }).when({ to_user: A })],
    ['480 number-not-assigned', behind({ target: null }).when({ to_user: A })],
    [
      '480 number-not-assigned',
      behind({ target: { kind: 'flow', id: 7, name: null, is_active: false } }).when({ to_user: A }),
    ],
    ['403 caller-country-not-allowed', behind({ allowed_country_codes: ['DE'] }).when({ to_user: A })],
    [
      '403 caller-country-not-allowed',
      behind({ allowed_country_codes: ['US'] }).when({ to_user: A, from_user: 'anonymous' }),
    ],
    ['403 caller-country-not-allowed', behind({ allowed_country_codes: ['US'] }).when({ to_user: A, from_user: '' })],
    [
      '403 caller-country-not-allowed',
      behind({ allowed_country_codes: ['US'] }).when({ to_user: A, from_user: '+12423221234' }),
    ],
    [
      '403 caller-country-not-allowed',
      behind({ allowed_country_codes: ['US'] }).when({ to_user: A, from_user: '+14165551234' }),
    ],
    ['403 caller-country-not-allowed', behind({ allowed_country_codes: [] }).when({ to_user: A })],
  ])('%s', (expected, decision) => {
    expect(outcome(decision)).toBe(expected);
    expect(decision).toMatchObject({ organization_id: ORG(1), trunk_id: TRUNK(1) });
    expect(inboundDecision.parse(decision)).toEqual(decision);
  });

  it('no caller of an allowed country', () => {
    const allowed = behind({ allowed_country_codes: ['US', 'BS'] });
    for (const from_user of ['+15559876543', '+12125551234', '15559876543', '+12423221234'])
      expect(outcome(allowed.when({ to_user: A, from_user }))).toBe(`To ${A}`);
  });

  it("a caller whose number says that it is local elsewhere, whatever the trunk's own country would make of it", () => {
    const entities = [
      organization(1),
      trunk(1, 1, { default_country: 'US' }),
      number(1, A, { allowed_country_codes: ['US'] }),
    ];
    expect(outcome(given(...entities).when({ to_user: A, from_user: '2125550100' }))).toBe(`To ${A}`);
    expect(outcome(given(...entities).when({ to_user: A, from_user: '2125550100;phone-context=+44' }))).toBe(
      '403 caller-country-not-allowed',
    );
  });

  it('by a disabled trunk only where no enabled one has the address', () => {
    const entities = [
      organization(1),
      trunk(1, 1, { enabled: false }),
      trunk(1, 2),
      number(1, A, { sip_trunk_id: TRUNK(1) }),
    ];
    expect(given(...entities).when({ to_user: A })).toMatchObject({ outcome: 'route', trunk_id: TRUNK(2) });
    expect(outcome(given(...entities).when({ to_user: A, claimed_gateway: `${TRUNK(1)}.1` }))).toBe(
      '403 trunk-disabled',
    );
  });

  it('for a suspended organisation, not for the one beside it', () => {
    const shared = [
      organization(1, { status: 'suspended' }),
      trunk(1, 1),
      number(1, A),
      evidence(1),
      organization(2),
      trunk(2, 2),
      number(2, B),
      evidence(2),
    ];
    expect(outcome(given(...shared).when({ to_user: A }))).toBe('403 organization-suspended');
    expect(outcome(given(...shared).when({ to_user: B }))).toBe(`To ${B}`);
  });
});

describe('the explanation', () => {
  it('shows every source that arrived, bounded, and says in a sentence what was decided', () => {
    const decision = given(...TWO_NUMBERS).when({
      headers: [
        ['x-original-called', 'x'.repeat(2048)],
        ['X-Original-Called', 'y'],
        ['Diversion', '<sip:'],
        ['X-Ignored', A],
      ],
      to_user: A,
    });
    const raw = Object.fromEntries(decision.explanation.steps.map((step) => [step.source, step.raw]));
    expect(raw['X-Original-Called']).toBe('x'.repeat(2048));
    expect(raw['Diversion']).toBe('<sip:');
    expect(verdicts(decision)['Diversion']).toBe('unparsable');
    expect(decision.explanation.summary).toBe(`Routed to assistant 42: To names ${A}.`);
  });

  it('is bounded where an organisation has many trunks at an address', () => {
    const trunks = Array.from({ length: 100 }, (_, at) => trunk(1, at + 1));
    expect(given(...trunks).when({ to_user: A }).explanation.candidates).toHaveLength(32);
  });

  it('keeps a request as it came', () => {
    const request = invite({
      headers: [
        ['Diversion', '<sip:2@h>, <sip:1@h>'],
        ['History-Info', '<sip:2@h>;index=2, <sip:1@h>;index=1'],
      ],
    });
    const before = structuredClone(request);
    given(...TWO_NUMBERS).when(request);
    expect(request).toEqual(before);
  });
});
