import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { OUTBOUND_DEFAULTS, type CallerIdentity } from '@trunkmesh/contracts/outbound-settings.js';
import { identityHeaders, type IdentityTrunk } from './outbound-identity.js';

const call = {
  call_sid: 'CA4c7d181400694c148ffef9ba6015fa4a',
  from: '+442071838750',
  to: '+15559876543',
  dialled: '15559876543',
  caller_id: '+442071838750',
};
const trunk = (identity: Partial<CallerIdentity> = {}, more: Partial<IdentityTrunk> = {}): IdentityTrunk => ({
  id: '0190a5b2-7c00-7000-8000-000000000002',
  organization_id: '0190a5b2-7c00-7000-8000-000000000001',
  gateway: 'sip.example.com:5080',
  username: 'account',
  from_domain: null,
  default_country: 'GB',
  number_rules: [],
  headers: {},
  identity: { ...OUTBOUND_DEFAULTS.identity, ...identity },
  ...more,
});
const headersOf = (one: IdentityTrunk) => Object.fromEntries(identityHeaders(one, call).headers);

describe('who calls', () => {
  it('is the number in E.164, asserted, where a trunk says nothing', () => {
    const { identity: _, ...old } = trunk();
    expect(identityHeaders(old, call)).toEqual({
      caller_id_name: '',
      caller_id_number: '+442071838750',
      from_user: '+442071838750',
      from_domain: null,
      headers: [['P-Asserted-Identity', '<sip:+442071838750@sip.example.com>']],
    });
  });

  it.each<[CallerIdentity['number_format'], string]>([
    ['e164', '+442071838750'],
    ['e164-without-plus', '442071838750'],
    ['national', '02071838750'],
  ])('is written as %s: %s', (number_format, written) => {
    expect(identityHeaders(trunk({ number_format }), call)).toMatchObject({
      caller_id_number: written,
      from_user: written,
    });
  });

  it.each<[string, Partial<CallerIdentity>, Record<string, string>]>([
    ['no assertion', { p_asserted_identity: false }, {}],
    [
      'Remote-Party-ID',
      { p_asserted_identity: false, remote_party_id: true },
      { 'Remote-Party-ID': '<sip:+442071838750@sip.example.com>;party=calling;screen=yes;privacy=off' },
    ],
    [
      'Diversion',
      { p_asserted_identity: false, diversion: '{{from}}' },
      { Diversion: '<sip:+442071838750@sip.example.com>;reason=unconditional' },
    ],
    ['Privacy', { privacy: 'id' }, { 'P-Asserted-Identity': '<sip:+442071838750@sip.example.com>', Privacy: 'id' }],
  ])('%s', (_what, identity, headers) => {
    expect(headersOf(trunk(identity))).toEqual(headers);
  });

  it('is nobody where it is to be anonymous, but to the carrier', () => {
    const hidden = identityHeaders(trunk({ privacy: 'anonymous', display_name: 'Ada' }), call);
    expect(hidden).toMatchObject({
      caller_id_name: 'Anonymous',
      from_user: 'anonymous',
      from_domain: 'anonymous.invalid',
    });
    expect(Object.fromEntries(hidden.headers)).toHaveProperty('P-Asserted-Identity');
  });

  it("is the trunk's account, with headers filled in for the call", () => {
    const one = trunk(
      { from_user: '{{username}}' },
      { headers: { 'X-Call': '{{call_sid}}', 'X-Static': 'as it is', 'P-Asserted-Identity': '<sip:me@example.com>' } },
    );
    expect(identityHeaders(one, call).from_user).toBe('account');
    expect(headersOf(one)).toEqual({
      'P-Asserted-Identity': '<sip:me@example.com>',
      'X-Call': call.call_sid,
      'X-Static': 'as it is',
    });
  });

  it('never holds what would end a header or begin another, whatever the settings say', () => {
    const hostile = fc.string({
      maxLength: 40,
      unit: fc.constantFrom(...`\r\n\0{}$"<>;,'\\^ aé\u2028`, '{{from}}', '${x}'),
    });
    const identity = fc.record({
      from_user: hostile,
      display_name: fc.option(hostile),
      number_format: fc.constantFrom('e164', 'e164-without-plus', 'national', 'number-rules'),
      p_asserted_identity: fc.boolean(),
      remote_party_id: fc.boolean(),
      diversion: fc.option(hostile),
      privacy: fc.constantFrom('none', 'id', 'anonymous'),
    }) as fc.Arbitrary<CallerIdentity>;
    const headers = fc.dictionary(fc.constantFrom('X-A', 'P-B', 'Via', 'From', 'x-lower', 'X-A\r\nVia'), hostile);
    fc.assert(
      fc.property(identity, headers, hostile, (one, extra, username) => {
        const made = identityHeaders(trunk(one, { headers: extra, username }), call);
        const values = [made.caller_id_name, made.caller_id_number, made.from_user, ...made.headers.map(([, v]) => v)];
        for (const value of values) expect(value).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}{}]/u);
        for (const [name] of made.headers)
          expect(name).toMatch(/^([XP]-[A-Za-z\d-]+|Remote-Party-ID|Diversion|Privacy)$/);
        expect(made.from_user).toMatch(/^[\w%+.!~*'()-]+$/);
      }),
      { numRuns: 2_000 },
    );
  });
});
