import 'reflect-metadata';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { Test } from '@nestjs/testing';
import { ensureStreams } from '@trunkmesh/event-log/streams.nats.js';
import { RequestServer } from '@trunkmesh/requests/request-server.nats.js';
import { connectNats } from '@trunkmesh/runtime/connection.nats.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { READINESS, ServiceModule, type ReadinessCheck } from '@trunkmesh/runtime/service.module.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { freePort } from '@trunkmesh/testkit/free-port.net.js';
import { startNatsServer } from '@trunkmesh/testkit/nats-server.process.js';
import { AppModule } from './app.module.js';
import type { Agent } from './bridge/agent.process.js';
import { Drain } from './call/drain.process.js';
import { environmentSchema } from './config.js';
import { EslClient } from './esl/esl-client.net.js';
import { startScriptedEventSocket } from './esl/scripted-event-socket.fixture.js';
import { Gateways } from './gateway/gateways.net.js';
import { Heartbeat } from './heartbeat/heartbeat.nats.js';
import { InboundCalls } from './inbound/inbound-calls.net.js';
import { AGENT } from './tokens.js';

const logger = createLogger('test', { level: 'silent' });

it('the agent starts without NATS and without FreeSWITCH, and stops its parts in order', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'trunkmesh-agent-'));
  const [eslPort, natsPort] = [await freePort(), await freePort()];
  const config = environmentSchema.parse({
    BRIDGE_ID: 'bridge-1',
    SIP_ADDRESS: 'sip.example.com',
    NATS_URL: `nats://127.0.0.1:${natsPort}`,
    SECRET_KEYS: `k1:${Buffer.alloc(32, 7).toString('base64')}`,
    ESL_PORT: eslPort,
    ESL_PASSWORD: 'test-password',
    CONF_DIR: join(folder, 'conf'),
    STATE_DIR: join(folder, 'state'),
    CALL_SOCKET_PORT: 0,
    CAPTURE_PORT: 0,
    DRAIN_SECONDS: 0,
  });
  const testing = await Test.createTestingModule({
    imports: [ServiceModule.of(AppModule, { config, logger })],
  }).compile();
  const part = <T>(token: { prototype: T } | symbol): T => testing.get<T>(token as symbol, { strict: false });
  const app = testing.createNestMicroservice({ strategy: part(RequestServer), logger: false });
  await app.listen();
  const readiness = part<ReadinessCheck>(READINESS);
  expect(await readiness()).toEqual({
    freeswitch: 'no connection to the event socket',
    trunks: "waiting for the event log: this bridge's trunks are not known yet",
    routes: expect.any(String),
    records: 'up',
    recordings: 'up',
    statuses: 'up',
    capture: 'up',
  });
  // FreeSWITCH comes later: one login subscribes to what all parts want, another one to what dialling does.
  const server = await startScriptedEventSocket(() => undefined, eslPort);
  await eventually(() => part(EslClient).connected);
  await eventually(() => server.commands.filter((command) => command.startsWith('event plain')).length === 2);
  expect(server.commands).toEqual(
    expect.arrayContaining([
      'auth test-password',
      expect.stringMatching(/^event plain CUSTOM .*sofia::replaced.* sofia::gateway_state/),
      'log 4',
      'filter Call-Direction outbound',
      expect.stringMatching(/^event plain BACKGROUND_JOB CHANNEL_PROGRESS /),
    ]),
  );
  // NATS comes later: the process claims its bridge, then uses the link.
  const nats = await startNatsServer({ port: natsPort, storeDir: join(folder, 'nats') });
  const nc = await connectNats(nats.url, { name: 'test', logger });
  await ensureStreams(nc);
  await eventually(() => part<Agent>(AGENT).link.connection !== undefined);
  const stopped: string[] = [];
  const noteStop = (name: string, target: object, method: string): void => {
    const stop = Reflect.get(target, method) as (...args: unknown[]) => unknown;
    Reflect.set(target, method, (...args: unknown[]) => {
      stopped.push(name);
      return stop.apply(target, args);
    });
  };
  noteStop('drain', part(Drain), 'run');
  noteStop('heartbeat', part(Heartbeat), 'stop');
  noteStop('inbound calls', part(InboundCalls), 'stop');
  noteStop('gateways', part(Gateways), 'stop');
  noteStop('event socket', part(EslClient), 'stop');
  await app.close();
  expect(stopped).toEqual(['drain', 'heartbeat', 'inbound calls', 'gateways', 'event socket']);
  await server.stop();
  await nc.close();
  await nats.stop();
  await rm(folder, { recursive: true, force: true });
});
