import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pino from 'pino';
import { STREAM_SUBJECTS, TRUNKMESH_STREAM } from '@trunkmesh/contracts/subjects.js';
import { connectNats, type NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startNatsServer, type NatsServer } from '@trunkmesh/testkit/nats-server.process.js';
import { createNatsLink, type NatsLink } from '@trunkmesh/runtime/link.nats.js';
import { id, number, organization, subjectOf, trunk } from '../inbound/calls.fixture.js';
import { inboundRequest } from './inbound-request.fixture.js';
import { LocalRoutes } from './local-routes.nats.js';

const logger = pino({ level: 'silent' });
const away: NatsLink = { connection: undefined, onConnected: () => undefined };
let nats: NatsServer;
let nc: NatsConnection;
let folder: string;
const running: LocalRoutes[] = [];

const makeStream = async () =>
  (await jetstreamManager(nc)).streams.add({
    name: TRUNKMESH_STREAM,
    subjects: [...STREAM_SUBJECTS[TRUNKMESH_STREAM]],
  });
const publish = async (...entities: Parameters<typeof subjectOf>[0][]) => {
  for (const entity of entities)
    await jetstream(nc).publish(subjectOf(entity), JSON.stringify({ data: { change: {}, state: entity } }));
};
const remove = (entity: Parameters<typeof subjectOf>[0]) =>
  jetstream(nc).publish(subjectOf(entity), JSON.stringify({ data: { change: {}, state: null } }));
const start = async (link: NatsLink = createNatsLink(Promise.resolve(nc)), snapshotEveryMs = 20) => {
  const routes = await LocalRoutes.start({
    pool: 'default',
    path: join(folder, 'routes.jsonl'),
    link,
    logger,
    snapshotEveryMs,
  });
  running.push(routes);
  return routes;
};
const request = (to: string, source = '192.0.2.1') => inboundRequest(to, source);
const outcome = (routes: LocalRoutes, to: string, source?: string) => {
  const decision = routes.decide(request(to, source));
  return decision?.outcome === 'refuse' ? decision.reason : decision?.outcome;
};
const until = (routes: LocalRoutes, to: string, expected: string, source?: string) =>
  eventually(() => {
    expect(outcome(routes, to, source)).toBe(expected);
    return true;
  });
const current = (routes: LocalRoutes) => eventually(() => routes.readiness() === 'up');
const onDisk = (text: string) =>
  eventually(async () => (await readFile(join(folder, 'routes.jsonl'), 'utf8')).includes(text));

beforeAll(async () => {
  nats = await startNatsServer();
  nc = await connectNats(nats.url, { name: 'spec', logger });
});
afterAll(async () => {
  await nc?.close();
  await nats?.stop();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trunkmesh-routes-'));
  await makeStream();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((routes) => routes.stop()));
  await (await jetstreamManager(nc)).streams.delete(TRUNKMESH_STREAM).catch(() => undefined);
  await rm(folder, { recursive: true, force: true });
});

describe('the local copy of the routes', () => {
  it('is read from the log, then followed', async () => {
    await publish(organization(1), trunk(1, 1, { max_channels: 4 }), number(1, '+15551234567'));
    const routes = await start();
    await current(routes);
    expect([
      outcome(routes, '+15551234567'),
      outcome(routes, '+15551234568'),
      routes.limitsOf(id(1, 1), id(2, 1)).max_channels,
    ]).toEqual(['route', 'unknown-number', 4]);
    await publish(number(1, '+15551234568'));
    await until(routes, '+15551234568', 'route');
    await remove(number(1, '+15551234567'));
    await until(routes, '+15551234567', 'unknown-number');
    await publish(trunk(1, 1, { enabled: false }));
    await until(routes, '+15551234568', 'trunk-disabled');
  });

  it(
    'has the numbers of an organisation from the moment that its first trunk comes into the pool, and drops them ' +
      'with its last',
    async () => {
      await publish(
        organization(1),
        trunk(1, 1, { bridge_pool: 'elsewhere' }),
        number(1, '+15551234567'),
        organization(2),
        trunk(2, 2),
      );
      const routes = await start();
      await current(routes);
      expect(outcome(routes, '+15551234567')).toBe('unknown-source');
      await publish(trunk(1, 1));
      await until(routes, '+15551234567', 'route');
      await remove(trunk(1, 1));
      await until(routes, '+15551234567', 'unknown-source');
      await publish(trunk(1, 1, { bridge_pool: 'default' }));
      await until(routes, '+15551234567', 'route');
      await current(routes);
    },
  );

  it('is on disk: an agent that starts without NATS routes by it and reports it as not current', async () => {
    await publish(organization(1), trunk(1, 1), number(1, '+15551234567'));
    const first = await start();
    await onDisk('number.15551234567');
    await first.stop();
    const second = await start(away);
    expect([
      outcome(second, '+15551234567'),
      second.readiness(),
      second.isTrunkOfSource(id(2, 2), request('x')),
    ]).toEqual(['route', 'of an earlier time', undefined]);
  });

  it('goes on from where the disk ends: what changed and what went meanwhile is known', async () => {
    await publish(organization(1), trunk(1, 1), number(1, '+15551234567'), number(1, '+15551234568'));
    const first = await start();
    await onDisk('number.15551234568');
    await first.stop();
    await remove(number(1, '+15551234567'));
    await publish(number(1, '+15551234569'), organization(2), trunk(2, 2), number(2, '+15557654321'));
    const second = await start();
    await current(second);
    expect(['+15551234567', '+15551234568', '+15551234569'].map((to) => outcome(second, to))).toEqual([
      'unknown-number',
      'route',
      'route',
    ]);
    await until(second, '+15557654321', 'route', '192.0.2.2');
  });

  it('of another stream than the current one: read again, and served until that is done', async () => {
    await publish(organization(1), trunk(1, 1), number(1, '+15551234567'));
    const first = await start();
    await onDisk('number.15551234567');
    await first.stop();
    await (await jetstreamManager(nc)).streams.delete(TRUNKMESH_STREAM);
    await makeStream();
    await publish(organization(1), trunk(1, 1), number(1, '+15551234568'));
    const second = await start();
    expect(outcome(second, '+15551234567')).toBe('route');
    await until(second, '+15551234568', 'route');
    expect(outcome(second, '+15551234567')).toBe('unknown-number');
  });

  it('when the stream is lost under it and made again: becomes what is there then', async () => {
    await publish(organization(1), trunk(1, 1), number(1, '+15551234567'));
    const routes = await start();
    await current(routes);
    await (await jetstreamManager(nc)).streams.delete(TRUNKMESH_STREAM);
    await makeStream();
    await publish(organization(1), trunk(1, 1), number(1, '+15551234568'));
    await eventually(
      () => outcome(routes, '+15551234568') === 'route' && outcome(routes, '+15551234567') === 'unknown-number',
      { timeoutMs: 20_000 },
    );
  }, 40_000);

  it.each<[string, (text: string) => string]>([
    ['cut short', (text) => text.slice(0, -20)],
    ['of another format', (text) => text.replace('"format":2', '"format":3')],
    ['of another pool', (text) => text.replace('"pool":"default"', '"pool":"x"')],
    ['garbage', () => '\u0000\n{'],
    ['empty', () => ''],
  ])('a file that is %s is none', async (_case, spoil) => {
    await publish(organization(1), trunk(1, 1), number(1, '+15551234567'));
    const first = await start();
    await onDisk('number.15551234567');
    await first.stop();
    await writeFile(join(folder, 'routes.jsonl'), spoil(await readFile(join(folder, 'routes.jsonl'), 'utf8')));
    const without = await start(away);
    expect([outcome(without, '+15551234567'), without.readiness()]).toEqual([undefined, 'not read yet']);
    const second = await start();
    await until(second, '+15551234567', 'route');
  });

  it('knows which trunks a source may be, once it is current', async () => {
    await publish(organization(1), organization(2), trunk(1, 1), trunk(2, 2));
    const routes = await start();
    await current(routes);
    expect([1, 2].map((n) => routes.isTrunkOfSource(id(2, n), request('x')))).toEqual([true, false]);
  });
});
