import { describe, expect, it } from '@jest/globals';
import { apiUrl } from '../profile/profile.js';
import { kindOf } from './calls.js';
import { assignments } from './command.js';
import { amount } from './usage.js';

describe('--set', () => {
  it('reads values as JSON where they are, and keeps telephone numbers as texts', () => {
    expect(
      assignments([
        'max_channels=10',
        'name=Line = 2',
        'identity.privacy=id',
        'identity.display_name=null',
        'a=+15550100',
        'b=0049',
        'codecs=["PCMA"]',
      ]),
    ).toEqual({
      max_channels: 10,
      name: 'Line = 2',
      identity: { privacy: 'id', display_name: null },
      a: '+15550100',
      b: '0049',
      codecs: ['PCMA'],
    });
  });
});

describe('a call of the list', () => {
  it.each([
    [{ direction: 'inbound' as const }, 'inbound'],
    [{ direction: 'outbound' as const, trunk_test: true as const }, 'outbound (trunk test)'],
  ])('%j is %s', (call, kind) => expect(kindOf(call)).toBe(kind));
});

describe('the address of the API', () => {
  it.each([
    ['https://mesh.example.com/', 'https://mesh.example.com'],
    ['http://127.0.0.1:3000', 'http://127.0.0.1:3000'],
    ['http://[::1]:3000', 'http://[::1]:3000'],
  ])('%s is %s', (given, url) => expect(apiUrl(given)).toBe(url));

  it.each(['http://mesh.example.com', 'http://127.0.0.1.example.com', 'ftp://mesh.example.com', 'mesh.example.com'])(
    '%s is refused',
    (given) => expect(() => apiUrl(given)).toThrow(/https/),
  );
});

describe('an amount', () => {
  it.each([
    ['0', 'EUR', '0.00 EUR'],
    ['1234567', 'EUR', '1.234567 EUR'],
    ['-1500000', null, '-1.50'],
    ['9007199254740993000000', 'USD', '9007199254740993.00 USD'],
  ])('of %s micro-units in %s is %s', (micros, currency, shown) => expect(amount(micros, currency)).toBe(shown));
});
