import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startNameServer, type NameServer } from '@trunkmesh/testkit/name-server.net.js';
import { AddressBook } from './gateway-address.net.js';
import { lookupsOf, parseGatewayAddress } from './gateway-address.js';

let dns: NameServer;
let book: AddressBook;
let changes: string[];
beforeEach(async () => {
  dns = await startNameServer();
  changes = [];
  book = new AddressBook({
    servers: [dns.address],
    allowPrivate: false,
    floorMs: 30,
    logger: createLogger('test', { level: 'silent' }),
    onChange: (ids) => changes.push(...ids),
  });
});
afterEach(async () => {
  book.stop();
  await dns.stop();
});

const track = (trunk: string, gateway: string, transport: 'udp' | 'tcp' | 'tls' = 'udp') =>
  book.track(trunk, lookupsOf(parseGatewayAddress(gateway)!, transport));
const found = (trunk: string, ...addresses: string[]) =>
  eventually(() => book.addressesOf(trunk).join() === addresses.join(), { message: `${trunk} is ${addresses.join()}` });

describe("a gateway's name", () => {
  it('leads to its addresses and to those of its SRV targets', async () => {
    dns.records.set('A sip.example.com', { ttl: 60, values: ['192.0.2.1'] });
    dns.records.set('AAAA sip.example.com', { ttl: 60, values: ['2001:db8::1'] });
    dns.records.set('SRV _sip._udp.sip.example.com', { ttl: 60, values: ['a.example.com', 'b.example.com'] });
    dns.records.set('A a.example.com', { ttl: 60, values: ['192.0.2.2'] });
    dns.records.set('A b.example.com', { ttl: 60, values: ['192.0.2.3', '192.0.2.4'] });
    track('t1', 'sip.example.com');
    await found('t1', '192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4', '2001:db8::1');
    expect(changes).toEqual(['t1']);
  });

  it('needs no addresses of its own when its service has', async () => {
    dns.records.set('SRV _sips._tcp.example.com', { ttl: 60, values: ['edge.example.com'] });
    dns.records.set('A edge.example.com', { ttl: 60, values: ['192.0.2.5'] });
    track('t1', 'example.com', 'tls');
    await found('t1', '192.0.2.5');
  });

  it('is looked up without its service when a port is given', async () => {
    dns.records.set('A sip.example.com', { ttl: 60, values: ['192.0.2.1'] });
    track('t1', 'sip.example.com:5060');
    await found('t1', '192.0.2.1');
    expect(dns.asked.filter((question) => question.startsWith('SRV'))).toEqual([]);
  });

  it('is looked up again when its time has run out', async () => {
    dns.records.set('A sip.example.com', { ttl: 0, values: ['192.0.2.1'] });
    track('t1', 'sip.example.com:5060');
    await found('t1', '192.0.2.1');
    dns.records.set('A sip.example.com', { ttl: 0, values: ['192.0.2.8'] });
    await found('t1', '192.0.2.8');
  });

  it('keeps what it led to while its servers are in trouble, and takes what comes after', async () => {
    dns.records.set('A sip.example.com', { ttl: 0, values: ['192.0.2.1'] });
    track('t1', 'sip.example.com:5060');
    await found('t1', '192.0.2.1');
    dns.records.set('A sip.example.com', null);
    const asked = dns.asked.length;
    await eventually(() => dns.asked.length > asked + 4);
    expect(book.addressesOf('t1')).toEqual(['192.0.2.1']);
    dns.records.set('A sip.example.com', { ttl: 60, values: ['192.0.2.2'] });
    await found('t1', '192.0.2.2');
  });

  it('keeps the addresses of its service while only that cannot be asked', async () => {
    dns.records.set('A sip.example.com', { ttl: 0, values: ['192.0.2.1'] });
    dns.records.set('SRV _sip._udp.sip.example.com', { ttl: 0, values: ['a.example.com'] });
    dns.records.set('A a.example.com', { ttl: 0, values: ['192.0.2.2'] });
    track('t1', 'sip.example.com');
    await found('t1', '192.0.2.1', '192.0.2.2');
    dns.records.set('SRV _sip._udp.sip.example.com', null);
    dns.records.set('A sip.example.com', { ttl: 0, values: ['192.0.2.7'] });
    await eventually(() => book.addressesOf('t1').includes('192.0.2.7'));
    expect(book.addressesOf('t1')).toContain('192.0.2.2');
  });

  it('forgets an address that no answer contains any more, although one name never resolves', async () => {
    const patient = new AddressBook({
      servers: [dns.address],
      allowPrivate: false,
      floorMs: 30,
      keepMs: 300,
      logger: createLogger('test', { level: 'silent' }),
      onChange: () => {},
    });
    try {
      dns.records.set('SRV _sip._udp.sip.example.com', null);
      dns.records.set('A sip.example.com', { ttl: 0, values: ['192.0.2.1'] });
      patient.track('t1', lookupsOf(parseGatewayAddress('sip.example.com')!, 'udp'));
      await eventually(() => patient.addressesOf('t1').join() === '192.0.2.1');
      dns.records.set('A sip.example.com', { ttl: 0, values: ['192.0.2.2'] });
      await eventually(() => patient.addressesOf('t1').join() === '192.0.2.2');
    } finally {
      patient.stop();
    }
  });

  it('that leads to more addresses than a carrier has is given so many and no more', async () => {
    const targets = Array.from({ length: 30 }, (_, at) => `t${at}.example.com`);
    dns.records.set('SRV _sip._udp.sip.example.com', { ttl: 60, values: targets });
    for (const [at, target] of targets.entries())
      dns.records.set(`A ${target}`, {
        ttl: 60,
        values: Array.from({ length: 20 }, (_, last) => `198.51.${at}.${last}`),
      });
    track('t1', 'sip.example.com');
    await eventually(() => book.addressesOf('t1').length > 0);
    expect(book.addressesOf('t1')).toHaveLength(64);
  });

  it('may be one that only this host knows', async () => {
    const home = new AddressBook({
      servers: [dns.address],
      allowPrivate: true,
      floorMs: 30,
      logger: createLogger('test', { level: 'silent' }),
      onChange: () => {},
    });
    try {
      home.track('t1', lookupsOf(parseGatewayAddress('localhost:5060')!, 'udp'));
      await eventually(() => home.addressesOf('t1').includes('127.0.0.1'));
      expect(home.standingOf('t1')).toMatchObject({ is: 'allowed' });
    } finally {
      home.stop();
    }
  });

  it.each([
    'A 127.0.0.1',
    'A 169.254.169.254',
    'A 10.0.0.5',
    'A 100.64.1.1',
    'A 192.0.0.192',
    'A 198.18.0.1',
    'A 168.63.129.16',
    'A 0.0.0.0',
    'A 255.255.255.255',
    'AAAA ::1',
    'AAAA fe80::1',
    'AAAA fc00::1',
    'AAAA 2001::1',
    'AAAA 64:ff9b::7f00:1',
  ])('that leads to %s beside a public address is forbidden, and that address is in no list', async (record) => {
    const [type, address] = record.split(' ');
    dns.records.set('A sip.example.com', { ttl: 0, values: ['192.0.2.1', ...(type === 'A' ? [address!] : [])] });
    if (type === 'AAAA') dns.records.set('AAAA sip.example.com', { ttl: 0, values: [address!] });
    track('t1', 'sip.example.com:5060');
    await found('t1', '192.0.2.1');
    expect(book.standingOf('t1')).toEqual({ is: 'forbidden' });
    expect(book.cidrsOf('t1')).toEqual(['192.0.2.1/32']);
    dns.records.set('A sip.example.com', { ttl: 60, values: ['192.0.2.1'] });
    dns.records.delete('AAAA sip.example.com');
    await eventually(() => book.standingOf('t1')?.is === 'allowed', { message: 'the name to be allowed' });
  });

  it('that leads to a private address by its service alone is forbidden', async () => {
    dns.records.set('A sip.example.com', { ttl: 60, values: ['192.0.2.1'] });
    dns.records.set('SRV _sip._udp.sip.example.com', { ttl: 60, values: ['inside.example.com'] });
    dns.records.set('A inside.example.com', { ttl: 60, values: ['10.0.0.5'] });
    track('t1', 'sip.example.com');
    await found('t1', '192.0.2.1');
    expect(book.standingOf('t1')).toEqual({ is: 'forbidden' });
  });

  it('stays forbidden while the part that was cannot be asked', async () => {
    dns.records.set('A sip.example.com', { ttl: 0, values: ['192.0.2.1'] });
    dns.records.set('AAAA sip.example.com', { ttl: 0, values: ['::1'] });
    track('t1', 'sip.example.com:5060');
    await found('t1', '192.0.2.1');
    dns.records.set('AAAA sip.example.com', null);
    const asked = dns.asked.length;
    await eventually(() => dns.asked.length > asked + 8);
    expect(book.standingOf('t1')).toEqual({ is: 'forbidden' });
  });

  it('has its targets in the order of their priorities, with their ports', async () => {
    dns.records.set('SRV _sip._udp.sip.example.com', {
      ttl: 60,
      values: ['20 0 5070 b.example.com', '10 0 5080 a.example.com'],
    });
    dns.records.set('A a.example.com', { ttl: 60, values: ['192.0.2.9'] });
    dns.records.set('A b.example.com', { ttl: 60, values: ['192.0.2.2'] });
    dns.records.set('A sip.example.com', { ttl: 60, values: ['192.0.2.1'] });
    track('t1', 'sip.example.com');
    await found('t1', '192.0.2.1', '192.0.2.2', '192.0.2.9');
    expect(book.standingOf('t1')).toEqual({
      is: 'allowed',
      targets: [
        { address: '192.0.2.9', port: 5080 },
        { address: '192.0.2.2', port: 5070 },
      ],
    });
  });

  it('is waited for, and has led nowhere when there is no such name', async () => {
    track('t1', 'nosuch.example.com');
    expect(book.standingOf('t1')).toEqual({ is: 'waiting' });
    await eventually(() => book.standingOf('t1')?.is === 'unresolved');
    expect(book.addressesOf('t1')).toEqual([]);
  });

  it('is asked for once, however many trunks have it, and forgotten with the last', async () => {
    dns.records.set('A sip.example.com', { ttl: 300, values: ['192.0.2.1'] });
    for (const trunk of ['t1', 't2', 't3']) track(trunk, 'sip.example.com:5060');
    await found('t1', '192.0.2.1');
    expect(dns.asked.filter((question) => question === 'A sip.example.com')).toHaveLength(1);
    book.track('t1', []);
    track('t2', '198.51.100.7');
    book.track('t3', []);
    track('t4', 'sip.example.com:5060');
    await found('t4', '192.0.2.1');
  });
});
