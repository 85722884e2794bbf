import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { HEARTBEAT_LOST_MS } from '@trunkmesh/contracts/bridge.js';
import { ensureStreams } from '@trunkmesh/event-log/streams.nats.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startNatsServer, type NatsServer } from '@trunkmesh/testkit/nats-server.process.js';
import { speakForBridges } from '../bridge.fixture.js';
import { linkNats, type OwnNatsLink } from '@trunkmesh/runtime/link.nats.js';
import { hearBridges, type Heartbeats } from './heartbeats.nats.js';
import { healthOf } from './liveness.js';

const logger = createLogger('test', { level: 'silent' });
let nats: NatsServer;
let link: OwnNatsLink;
let voices: Awaited<ReturnType<typeof speakForBridges>>;
let heartbeats: Heartbeats;
beforeAll(async () => {
  nats = await startNatsServer();
  link = linkNats(nats.url, { name: 'test', logger });
  await ensureStreams(await link.ready);
  voices = await speakForBridges(nats.url);
  heartbeats = hearBridges(link, logger);
});
afterAll(async () => {
  await heartbeats?.stop();
  await voices?.stop();
  await link?.close();
  await nats?.stop();
});

const health = (id: string) => healthOf(heartbeats.bridges.get(id), heartbeats.listeningSince(), Date.now());

describe('the bridges as they are heard', () => {
  it('the first heartbeat after an outage of the bucket does not make the other bridges lost', async () => {
    const [a, b] = [voices.bridge('a'), voices.bridge('b')];
    await a.speak();
    await b.speak();
    await eventually(() => health('a') === 'serving' && health('b') === 'serving');
    a.silence();
    b.silence();
    await eventually(() => health('b') === 'lost', { timeoutMs: 3 * HEARTBEAT_LOST_MS });
    await a.speak();
    await eventually(() => health('a') === 'serving');
    expect(health('b')).toBe('unknown');
    await eventually(() => health('b') === 'lost', { timeoutMs: 3 * HEARTBEAT_LOST_MS });
    expect(health('a')).toBe('serving');
  }, 60_000);
});
