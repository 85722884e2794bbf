import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startNameServer, type NameServer } from '@trunkmesh/testkit/name-server.net.js';
import { resolveTrunks } from './own-addresses.net.js';

let server: NameServer;
beforeAll(async () => {
  server = await startNameServer();
  const record = (values: string[]) => ({ ttl: 60, values });
  server.records.set('A sip.example.com', record(['198.51.100.7']));
  server.records.set('AAAA sip.example.com', record(['2001:db8::7']));
  server.records.set('SRV _sip._udp.sip.example.com', record(['edge.example.com']));
  server.records.set('A edge.example.com', record(['198.51.100.8']));
  server.records.set('SRV _sips._tcp.tls.example.com', record(['edge.example.com']));
  server.records.set('A broken.example.com', null);
});
afterAll(() => server.stop());

const resolve = (gateway: string, transport: 'udp' | 'tcp' | 'tls' = 'udp') =>
  resolveTrunks([{ id: 't', gateway, transport }], { servers: [server.address], deadlineMs: 1_000 }).then((found) =>
    found.map(({ addresses }) => addresses.sort()),
  );

describe("where a trunk's own gateway leads", () => {
  it.each<[string, 'udp' | 'tcp' | 'tls', string[][]]>([
    ['sip.example.com', 'udp', [['198.51.100.7', '198.51.100.8', '2001:db8::7']]],
    ['sip.example.com:5060', 'udp', [['198.51.100.7', '2001:db8::7']]],
    ['sip.example.com', 'tcp', [['198.51.100.7', '2001:db8::7']]],
    ['tls.example.com', 'tls', [['198.51.100.8']]],
    ['broken.example.com', 'udp', [[]]],
    ['nowhere.example.com', 'udp', [[]]],
    ['198.51.100.7', 'udp', []],
    ['[2001:db8::1]:5060', 'udp', []],
  ])('%s over %s', async (gateway, transport, addresses) =>
    expect(await resolve(gateway, transport)).toEqual(addresses),
  );

  it('is asked once for trunks of one name', async () => {
    server.asked.length = 0;
    const trunks = ['a', 'b'].map((id) => ({ id, gateway: 'sip.example.com:5060', transport: 'udp' as const }));
    expect((await resolveTrunks(trunks, { servers: [server.address] })).map(({ id }) => id)).toEqual(['a', 'b']);
    expect(server.asked.filter((each) => each === 'A sip.example.com')).toHaveLength(1);
  });

  it('is nowhere when the servers are silent', async () => {
    expect(
      await resolveTrunks([{ id: 't', gateway: 'sip.example.com', transport: 'udp' }], {
        servers: ['192.0.2.1:5353'],
        deadlineMs: 200,
      }),
    ).toEqual([{ id: 't', addresses: [] }]);
  });
});
