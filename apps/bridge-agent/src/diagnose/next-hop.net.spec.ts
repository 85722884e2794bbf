import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startNameServer, type NameServer } from '@trunkmesh/testkit/name-server.net.js';
import { parseGatewayAddress } from '../gateway/gateway-address.js';
import { dnsFinding, type Transport } from './place.js';
import { resolveNextHop, wireTarget } from './next-hop.net.js';

let names: NameServer;
beforeAll(async () => {
  names = await startNameServer();
  const record = (...values: string[]) => ({ ttl: 60, values });
  names.records.set('A sip.example.com', record('198.51.100.7'));
  names.records.set('SRV _sips._tcp.tls.example.com', record('10 5 5091 host.example.com'));
  names.records.set('A host.example.com', record('198.51.100.8'));
  names.records.set('A inside.example.com', record('198.51.100.9', '10.0.0.1'));
  names.records.set('A broken.example.com', null);
  names.records.set('AAAA broken.example.com', null);
});
afterAll(() => names.stop());

it.each<[string, Transport, string | undefined, number | undefined, string | null, string]>([
  ['sip.example.com', 'udp', '198.51.100.7', 5060, null, 'leads to 198.51.100.7:5060'],
  ['sip.example.com:5080', 'tcp', '198.51.100.7', 5080, null, '198.51.100.7:5080'],
  ['tls.example.com', 'tls', '198.51.100.8', 5091, null, 'by its SRV records'],
  ['198.51.100.7', 'tls', '198.51.100.7', 5061, null, 'is an address'],
  ['inside.example.com', 'udp', undefined, undefined, 'address-not-allowed', 'Nothing was sent there'],
  ['nowhere.example.com', 'udp', undefined, undefined, 'host-not-resolved', 'does not resolve'],
  ['broken.example.com', 'udp', undefined, undefined, 'dns-failed', 'did not answer'],
  ['0.0.0.0', 'udp', undefined, undefined, 'address-not-allowed', 'reserved'],
])('%s over %s leads to %s:%s', async (text, transport, ...[address, port, cause, seen]) => {
  const options = { allowPrivate: false, servers: [names.address], timeoutMs: 4_000 };
  const resolution = await resolveNextHop(parseGatewayAddress(text)!, transport, options);
  expect(wireTarget(resolution)).toEqual(
    address === undefined ? undefined : expect.objectContaining({ address, port, transport }),
  );
  expect(dnsFinding(resolution)).toMatchObject({ cause, seen: expect.stringContaining(seen) });
});
