import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { freePort } from '@trunkmesh/testkit/free-port.net.js';
import type { PortPair } from './port-pool.js';
import { attachUnicastPeer } from './unicast-peer.fixture.js';
import { openUnicast, unicastHeaders } from './unicast.net.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
const somePorts = async (): Promise<PortPair> => ({ agent: await freePort(), freeswitch: await freePort() });
async function socketOn(port: number) {
  const socket = createSocket('udp4');
  socket.bind(port, '127.0.0.1');
  await once(socket, 'listening');
  closing.push(() => socket.close());
  return socket;
}

describe('the datagrams of one call', () => {
  it('go both ways', async () => {
    const ports = await somePorts();
    const got: string[] = [];
    const unicast = (await openUnicast(ports, (l16) => {
      got.push(l16.toString());
    }))!;
    closing.push(() => unicast.close());
    const peer = await attachUnicastPeer(unicastHeaders(ports));
    closing.push(() => peer.close());
    peer.send(Buffer.from('from the caller'));
    unicast.send(Buffer.from('to the caller'));
    await eventually(() => got.length === 1 && peer.heard.length === 1);
    expect([got, peer.heard[0]?.l16.toString()]).toEqual([['from the caller'], 'to the caller']);
  });

  it("are taken from FreeSWITCH's port alone", async () => {
    const ports = await somePorts();
    const got: string[] = [];
    const unicast = (await openUnicast(ports, (l16) => {
      got.push(l16.toString());
    }))!;
    closing.push(() => unicast.close());
    const stranger = await socketOn(await freePort());
    const peer = await attachUnicastPeer(unicastHeaders(ports));
    closing.push(() => peer.close());
    for (let n = 0; n < 20; n += 1) stranger.send('forged', ports.agent, '127.0.0.1');
    await new Promise((resolve) => {
      stranger.send('the last', ports.agent, '127.0.0.1', resolve);
    });
    peer.send(Buffer.from('real'));
    await eventually(() => got.length > 0);
    expect(got).toEqual(['real']);
  });

  it.each(['agent', 'freeswitch'] as const)('are not begun when the port of the %s is taken', async (side) => {
    const ports = await somePorts();
    await socketOn(ports[side]);
    expect(await openUnicast(ports, () => {})).toBeUndefined();
    // The other one was let go again.
    await socketOn(ports[side === 'agent' ? 'freeswitch' : 'agent']);
  });

  it('survive that nobody listens, and end without a trace', async () => {
    const ports = await somePorts();
    const unicast = (await openUnicast(ports, () => {}))!;
    for (let n = 0; n < 5; n += 1) unicast.send(Buffer.alloc(320));
    const peer = await attachUnicastPeer(unicastHeaders(ports));
    closing.push(() => peer.close());
    await eventually(() => {
      unicast.send(Buffer.alloc(320));
      return peer.heard.length > 0;
    });
    unicast.close();
    unicast.close();
    unicast.send(Buffer.alloc(320));
    await socketOn(ports.agent);
  });

  it('leave no port taken behind when the second one cannot be opened for whatever reason', async () => {
    const agent = await freePort();
    await expect(openUnicast({ agent, freeswitch: 65_536 }, () => {})).rejects.toThrow();
    await socketOn(agent);
  });
});
