import { describe, expect, it } from '@jest/globals';
import { canonicalCidr, lookupsOf, parseGatewayAddress, uriHost } from './gateway-address.js';

describe('a gateway', () => {
  it.each([
    ['sip.example.com', { host: 'sip.example.com', port: null, address: null }, 'sip.example.com'],
    ['SIP.Example.com:5080', { host: 'sip.example.com', port: 5080, address: null }, 'sip.example.com:5080'],
    ['192.0.2.9', { host: '192.0.2.9', port: null, address: '192.0.2.9' }, '192.0.2.9'],
    ['192.0.2.9:5060', { host: '192.0.2.9', port: 5060, address: '192.0.2.9' }, '192.0.2.9:5060'],
    ['[2001:DB8::1]:5061', { host: '2001:db8::1', port: 5061, address: '2001:db8::1' }, '[2001:db8::1]:5061'],
    ['2001:db8::1', { host: '2001:db8::1', port: null, address: '2001:db8::1' }, '[2001:db8::1]'],
    ['[::ffff:192.0.2.9]', { host: '192.0.2.9', port: null, address: '192.0.2.9' }, '192.0.2.9'],
  ])('%s', (text, parsed, written) => {
    expect(parseGatewayAddress(text)).toEqual(parsed);
    expect(uriHost(parsed)).toBe(written);
  });

  it.each([
    '',
    'sip:example.com',
    'example.com/path',
    'user@example.com',
    'example.com:0',
    'example.com:70000',
    'example.com:',
    '[example.com]',
    'a b',
    'a;transport=tcp',
    'a\nb',
    '[2001:db8::1',
    '2001:db8::zz',
  ])('%j is none', (text) => {
    expect(parseGatewayAddress(text)).toBeUndefined();
  });
});

describe('what is looked up', () => {
  const lookups = (gateway: string, transport: 'udp' | 'tcp' | 'tls') =>
    lookupsOf(parseGatewayAddress(gateway)!, transport).map(({ type, name }) => `${type} ${name}`);
  it('is nothing for an address', () => {
    expect(lookups('192.0.2.9', 'udp')).toEqual([]);
  });
  it('is the host alone when a port is given', () => {
    expect(lookups('example.com:5060', 'udp')).toEqual(['A example.com', 'AAAA example.com']);
  });
  it.each([
    ['udp', '_sip._udp'],
    ['tcp', '_sip._tcp'],
    ['tls', '_sips._tcp'],
  ] as const)('is its service for %s too when none is', (transport, service) => {
    expect(lookups('example.com', transport)).toEqual([
      'A example.com',
      'AAAA example.com',
      `SRV ${service}.example.com`,
    ]);
  });
});

describe('a CIDR', () => {
  it.each([
    ['192.0.2.9', '192.0.2.9/32'],
    ['192.0.2.9/24', '192.0.2.0/24'],
    [' 192.0.2.9 ', '192.0.2.9/32'],
    ['2001:DB8::1', '2001:db8::1/128'],
    ['2001:db8:1::5/32', '2001:db8::/32'],
    ['0.0.0.0/0', '0.0.0.0/0'],
  ])('%s is %s', (text, cidr) => {
    expect(canonicalCidr(text)).toBe(cidr);
  });
  it.each([
    '',
    'example.com',
    '192.0.2.0/33',
    '192.0.2.0/24/1',
    '192.0.2/24',
    '2001:db8::/129',
    '::ffff:192.0.2.1/120',
    '192.0.2.1/-1',
    '192.0.2.1"/>',
  ])('%j is none', (text) => {
    expect(canonicalCidr(text)).toBeUndefined();
  });
});
