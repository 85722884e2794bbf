import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { inboundRequest } from '@trunkmesh/contracts/routing.js';
import { MAX_INVITE_CHARACTERS, parseInvite, type Invite } from './invite-text.js';
import { headerAddress, parseUri } from './sip-address.js';

const invite = (headers: string[], requestUri = 'sip:+15550001111@192.0.2.1') =>
  [
    `INVITE ${requestUri} SIP/2.0`,
    'Via: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK1;rport',
    'From: <sip:+15550002222@198.51.100.7>;tag=1',
    'To: <sip:+15550003333@192.0.2.1>',
    ...headers,
  ].join('\r\n') + '\r\n\r\nv=0\r\no=- 0 0 IN IP4 198.51.100.7\r\n';

const parsed = (text: string): Invite => {
  const result = parseInvite(text);
  if (!result.ok) throw new Error(result.message);
  return result.invite;
};

describe('a pasted INVITE', () => {
  it('gives the users of Request-URI, To and From, and where it came from', () =>
    expect(parsed(invite([]))).toEqual({
      request_uri_user: '+15550001111',
      to_user: '+15550003333',
      from_user: '+15550002222',
      asserted: [],
      claimed_gateway: null,
      headers: [],
      via_address: '198.51.100.7',
    }));

  it('gives the seven headers in their order, however they are written', () =>
    expect(
      parsed(
        invite([
          'DIVERSION: <sip:+15550004444@a>;reason=unconditional',
          'diversion : <sip:+15550005555@a>',
          'History-Info: <sip:1@a>;index=1, <sip:2@a>;index=1.1',
          'x-original-called: 1',
          'X-ORIGINAL-NUMBER: 2',
          'X-Forwarded-To: 3',
          'X-Original-To: 4',
          'p-called-party-id: <sip:5@a>',
          'X-Something-Else: 6',
        ]),
      ).headers,
    ).toEqual([
      ['Diversion', '<sip:+15550004444@a>;reason=unconditional'],
      ['Diversion', '<sip:+15550005555@a>'],
      ['History-Info', '<sip:1@a>;index=1, <sip:2@a>;index=1.1'],
      ['X-Original-Called', '1'],
      ['X-Original-Number', '2'],
      ['X-Forwarded-To', '3'],
      ['X-Original-To', '4'],
      ['P-Called-Party-ID', '<sip:5@a>'],
    ]));

  it('gives every identity that the carrier asserts', () => {
    const two = '<sip:+15550004444@a>, <tel:+15550005555>';
    expect(parsed(invite([`p-asserted-identity: ${two}`, 'P-Asserted-Identity: <sip:b@a>'])).asserted).toEqual([
      two,
      '<sip:b@a>',
    ]);
  });

  it('unfolds continued lines', () =>
    expect(parsed(invite(['Diversion: <sip:+15550004444@a>;', '\treason=no-answer'])).headers).toEqual([
      ['Diversion', '<sip:+15550004444@a>; reason=no-answer'],
    ]));

  it('reads compact forms', () =>
    expect(
      parsed(
        'INVITE sip:100@h SIP/2.0\nv: SIP/2.0/TCP [2001:db8::7]:5060\nf: sip:alice@h;tag=1\nt: "Bob" <sip:bob@h>\n\n',
      ),
    ).toMatchObject({ from_user: 'alice', to_user: 'bob', via_address: '2001:db8::7' }));

  it('reads one that was copied out of a trace, with lines before it and every line indented', () =>
    expect(
      parsed(
        `2026-01-01 12:00:00 198.51.100.7:5060 -> 192.0.2.1:5060\n\n${invite(['Diversion: <sip:1@a>', '  ;reason=x'])
          .split('\r\n')
          .map((line) => `    ${line}`)
          .join('\n')}`,
      ),
    ).toMatchObject({ request_uri_user: '+15550001111', headers: [['Diversion', '<sip:1@a> ;reason=x']] }));

  it('ends the headers at the blank line', () =>
    expect(parsed(invite([]) + 'Diversion: <sip:1@a>\r\n').headers).toEqual([]));

  it.each([
    ['sip:100@192.0.2.1;gw=01890000.7', '01890000.7'],
    ['sip:gw+01890000.7@192.0.2.1', '01890000.7'],
    ['sip:100@192.0.2.1;transport=udp;GW=a', 'a'],
    ['sip:100;gw=no@192.0.2.1', null],
    ['sip:100@192.0.2.1;gw=', null],
    [`sip:100@192.0.2.1;gw=${'a'.repeat(129)}`, null],
  ])('of %s claims the gateway %s', (uri, gateway) => expect(parsed(invite([], uri)).claimed_gateway).toBe(gateway));

  it.each([
    ['SIP/2.0/UDP 10.0.0.1:5060;received=198.51.100.9;branch=x', '198.51.100.9'],
    ['SIP/2.0/UDP pbx.example.com;branch=x', null],
    ['SIP/2.0/TLS pbx.example.com;received=2001:db8::9', '2001:db8::9'],
    ['SIP/2.0/UDP 198.51.100.1, SIP/2.0/UDP 10.0.0.1;received=198.51.100.9', '198.51.100.1'],
    ['nonsense', null],
  ])('over %s came from %s', (via, address) => {
    expect(parsed(`INVITE sip:1@h SIP/2.0\nVia: ${via}\nFrom: sip:a@h\nTo: sip:b@h\n\n`).via_address).toBe(address);
  });

  it.each([
    ['nothing', '', /no request line/],
    ['another request', 'BYE sip:1@h SIP/2.0\n\n', /no request line/],
    ['a broken request line', 'INVITE sip:1@h\n\n', /line 1: the request line must be/],
    ['a Request-URI of another kind', 'INVITE http://h SIP/2.0\n\n', /line 1: the Request-URI/],
    [
      'a line that is no header',
      'x\nINVITE sip:1@h SIP/2.0\nFrom: sip:a@h\nhello there\n\n',
      /line 4: is not a header/,
    ],
    ['no To', 'INVITE sip:1@h SIP/2.0\nFrom: sip:a@h\n\n', /no To/],
    ['no From', 'INVITE sip:1@h SIP/2.0\nTo: sip:a@h\n\n', /no From/],
    ['an endless header', invite([`Diversion: ${'a'.repeat(2049)}`]), /line 5: the header is longer/],
    ['an endless identity', invite([`P-Asserted-Identity: ${'a'.repeat(2049)}`]), /line 5: the header is longer/],
    ['endless identities', invite(Array.from({ length: 65 }, () => 'P-Asserted-Identity: <sip:1@a>')), /more than 64/],
    ['endless headers', invite(Array.from({ length: 65 }, () => 'Diversion: <sip:1@a>')), /more than 64/],
    ['an endless user', invite([], `sip:${'1'.repeat(257)}@h`), /user part/],
    ['too much', 'x'.repeat(MAX_INVITE_CHARACTERS + 1), /longer than/],
  ])('with %s is refused with the place', (_what, text, message) =>
    expect(parseInvite(text)).toEqual({ ok: false, message: expect.stringMatching(message) }),
  );

  it('whatever it is, ends in a request that routing takes or in a refusal', () => {
    const line = fc.oneof(
      fc.string(),
      fc.constantFrom(
        'Diversion:',
        ' folded',
        '\t',
        't: "\\"<" <sip:a@b',
        'From: <sip:@>',
        'Via: SIP/2.0/UDP [::::::::::::::::',
        'INVITE sip:@ SIP/2.0',
      ),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 30 }), (lines) => {
        const result = parseInvite(invite(lines));
        if (!result.ok) return;
        const { via_address, asserted: _asserted, ...fields } = result.invite;
        expect(
          inboundRequest.safeParse({
            call_id: 'x',
            bridge_id: 'b',
            pool: 'p',
            source_address: via_address ?? '192.0.2.1',
            ...fields,
          }).success,
        ).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

describe('an address', () => {
  it.each([
    ['"Doe, John <x>" <sip:+1555@h>;tag=1', '+1555'],
    ['"a \\" <sip:evil@h>" <sip:good@h>', 'good'],
    ['<sip:bob@h>', 'bob'],
    ['sip:bob@h;tag=1', 'bob'],
    ['<sip:h>', ''],
    ['<sip:bob:secret@h>', 'bob'],
    ['<tel:+15551234567;phone-context=x>', '+15551234567'],
    ['<sip:+1555;phone-context=a@b@h>', '+1555;phone-context=a@b'],
  ])('%s has the user %s', (value, user) => expect(headerAddress(value)?.user).toBe(user));

  it.each(['', '<', '<sip:bob@h', 'bob', '<mailto:bob@h>', '<sip:>', '<sip:bob@>', '<tel:>'])('%j is none', (value) =>
    expect(headerAddress(value)).toBeUndefined(),
  );

  it('reads URI parameters once, the first wins', () =>
    expect(parseUri('sip:1@h;gw=a;gw=b;lr')!.params).toEqual(
      new Map([
        ['gw', 'a'],
        ['lr', ''],
      ]),
    ));
});
