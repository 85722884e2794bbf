import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '@trunkmesh/runtime/logger.pino.js';
import { eventually } from '@trunkmesh/testkit/eventually.clock.js';
import { startNameServer, type NameServer } from '@trunkmesh/testkit/name-server.udp.js';
import { startAddressBook, type AddressBook } from './gateway-address.dns.js';
import { lookupsOf, parseGatewayAddress } from './gateway-address.js';

let dns: NameServer;
let book: AddressBook;
let changes: string[];
beforeEach(async () => {
  dns = await startNameServer();
  changes = [];
  book = startAddressBook({ servers: [dns.address], floorMs: 30, logger: createLogger('test', { level: 'silent' }), onChange: (ids) => changes.push(...ids) });
});
afterEach(async () => {
  book.stop();
  await dns.stop();
});

const track = (trunk: string, gateway: string, transport: 'udp' | 'tcp' | 'tls' = 'udp') => book.track(trunk, lookupsOf(parseGatewayAddress(gateway)!, transport));
const found = (trunk: string, ...addresses: string[]) => eventually(() => book.addressesOf(trunk).join() === addresses.join(), { message: `${trunk} is ${addresses.join()}` });

describe('a gateway\'s name', () => {
  it('leads to its addresses and to those of its SRV targets', async () => {
    dns.records.set('A sip.example.com', { ttl: 60, values: ['192.0.2.1'] });
    dns.records.set('AAAA sip.example.com', { ttl: 60, values: ['2001:db8::1'] });
    dns.records.set('SRV _sip._udp.sip.example.com', { ttl: 60, values: ['a.example.com', 'b.example.com'] });
    dns.records.set('A a.example.com', { ttl: 60, values: ['192.0.2.2'] });
    dns.records.set('A b.example.com', { ttl: 60, values: ['192.0.2.3', '192.0.2.4'] });
    track('t1', 'sip.example.com');
    await found('t1', '192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4', '2001:db8::1');
    expect(book.trunksByAddress('192.0.2.3')).toEqual(['t1']);
    expect(book.trunksByAddress('2001:DB8:0::1')).toEqual(['t1']);
    expect(book.trunksByAddress('192.0.2.9')).toEqual([]);
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
    expect(book.trunksByAddress('192.0.2.1')).toEqual([]);
    expect(book.trunksByAddress('192.0.2.8')).toEqual(['t1']);
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

  it('forgets an address in time that no answer has had any more, although a part of it can never be asked', async () => {
    const patient = startAddressBook({ servers: [dns.address], floorMs: 30, keepMs: 300, logger: createLogger('test', { level: 'silent' }), onChange: () => {} });
    try {
      dns.records.set('SRV _sip._udp.sip.example.com', null);
      dns.records.set('A sip.example.com', { ttl: 0, values: ['192.0.2.1'] });
      patient.track('t1', lookupsOf(parseGatewayAddress('sip.example.com')!, 'udp'));
      await eventually(() => patient.addressesOf('t1').join() === '192.0.2.1');
      dns.records.set('A sip.example.com', { ttl: 0, values: ['192.0.2.2'] });
      await eventually(() => patient.addressesOf('t1').join() === '192.0.2.2');
      expect(patient.trunksByAddress('192.0.2.1')).toEqual([]);
    } finally { patient.stop(); }
  });

  it('that leads to more addresses than a carrier has is given so many and no more', async () => {
    const targets = Array.from({ length: 30 }, (_, at) => `t${at}.example.com`);
    dns.records.set('SRV _sip._udp.sip.example.com', { ttl: 60, values: targets });
    for (const [at, target] of targets.entries()) dns.records.set(`A ${target}`, { ttl: 60, values: Array.from({ length: 20 }, (_, last) => `198.51.${at}.${last}`) });
    track('t1', 'sip.example.com');
    await eventually(() => book.addressesOf('t1').length > 0);
    expect(book.addressesOf('t1')).toHaveLength(256);
  });

  it('may be one that only this host knows', async () => {
    track('t1', 'localhost:5060');
    await eventually(() => book.addressesOf('t1').includes('127.0.0.1'));
  });

  it('is asked for once, however many trunks have it, and forgotten with the last', async () => {
    dns.records.set('A sip.example.com', { ttl: 300, values: ['192.0.2.1'] });
    for (const trunk of ['t1', 't2', 't3']) track(trunk, 'sip.example.com:5060');
    await found('t1', '192.0.2.1');
    expect(book.trunksByAddress('192.0.2.1')).toEqual(['t1', 't2', 't3']);
    expect(dns.asked.filter((question) => question === 'A sip.example.com')).toHaveLength(1);
    book.track('t1', []);
    track('t2', '198.51.100.7');
    expect(book.trunksByAddress('192.0.2.1')).toEqual(['t3']);
    book.track('t3', []);
    expect(book.trunksByAddress('192.0.2.1')).toEqual([]);
    track('t4', 'sip.example.com:5060');
    await found('t4', '192.0.2.1');
  });
});
