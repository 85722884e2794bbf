import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startNameServer, type NameServer } from '@trunkmesh/testkit/name-server.net.js';
import { startBridge, trunkId, type BridgeFixture } from './gateways.fixture.js';

let bridge: BridgeFixture;
let dns: NameServer;
beforeEach(async () => {
  [bridge, dns] = await Promise.all([startBridge(), startNameServer()]);
  await bridge.startAgent(undefined, { servers: [dns.address], floorMs: 1_000 });
});
afterEach(async () => {
  await bridge.stop();
  await dns.stop();
});

const users = { 'carrier-user': 'carrier-password' };
const leadTo = (...values: string[]) => {
  dns.records.set('A sip.example.com', { ttl: 0, values });
};
const acl = () => readFile(join(bridge.agentDir, 'acl.xml'), 'utf8');
const registered = (n: number) =>
  eventually(() => bridge.status(n)?.state === 'REGED' && bridge.status(n)?.error === null, {
    timeoutMs: 25_000,
    message: `trunk ${n} to be registered`,
  });

describe('a gateway with a host name', () => {
  it('registers at the address that was checked; its addresses and where it is registered are reported', async () => {
    leadTo('192.0.2.10', '192.0.2.11');
    await bridge.publish(1, bridge.trunk(1, { gateway: 'sip.example.com:5060' }));
    await registered(1);
    expect(bridge.status(1)).toMatchObject({
      addresses: ['192.0.2.10', '192.0.2.11'],
      registered_address: '192.0.2.10',
    });
    const file = await readFile(join(bridge.agentDir, 'gateways', `${trunkId(1)}.xml`), 'utf8');
    expect(file).toContain('<param name="proxy" value="sip.example.com:5060"/>');
    expect(file).toContain('<param name="register-proxy" value="sip:192.0.2.10:5060;transport=udp"/>');
    // Calls, too: FreeSWITCH's own look-up of the name could give another address than the one that was checked.
    expect(file).toContain('<param name="outbound-proxy" value="sip:192.0.2.10:5060;transport=udp"/>');
    expect(await acl()).toContain('192.0.2.11/32');
  }, 30_000);

  it('is not looked up where there is an outbound proxy, whose name is checked in its place', async () => {
    const proxied = { gateway: 'sip.example.com', outbound_proxy: 'proxy.example.com:5070' };
    dns.records.set('A proxy.example.com', { ttl: 0, values: ['169.254.169.254'] });
    leadTo('192.0.2.99');
    await bridge.publish(1, bridge.trunk(1, proxied));
    await eventually(() => bridge.status(1)?.error?.code === 'gateway-address-forbidden');
    dns.records.set('A proxy.example.com', { ttl: 0, values: ['192.0.2.10'] });
    await eventually(async () => (await acl()).includes('192.0.2.10/32'), { timeoutMs: 25_000 });
    const path = join(bridge.agentDir, 'gateways', `${trunkId(1)}.xml`);
    const file = await eventually(async () => (await readFile(path, 'utf8').catch(() => '')) || undefined);
    expect(file).toContain('<param name="proxy" value="sip.example.com"/>');
    for (const param of ['register-proxy', 'outbound-proxy'])
      expect(file).toContain(`<param name="${param}" value="sip:192.0.2.10:5070;transport=udp"/>`);
    await eventually(() => bridge.status(1)?.addresses?.join() === '192.0.2.10');
    expect(await acl()).not.toContain('192.0.2.99');
  }, 40_000);

  it(
    'that leads to a forbidden address is not in FreeSWITCH, nor is the address anywhere, until its answers are ' +
      'good',
    async () => {
      leadTo('169.254.169.254');
      await bridge.publish(1, bridge.trunk(1, { gateway: 'sip.example.com:5060' }));
      await eventually(() => bridge.status(1)?.error?.code === 'gateway-address-forbidden', {
        message: 'the reason to be reported',
      });
      expect(bridge.status(1)).toMatchObject({
        state: null,
        applied_revision: null,
        addresses: [],
        registered_address: null,
      });
      expect(JSON.stringify(bridge.status(1))).not.toContain('169.254');
      expect(await readdir(join(bridge.agentDir, 'gateways'))).toEqual([]);
      expect(await acl()).not.toContain('169.254');
      expect(bridge.resolved.at('169.254.169.254')).toEqual([]);
      leadTo('192.0.2.10');
      await registered(1);
    },
    30_000,
  );

  it('that begins to lead to a forbidden address is taken away, and sends no REGISTER before', async () => {
    leadTo('192.0.2.10');
    await bridge.publish(1, bridge.trunk(1, { gateway: 'sip.example.com:5060' }));
    await registered(1);
    leadTo('192.0.2.10', '127.0.0.1');
    await eventually(
      () => bridge.status(1)?.error?.code === 'gateway-address-forbidden' && bridge.names().length === 0,
      { timeoutMs: 25_000, message: 'the gateway to go' },
    );
    expect(await readdir(join(bridge.agentDir, 'gateways'))).toEqual([]);
    expect(bridge.status(1)).toMatchObject({ addresses: ['192.0.2.10'], registered_address: null });
  }, 40_000);

  it('that does not resolve is reported, and is added when it does; others do not wait for it', async () => {
    await bridge.publish(1, bridge.trunk(1, { gateway: 'sip.example.com:5060' }));
    await bridge.publish(2, bridge.trunk(2));
    await registered(2);
    await eventually(() => bridge.status(1)?.error?.code === 'gateway-unresolved');
    expect(bridge.names()).toEqual([`${trunkId(2)}.1`]);
    leadTo('192.0.2.10');
    await registered(1);
  }, 40_000);

  it('goes on to the next address when the first does not answer', async () => {
    leadTo('192.0.2.10', '192.0.2.9');
    await bridge.publish(1, bridge.trunk(1, { gateway: 'sip.example.com:5060' }));
    await registered(1);
    expect(bridge.status(1)?.registered_address).toBe('192.0.2.10');
    expect(bridge.names()).toEqual([`${trunkId(1)}.1`]);
  }, 40_000);

  it('is not believed to be registered at an address that its REGISTER was not sent to', async () => {
    bridge.standIn.setCarriers([
      { address: '192.0.2.10:5060', users, network: { address: '203.0.113.20', port: 5060 } },
    ]);
    leadTo('192.0.2.10', '203.0.113.20');
    await bridge.publish(1, bridge.trunk(1, { gateway: 'sip.example.com:5060' }));
    await registered(1);
    expect(bridge.status(1)?.registered_address).toBeNull();
  }, 30_000);

  it('adds its trunk to the routing request until its recorded claims contain the address', async () => {
    leadTo('192.0.2.10', '192.0.2.11');
    const named = { gateway: 'sip.example.com:5060' };
    await bridge.publish(1, bridge.trunk(1, named));
    await bridge.publish(2, bridge.trunk(2, named));
    await eventually(() => bridge.resolved.at('192.0.2.11').length === 2);
    const claim = (network: string) => ({ network, via: 'name' as const, since: '2026-01-01T00:00:00.000Z' });
    await bridge.publish(
      2,
      bridge.trunk(2, {
        ...named,
        gateway_revision: 1,
        address_claims: [claim('192.0.2.11/32'), claim('198.51.100.7/32'), claim('10.0.0.5/32')],
      }),
      'TrunkUpdated',
    );
    await eventually(() => bridge.resolved.at('192.0.2.11').length === 1);
    expect(bridge.resolved.at('192.0.2.11')).toEqual([trunkId(1)]);
    expect(bridge.resolved.at('192.0.2.10')).toEqual([trunkId(1), trunkId(2)]);
    // What other bridges resolved is let in here as well, by the same rules.
    await eventually(async () => (await acl()).includes('198.51.100.7/32'));
    expect(await acl()).not.toContain('10.0.0.5');
  }, 30_000);
});
