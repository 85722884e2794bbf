import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { OutboundRules } from '../call/conversation.js';
import { transferTarget } from './transfer-target.js';

const rules = (with_: { organization?: string[]; trunk?: Partial<OutboundRules['trunk']> } = {}): OutboundRules => ({
  organization: { outbound_country_codes: with_.organization ?? null },
  trunk: {
    id: '01900002-0000-7000-8000-000000000001',
    gateway_revision: 1,
    gateway: 'sip.example.com:5080',
    from_domain: null,
    default_country: 'US',
    number_rules: [],
    outbound_country_codes: null,
    ...with_.trunk,
  },
});
const to = (text: string, with_?: Parameters<typeof rules>[0]) => transferTarget(text, rules(with_));

describe('where a transfer goes', () => {
  it.each<[string, string, Parameters<typeof rules>[0], string]>([
    ["a number to the trunk's own carrier", '+15551112222', {}, 'sip:+15551112222@sip.example.com:5080'],
    [
      'under its domain where it has one',
      '+15551112222',
      { trunk: { from_domain: 'example.net' } },
      'sip:+15551112222@example.net',
    ],
    [
      "in the carrier's spelling",
      '+15551112222',
      {
        trunk: {
          number_rules: [{ direction: 'outbound', prefix: '+1', min_length: 0, max_length: 32, strip: 2, add: '9' }],
        },
      },
      'sip:95551112222@sip.example.com:5080',
    ],
    [
      'a SIP URI as it is',
      'sip:200@pbx.example.com:5070;transport=tcp',
      {},
      'sip:200@pbx.example.com:5070;transport=tcp',
    ],
    [
      'an extension whatever countries may be called',
      'sip:200@pbx.example.com',
      { organization: ['DE'] },
      'sip:200@pbx.example.com',
    ],
    [
      'a country that both may call',
      '+4930123456',
      { organization: ['DE'], trunk: { outbound_country_codes: ['DE', 'US'] } },
      'sip:+4930123456@sip.example.com:5080',
    ],
  ])('%s', (_what, text, with_, uri) => {
    expect(to(text, with_)).toEqual({ uri });
  });

  it.each<[string, string, Parameters<typeof rules>[0]]>([
    ['the organisation may not call there', '+4930123456', { organization: ['US'] }],
    ['the trunk may not call there', '+4930123456', { trunk: { outbound_country_codes: ['US'] } }],
    ['a number inside a SIP URI is a number', 'sip:+4930123456@elsewhere.example.com', { organization: ['US'] }],
    ['also in a national spelling', 'sip:004930123456@elsewhere.example.com', { organization: ['US'] }],
  ])('%s', (_what, text, with_) => {
    expect(to(text, with_)).toMatchObject({ refused: 'destination-not-allowed' });
  });

  it.each([
    '',
    '5551112222',
    'tel:+15551112222',
    'sips:200@pbx.example.com',
    'sip:200@pbx.example.com?X-A=b',
    'sip:200@pbx.example.com\nX: y',
    'sip:2,00@pbx.example.com',
    'sip:200@pbx.example.com;method=BYE',
    'sip:${x}@pbx.example.com',
    'sip:a b@pbx.example.com',
  ])('%j is no target', (text) => {
    expect(to(text)).toMatchObject({ refused: 'invalid-request' });
  });

  it('whatever it is, nothing reaches FreeSWITCH that it gives a meaning to', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `sip:${text}`),
          fc.tuple(fc.string(), fc.string()).map(([user, host]) => `sip:${user}@${host}`),
        ),
        (text) => {
          const target = to(text);
          expect('refused' in target || /^sip:[^\s,{}|^"<>\\$`?]+$/.test(target.uri)).toBe(true);
        },
      ),
    );
  });
});
