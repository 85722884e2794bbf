import { createSocket } from 'node:dgram';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { callsRefused, type CallsRefused } from '@trunkmesh/contracts/refused-call.js';
import { REFUSED_STREAM } from '@trunkmesh/contracts/subjects.js';
import { ensureStreams } from '@trunkmesh/event-log/streams.nats.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { connectNats, type NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startStandIn, type StandIn } from '@trunkmesh/testkit/freeswitch/stand-in.net.js';
import { freePort } from '@trunkmesh/testkit/free-port.net.js';
import { startNatsServer, type NatsServer } from '@trunkmesh/testkit/nats-server.process.js';
import { EslClient } from '../esl/esl-client.net.js';
import { createNatsLink } from '@trunkmesh/runtime/link.nats.js';
import { RefusedCalls } from './refused-calls.net.js';

type Prepare = { prepare(directory: string, options: object): Promise<{ confDir: string }> };
const logger = createLogger('test', { level: 'silent' });
const NUMBER = '+15551230001';
let folder: string;
let nats: NatsServer;
let nc: NatsConnection;
let standIn: StandIn;
let capturePort: number;
let refused: RefusedCalls | undefined;
let esl: EslClient;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'refused-'));
  const eslPort = await freePort();
  capturePort = await freePort();
  const { prepare } = (await import(
    pathToFileURL(join(import.meta.dirname, '../../../../deploy/freeswitch/prepare.mjs')).href
  )) as Prepare;
  const { confDir } = await prepare(join(folder, 'conf'), {
    sipIp: '127.0.0.1',
    eslPort,
    eslPassword: 'test-password',
    capturePort,
  });
  standIn = await startStandIn({ confDir });
  nats = await startNatsServer({ storeDir: join(folder, 'nats') });
  nc = await connectNats(nats.url, { name: 'test', logger });
  await ensureStreams(nc);
  esl = new EslClient({ host: '127.0.0.1', port: eslPort, password: 'test-password', logger });
  esl.start();
  await eventually(() => esl.connected);
}, 60_000);
afterEach(async () => {
  await refused?.stop();
  await (await jetstreamManager(nc)).streams.purge(REFUSED_STREAM);
});
afterAll(async () => {
  esl?.stop();
  await standIn?.stop();
  await nc?.close();
  await nats?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function start(handled: (sipCallId: string) => boolean = () => false): Promise<RefusedCalls> {
  refused = await RefusedCalls.start({
    bridgeId: 'bridge-1',
    profile: 'external',
    capturePort,
    handled,
    onReplaced: () => undefined,
    link: createNatsLink(Promise.resolve(nc)),
    logger,
    flushMs: 50,
  });
  refused.onUp(esl);
  return refused;
}

async function published(): Promise<CallsRefused['data'][]> {
  const { streams } = await jetstreamManager(nc);
  const { state } = await streams.info(REFUSED_STREAM);
  const events: CallsRefused['data'][] = [];
  for (let seq = Math.max(1, state.first_seq); seq <= state.last_seq; seq += 1) {
    const message = await streams.getMessage(REFUSED_STREAM, { seq });
    if (message !== null) events.push(callsRefused.parse(message.json()).data);
  }
  return events;
}

describe('calls that FreeSWITCH refuses', () => {
  it('are published as counted events, without their credentials', async () => {
    await start();
    const call = { from: '+15559876543', request_user: NUMBER, source: { address: '203.0.113.9' } };
    const [first] = await eventually(
      async () => {
        standIn.call({
          ...call,
          headers: { 'Proxy-Authorization': 'Digest username="pbx", response="secretresponse"' },
        });
        const events = await published();
        return events.length > 0 && events;
      },
      { message: 'the refusal by the access list' },
    );
    expect(first).toMatchObject({
      bridge_id: 'bridge-1',
      source_address: '203.0.113.9',
      called: NUMBER,
      numbers: [NUMBER],
      reason: 'source-not-allowed',
      sip_status: 403,
    });
    expect(JSON.stringify(await published())).not.toContain('secret');
  });

  it('are not published where the agent took the call', async () => {
    let asked = 0;
    await start(() => {
      asked += 1;
      return true;
    });
    await eventually(() => {
      standIn.call({ from: '+15559876543', request_user: NUMBER, source: { address: '203.0.113.9' } });
      return asked > 3;
    });
    expect(await published()).toEqual([]);
  });

  it('that come as a flood, with whatever else is sent to the port, leave few events', async () => {
    const feature = await start();
    await eventually(async () => {
      standIn.call({ from: '+15559876543', request_user: NUMBER, source: { address: '203.0.113.9' } });
      return (await published()).length > 0;
    });
    const socket = createSocket('udp4');
    for (let n = 0; n < 2_000; n += 1) {
      standIn.call({
        from: '+15559876543',
        request_user: `+1555${String(n).padStart(7, '0')}`,
        source: { address: '203.0.113.66' },
      });
      socket.send(`HEP3 ${n}`, capturePort, '127.0.0.1');
    }
    const rows = () =>
      published().then(
        (events) =>
          new Set(
            events
              .filter(({ source_address }) => source_address === '203.0.113.66')
              .map((event) => `${event.minute} ${event.called}`),
          ),
      );
    await eventually(async () => (await published()).some(({ called, count }) => called === '' && count > 100), {
      timeoutMs: 20_000,
      message: 'the flood as one row',
    });
    // Twenty numbers and the rest, in the minute and perhaps the next.
    expect((await rows()).size).toBeLessThanOrEqual(42);
    expect(feature.readiness()).toBe('up');
    socket.close();
  }, 40_000);

  it('are not seen where the port is taken, which readiness says', async () => {
    const taken = createSocket('udp4');
    await new Promise<void>((resolve) => {
      taken.bind(capturePort, '127.0.0.1', resolve);
    });
    expect((await start()).readiness()).toContain('cannot be opened');
    await new Promise<void>((resolve) => {
      taken.close(() => {
        resolve();
      });
    });
  });

  it('leave nothing of a SIP message in the configuration when capture is off', async () => {
    const { prepare } = (await import(
      pathToFileURL(join(import.meta.dirname, '../../../../deploy/freeswitch/prepare.mjs')).href
    )) as Prepare;
    const { confDir } = await prepare(join(folder, 'off'), {
      sipIp: '127.0.0.1',
      eslPassword: 'test-password',
      capturePort: 0,
    });
    expect(await readFile(join(confDir, 'vars.xml'), 'utf8')).toContain('sip_capture=no');
  });
});
