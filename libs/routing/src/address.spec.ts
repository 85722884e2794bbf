import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import {
  addAddress,
  createAddressIndex,
  gatewayAddress,
  lookupAddress,
  parseAddress,
  parseCidr,
  removeAddress,
} from './address.js';

const v4 = (text: string) => ({
  family: 4,
  bits: text.split('.').reduce((bits, octet) => bits * 256 + Number(octet), 0),
});

describe('an address', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:201', '192.0.2.1'],
  ])('%s is IPv4 %s', (text, expected) => {
    expect(parseAddress(text)).toEqual(v4(expected));
  });

  it.each(['2001:db8::1', '2001:DB8:0:0:0:0:0:1', '2001:db8::1%eth0', '2001:0db8::0001'])(
    '%s is one IPv6 address',
    (text) => {
      expect(parseAddress(text)).toEqual({ family: 6, groups: [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1] });
    },
  );

  it.each([
    '',
    'localhost',
    '192.0.2',
    '192.0.2.256',
    '192.0.2.1.',
    '192.0.2.01',
    '0x7f.0.0.1',
    '3221225985',
    '192.0.2.1:5060',
    '1.2.3.4.5',
    ':',
    ':::',
    '1::2::3',
    '[::1]',
    'g::1',
    '1'.repeat(99),
  ])('%j is none', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  it.each([
    ['203.0.113.5', '203.0.113.5'],
    ['203.0.113.5:5080', '203.0.113.5'],
    ['[::ffff:203.0.113.5]:5060', '203.0.113.5'],
  ])('in the gateway %s is %s', (gateway, expected) => {
    expect(gatewayAddress(gateway)).toEqual(v4(expected));
  });

  it('in a gateway in IPv6, with or without brackets and port', () => {
    for (const gateway of ['2001:db8::1', '[2001:db8::1]', '[2001:db8::1]:5061'])
      expect(gatewayAddress(gateway)).toEqual(parseAddress('2001:db8::1'));
  });

  it.each(['sip.example.com', 'sip.example.com:5060', '[2001:db8::1', 'a:b:c', ''])(
    'is not in the gateway %j',
    (gateway) => expect(gatewayAddress(gateway)).toBeUndefined(),
  );
});

describe('a CIDR', () => {
  it.each([
    ['198.51.100.0/24', 24],
    ['198.51.100.7', 32],
    ['0.0.0.0/0', 0],
    ['2001:db8::/32', 32],
    ['::/0', 0],
    ['2001:db8::1', 128],
    ['::ffff:198.51.100.0/120', 24],
  ])('%s has the prefix %d', (text, prefix) => {
    expect(parseCidr(text)?.prefix).toBe(prefix);
  });

  it.each([
    '',
    '/',
    '198.51.100.0/',
    '198.51.100.0/33',
    '198.51.100.0/-1',
    '198.51.100.0/2 4',
    '::/129',
    '::ffff:198.51.100.0/24',
    'host/24',
    '198.51.100.0/24/24',
  ])('%j is none', (text) => {
    expect(parseCidr(text)).toBeUndefined();
  });
});

describe('the address index', () => {
  it('gives every network that an address is in, the longest prefix first, as ipaddr.js matches them', () => {
    const address = fc.oneof(
      fc
        .tuple(fc.constantFrom(10, 198), fc.constantFrom(0, 51), fc.nat(255), fc.nat(255))
        .map((octets) => octets.join('.')),
      fc
        .tuple(fc.constantFrom(0, 1, 0xffff), fc.constantFrom(0, 0x8000), fc.nat(0xffff))
        .map(([a, b, c]) => `2001:db8:${a.toString(16)}::${b.toString(16)}:${c.toString(16)}`),
    );
    const network = fc
      .tuple(address, fc.nat(128))
      .map(([text, prefix]) => `${text}/${text.includes(':') ? prefix : prefix % 33}`);
    fc.assert(
      fc.property(
        fc.array(network, { maxLength: 30 }),
        fc.array(network, { maxLength: 10 }),
        fc.array(address, { minLength: 1, maxLength: 10 }),
        (networks, taken, addresses) => {
          const index = createAddressIndex<string>();
          for (const text of [...networks, ...taken]) addAddress(index, parseCidr(text)!, text);
          for (const text of taken) removeAddress(index, parseCidr(text)!, text);
          for (const text of addresses) {
            const found = lookupAddress(index, parseAddress(text)!).flat();
            const parsed = ipaddr.parse(text);
            const expected = networks.filter((candidate) => {
              const [range, prefix] = ipaddr.parseCIDR(candidate);
              return parsed.kind() === range.kind() && parsed.match(range, prefix);
            });
            expect([...found].sort()).toEqual(expected.sort());
            const prefixes = found.map((candidate) => Number(candidate.split('/')[1]));
            expect(prefixes).toEqual([...prefixes].sort((a, b) => b - a));
          }
        },
      ),
    );
  });
});
