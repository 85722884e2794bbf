import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstream } from '@nats-io/jetstream';
import {
  bridgeRequest,
  CALL_LOG_GET,
  CALL_LOG_LIST,
  callSubject,
  ROUTING_EXPLAIN,
} from '@trunkmesh/contracts/subjects.js';
import { ensureStreams } from '@trunkmesh/event-log/streams.nats.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { connectNats, type NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import { startTelemetry, type Telemetry } from '@trunkmesh/runtime/telemetry.otel.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startMesh, type Api, type Mesh } from '../mesh.fixture.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const HEADERS = { traceparent: `00-${TRACE}-b7ad6b7169203331-01` };
const BRIDGE = 'bridge-7';

let telemetry: Telemetry;
let mesh: Mesh;
let nc: NatsConnection;
let admin: Api;
let call: string;
const stops: (() => void)[] = [];
beforeAll(async () => {
  telemetry = startTelemetry('trunk-service', {});
  mesh = await startMesh();
  nc = await connectNats(mesh.nats.url, { name: 'others', logger: createLogger('test', { level: 'silent' }) });
  await ensureStreams(nc);
  const organization = await mesh.organization();
  ({ admin } = organization);
  call = randomUUID();
  const subject = callSubject(organization.id, call);
  await jetstream(nc).publish(subject, JSON.stringify({ type: 'CallAnswered', data: { bridge_id: BRIDGE } }));
}, 60_000);
afterAll(async () => {
  await nc?.close();
  await mesh?.stop();
  await telemetry?.shutdown();
});
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** Every request of the API that another service answers: its subject, its code where nobody does, and how to ask. */
const REQUESTS: [string, { subject: string; code: string; ask: () => ReturnType<Api> }][] = [
  [
    'the call log',
    {
      subject: CALL_LOG_LIST,
      code: 'call-log-unavailable',
      ask: () => admin('GET', '/api/v1/calls', undefined, HEADERS),
    },
  ],
  [
    'a call of the log',
    {
      subject: CALL_LOG_GET,
      code: 'call-log-unavailable',
      ask: () => admin('GET', `/api/v1/calls/${call}`, undefined, HEADERS),
    },
  ],
  [
    'an explanation',
    {
      subject: ROUTING_EXPLAIN,
      code: 'routing-unavailable',
      ask: () => admin('GET', '/api/v1/routes/explain?source_address=192.0.2.1&to=1', undefined, HEADERS),
    },
  ],
  [
    "a call's quality so far",
    {
      subject: bridgeRequest(BRIDGE, 'call.quality'),
      code: 'bridge-unavailable',
      ask: () => admin('GET', `/api/v1/calls/${call}/quality`, undefined, HEADERS),
    },
  ],
  ...(['hangup', 'dtmf', 'transfer'] as const).map((name): (typeof REQUESTS)[number] => [
    `a call's ${name}`,
    {
      subject: bridgeRequest(BRIDGE, `call.${name}`),
      code: 'bridge-unavailable',
      ask: () => admin('POST', `/api/v1/calls/${call}/${name}`, BODIES[name], HEADERS),
    },
  ]),
];
const BODIES = { hangup: undefined, dtmf: { digits: '1' }, transfer: { to: '+15551112222' } };

/** Answers with this text, and keeps the trace that each request carried. */
async function play(subject: string, reply: string): Promise<(string | undefined)[]> {
  const traces: (string | undefined)[] = [];
  const subscription = nc.subscribe(subject, {
    callback: (_error, message) => {
      traces.push(message.headers?.get('traceparent'));
      message.respond(reply);
    },
  });
  stops.push(() => subscription.unsubscribe());
  await nc.flush();
  return traces;
}

describe.each(REQUESTS)('a request for %s', (_what, { subject, code, ask }) => {
  it('carries the trace of the HTTP request', async () => {
    const traces = await play(subject, '{}');
    await ask();
    expect(traces).toEqual([expect.stringMatching(new RegExp(`^00-${TRACE}-(?!b7ad6b7169203331)[\\da-f]{16}-01$`))]);
  });

  it.each(['', 'x', '{"outcome":"perhaps"}'])('is refused with what to do where the reply is %j', async (reply) => {
    await play(subject, reply);
    expect(await ask()).toMatchObject({
      status: 503,
      body: {
        code,
        detail: expect.stringMatching(/sent a reply that trunk-service does not understand.*same version/),
      },
    });
  });

  it('is refused with what to do where nobody answers', async () => {
    expect(await ask()).toMatchObject({
      status: 503,
      body: { code, detail: expect.stringMatching(/is not running or not ready/) },
    });
  });
});

describe('while NATS is down', () => {
  it('every request says so', async () => {
    await mesh.nats.stop();
    await eventually(() => mesh.service.parts.nats.connection === undefined);
    for (const [what, { ask }] of REQUESTS) {
      const { status, body } = await ask();
      expect([what, status, body.detail]).toEqual([what, 503, expect.stringMatching(/NATS is unreachable/)]);
    }
  });
});
