import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readGateway } from './gateway.js';
import { readInboundAddress } from './inbound-address.js';

describe('a gateway', () => {
  it.each([
    ['sip.example.com', 'sip.example.com'],
    ['SIP.Example.COM.', 'sip.example.com'],
    ['sip.example.com:5061', 'sip.example.com:5061'],
    ['_sip.example.com', '_sip.example.com'],
    ['xn--mnchen-3ya.example', 'xn--mnchen-3ya.example'],
    ['192.0.2.10', '192.0.2.10'],
    ['192.0.2.10:1', '192.0.2.10:1'],
    ['192.0.2.10:65535', '192.0.2.10:65535'],
    ['2001:DB8::1', '[2001:db8::1]'],
    ['[2001:db8:0:0:0:0:0:1]:5060', '[2001:db8::1]:5060'],
    ['[2001:db8::1]', '[2001:db8::1]'],
    ['::ffff:192.0.2.10', '192.0.2.10'],
    ['[::ffff:192.0.2.10]:5060', '192.0.2.10:5060'],
  ])('%s', (text, kept) =>
    expect(readGateway(text)).toMatchObject({ ok: true, gateway: { text: kept, reach: 'public' } }),
  );

  it.each([
    '127.0.0.1',
    '127.9.9.9:5060',
    '10.0.0.1',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.1.1',
    '100.64.0.1',
    '::1',
    '[::1]:5060',
    'fe80::1',
    'fd00::1',
    '::ffff:127.0.0.1',
    '[::ffff:7f00:1]:5060',
    '64:ff9b::10.0.0.1',
    '::ffff:0:10.0.0.1',
    '2002:7f00:1::1',
    'fec0::1',
    '192.0.0.192',
    '192.88.99.1',
    '198.18.0.1',
    '198.19.255.254',
    '168.63.129.16',
    '192.31.196.1',
    '192.52.193.1',
    '192.175.48.1',
    '2001::1',
    '2001:2::1',
    '2001:10::1',
    '2001:20::1',
    '64:ff9b:1::1',
    '2620:4f:8000::1',
    '5f00::1',
    '::127.0.0.1',
    '100:0:0:1::1',
    '2002:c612:1::1',
    '64:ff9b::168.63.129.16',
    'localhost',
    'LOCALHOST:5060',
    'pbx',
    'foo.localhost',
    'pbx.local',
    'db.internal',
    'localhost.localdomain',
  ])('%s is private', (text) => expect(readGateway(text)).toMatchObject({ ok: true, gateway: { reach: 'private' } }));

  it.each(['0.0.0.0', '::', '224.0.0.1', 'ff02::1', '255.255.255.255', '240.0.0.1', '::ffff:0.0.0.0'])(
    "%s is nobody's",
    (text) => expect(readGateway(text)).toMatchObject({ ok: true, gateway: { reach: 'never' } }),
  );

  it.each([
    ['', 'example'],
    ['sip:example.com', 'scheme'],
    ['https://example.com', 'scheme'],
    ['user@example.com', 'username'],
    ['example.com/path', 'path'],
    ['example.com?x', 'path'],
    ['example.com#x', 'path'],
    ['example.com;transport=tcp', 'transport'],
    ['a.example.com,b.example.com', 'one host'],
    ['example .com', 'spaces'],
    ['example.com\r\nX: y', 'control'],
    ['example.com\u0000', 'control'],
    ['example.com:', 'port'],
    ['example.com:0', 'port'],
    ['example.com:65536', 'port'],
    ['example.com:5060:5061', 'port'],
    ['example.com:sip', 'port'],
    ['example.com:-1', 'port'],
    ['127.1', 'four decimal'],
    ['2130706433', 'four decimal'],
    ['0x7f000001', 'four decimal'],
    ['0x7f.1', 'four decimal'],
    ['017700000001', 'four decimal'],
    ['1.2.3.4.5', 'four decimal'],
    ['256.0.0.1', 'four decimal'],
    ['2001:db8::1:5060:zz', 'brackets'],
    ['[192.0.2.1]', 'IPv6'],
    ['[fe80::1%eth0]', 'IPv6'],
    ['fe80::1%eth0', 'brackets'],
    ['[2001:db8::1', 'brackets'],
    ['-bad.example.com', 'valid host'],
    ['bad-.example.com', 'valid host'],
    ['a..example.com', 'valid host'],
    [`${'a'.repeat(64)}.example.com`, 'valid host'],
    ['"quoted"', 'valid host'],
    ['$${domain}', 'valid host'],
    ['münchen.example', 'xn--'],
    ['<x/>', 'path'],
  ])('%j is refused: %s', (text, why) => {
    const reading = readGateway(text);
    expect(reading.ok).toBe(false);
    if (!reading.ok) expect(reading.message).toContain(why);
  });

  it('is kept in a spelling that reads as itself, whatever is written', () => {
    const hostile = fc.oneof(
      fc.string(),
      fc.domain(),
      fc.ipV4(),
      fc.ipV6(),
      fc.webAuthority(),
      fc.tuple(fc.domain(), fc.integer({ min: -1, max: 70_000 })).map(([host, port]) => `${host}:${port}`),
      fc.ipV6().map((v6) => `[${v6}]:5060`),
    );
    fc.assert(
      fc.property(hostile, (text) => {
        const reading = readGateway(text);
        if (!reading.ok) return;
        expect(reading.gateway.text).toMatch(/^[a-z\d._:[\]-]+$/);
        expect(readGateway(reading.gateway.text)).toEqual(reading);
      }),
      { numRuns: 500 },
    );
  });
});

describe('an inbound address', () => {
  it.each([
    ['198.51.100.7', '198.51.100.7', 'public'],
    ['198.51.100.0/24', '198.51.100.0/24', 'public'],
    ['198.51.100.7/32', '198.51.100.7/32', 'public'],
    ['2001:DB8::/32', '2001:db8::/32', 'public'],
    ['2001:db8::1', '2001:db8::1', 'public'],
    ['198.0.0.0/8', '198.0.0.0/8', 'private'],
    ['168.63.129.0/24', '168.63.129.0/24', 'private'],
    ['2001::/48', '2001::/48', 'private'],
    ['64:ff9b::ac00:0/104', '64:ff9b::ac00:0/104', 'private'],
    ['203.0.113.0/24', '203.0.113.0/24', 'public'],
    ['10.0.0.0/8', '10.0.0.0/8', 'private'],
    ['172.0.0.0/8', '172.0.0.0/8', 'private'],
    ['127.0.0.1', '127.0.0.1', 'private'],
    ['fc00::/19', 'fc00::/19', 'private'],
    ['192.168.1.0/24', '192.168.1.0/24', 'private'],
  ])('%s', (text, kept, reach) => expect(readInboundAddress(text)).toEqual({ ok: true, text: kept, reach }));

  it.each([
    ['0.0.0.0/0', 'wider'],
    ['128.0.0.0/7', 'wider'],
    ['::/0', 'wider'],
    ['2000::/18', 'wider'],
    ['198.51.100.7/24', '198.51.100.0/24'],
    ['198.51.100.0/33', 'prefix'],
    ['198.51.100.0/', 'prefix'],
    ['198.51.100.0/024x', 'prefix'],
    ['sip.example.com', 'IP address'],
    ['198.51.100', 'IP address'],
    ['198.51.100.0/24/24', 'IP address'],
    ['', 'IP address'],
    ['224.0.0.0/8', 'multicast'],
    ['0.0.0.0', 'unspecified'],
    ['198.51.100.1\n', 'IP address'],
    ['::ffff:198.51.100.0/120', 'IPv4'],
    ['::ffff:198.51.100.0/24', 'IPv4'],
  ])('%j is refused: %s', (text, why) => {
    const reading = readInboundAddress(text);
    expect(reading.ok).toBe(false);
    if (!reading.ok) expect(reading.message).toContain(why);
  });
});
