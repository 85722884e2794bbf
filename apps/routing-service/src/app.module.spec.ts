import 'reflect-metadata';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { INestMicroservice } from '@nestjs/common';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { inboundAnswer, type InboundAnswer } from '@trunkmesh/contracts/routing.js';
import { gatewayStatus, type GatewayStatus } from '@trunkmesh/contracts/bridge.js';
import { outboundAnswer } from '@trunkmesh/contracts/outbound.js';
import {
  GATEWAYS_BUCKET,
  gatewayKey,
  ROUTING_EXPLAIN,
  ROUTING_INBOUND,
  ROUTING_OUTBOUND,
  TRUNKMESH_STREAM,
} from '@trunkmesh/contracts/subjects.js';
import { openBucket } from '@trunkmesh/event-log/bucket.nats.js';
import { ensureStreams } from '@trunkmesh/event-log/streams.nats.js';
import {
  invite,
  number,
  ORG,
  organization,
  subjectOf,
  trunk,
  TRUNK,
  type Entity,
} from '@trunkmesh/routing/inbound-fixture.js';
import { startRequestService } from '@trunkmesh/requests/request-service.nats.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { connectNats, type NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import { READINESS, ServiceModule, type ReadinessCheck } from '@trunkmesh/runtime/service.module.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startNatsServer, type NatsServer } from '@trunkmesh/testkit/nats-server.process.js';
import { AppModule } from './app.module.js';
import type { Config } from './config.js';

const A = '+15551230001';
const B = '+15551230002';
const logger = createLogger('test', { level: process.env.TEST_LOG ?? 'silent' });

let server: NatsServer;
let nc: NatsConnection;
let apps: INestMicroservice[];

beforeAll(async () => {
  server = await startNatsServer();
});
afterAll(async () => {
  await server?.stop();
});
beforeEach(async () => {
  apps = [];
  nc = await connectNats(server.url, { name: 'spec', logger });
  await ensureStreams(nc);
});
afterEach(async () => {
  await Promise.all(apps.map((app) => app.close()));
  await remakeStream(false);
  await nc.close();
});

async function remakeStream(again = true): Promise<void> {
  await (await jetstreamManager(nc)).streams.delete(TRUNKMESH_STREAM);
  if (again) await ensureStreams(nc);
}

const publish = async (...entities: Entity[]) => {
  for (const entity of entities)
    await jetstream(nc).publish(subjectOf(entity), JSON.stringify({ type: 'x', data: { change: {}, state: entity } }));
};
const gatewayReport = (with_: Pick<GatewayStatus, 'organization_id' | 'trunk_id' | 'state'>): GatewayStatus => ({
  bridge_id: 'b1',
  applied_revision: 1,
  desired_revision: 1,
  error: null,
  sip_status: null,
  sip_phrase: null,
  ping: null,
  since: null,
  updated_at: new Date(0).toISOString(),
  ...with_,
});
const remove = (entity: Entity) =>
  jetstream(nc).publish(subjectOf(entity), JSON.stringify({ type: 'x', data: { change: {}, state: null } }));

async function start(url = server.url): Promise<ReadinessCheck> {
  const config: Config = { NATS_URL: url, OPS_PORT: 0, OPS_HOST: '127.0.0.1', LOG_LEVEL: 'silent' };
  const root = ServiceModule.of(AppModule, { config, logger });
  const { app } = await startRequestService(root, { logger: false, abortOnError: false });
  apps.push(app);
  return app.get<ReadinessCheck>(READINESS, { strict: false });
}

const ready = (readiness: ReadinessCheck) =>
  eventually(async () => Object.values(await readiness()).every((state) => state === 'up'));

/** A request may be lost while NATS restarts: shorter than `eventually` goes on asking. */
const ANSWER_MS = 3_000;
async function ask(request: unknown, subject = ROUTING_INBOUND): Promise<InboundAnswer> {
  const answer = await nc.request(subject, typeof request === 'string' ? request : JSON.stringify(request), {
    timeout: ANSWER_MS,
  });
  return inboundAnswer.parse(answer.json());
}
const routesTo = (phone: string) =>
  eventually(async () => {
    const answer = await ask(invite({ to_user: phone }));
    return answer.outcome === 'route' && answer.number === phone ? answer : undefined;
  });
const refusedAs = (reason: string, phone = A) =>
  eventually(async () => {
    const answer = await ask(invite({ to_user: phone }));
    return answer.outcome === 'refuse' && answer.reason === reason;
  });

describe('routing-service', () => {
  it('answers from what is in the stream, and then from what comes', async () => {
    await publish(number(1, A), trunk(1, 1), organization(1));
    await ready(await start());
    expect(await routesTo(A)).toMatchObject({ organization_id: ORG(1), trunk_id: TRUNK(1), decided_by: 'To' });
    await publish(number(1, B));
    await routesTo(B);
    await publish(organization(1, { status: 'suspended' }));
    await refusedAs('organization-suspended');
    await publish(organization(1), trunk(1, 1, { enabled: false }));
    await refusedAs('trunk-disabled');
    await publish(trunk(1, 1));
    await remove(number(1, A));
    await refusedAs('unknown-number');
    await remove(trunk(1, 1));
    await refusedAs('unknown-source');
  });

  it('answers anything with a decision or with what is wrong, and goes on', async () => {
    await publish(organization(1), trunk(1, 1), number(1, A));
    await ready(await start());
    for (const request of ['', '{', 'null', '[]', '{}', JSON.stringify({ ...invite(), headers: 'x' })])
      for (const subject of [ROUTING_INBOUND, ROUTING_EXPLAIN])
        expect(await ask(request, subject)).toMatchObject({ outcome: 'error', code: 'invalid-request' });
    await routesTo(A);
  });

  it('explains for one organisation without the others', async () => {
    await publish(organization(1), trunk(1, 1), number(1, A));
    await ready(await start());
    for (const asker of [{}, { organization_id: ORG(1) }])
      expect(await ask({ ...invite({ to_user: A }), ...asker }, ROUTING_EXPLAIN)).toMatchObject({
        outcome: 'route',
        number: A,
      });
    expect(await ask({ ...invite({ to_user: A }), organization_id: ORG(2) }, ROUTING_EXPLAIN)).toMatchObject({
      outcome: 'refuse',
      reason: 'unknown-source',
    });
  });

  it('does not answer before its index is complete', async () => {
    await remakeStream(false);
    const readiness = await start();
    await eventually(async () => (await readiness()).nats === 'up');
    expect((await readiness()).index).toMatch(/reading/);
    for (const subject of [ROUTING_INBOUND, ROUTING_EXPLAIN])
      await expect(nc.request(subject, '{}', { timeout: 10_000 })).rejects.toThrow(/no responders/i);
    await ensureStreams(nc);
    await publish(organization(1), trunk(1, 1), number(1, A));
    await ready(readiness);
    await routesTo(A);
  });

  it('is one of several, each request answered by one, also while one of them stops', async () => {
    await publish(organization(1), trunk(1, 1), number(1, A));
    const two = [await start(), await start()];
    await Promise.all(two.map(ready));
    let answered = 0;
    const asked = Array.from({ length: 400 }, async (_, at) => {
      if (at === 200) await apps[0]!.close();
      expect(await ask(invite({ to_user: A }))).toMatchObject({ outcome: 'route' });
      answered++;
    });
    await Promise.all(asked);
    expect(answered).toBe(400);
  });

  it('takes in what an event that cannot be read leaves out, and what comes behind it', async () => {
    await publish(organization(1), trunk(1, 1));
    for (const payload of ['', '{', '{"data":1}', '{"data":{"state":{"id":7}}}'])
      await jetstream(nc).publish(subjectOf(number(1, B)), payload);
    await publish(number(1, A));
    await ready(await start());
    await routesTo(A);
  });

  it('goes on when NATS was away', async () => {
    await publish(organization(1), trunk(1, 1), number(1, A));
    const readiness = await start();
    await ready(readiness);
    await server.restart();
    await ready(readiness);
    await routesTo(A);
    await publish(number(1, B));
    await routesTo(B);
  });

  it('routes on from what it knew while a stream that was lost is filled again', async () => {
    const entities = [organization(1), trunk(1, 1), number(1, A), number(1, B, { is_active: false })];
    await publish(...entities);
    const readiness = await start();
    await ready(readiness);
    await routesTo(A);
    await remakeStream();
    await publish(entities[0]!);
    // It has seen the new stream when an update that only the new stream has shows, which it must not before the stream
    // has come as far as it was.
    await publish(entities[1]!, entities[2]!);
    await expect(ask(invite({ to_user: A }))).resolves.toMatchObject({ outcome: 'route' });
    await publish(number(1, B));
    await routesTo(B);
    await routesTo(A);
  });

  it('plans outbound calls, with what the bridges report of their gateways', async () => {
    await publish(
      organization(1),
      trunk(1, 1),
      trunk(1, 2, { priority: 20 }),
      number(1, A, { sip_trunk_id: TRUNK(1) }),
    );
    await ready(await start());
    const call = { call_id: ORG(9), organization_id: ORG(1), from: A, to: B };
    const plan = async (with_: object = {}) => {
      const answer = await nc.request(ROUTING_OUTBOUND, JSON.stringify({ ...call, ...with_ }), { timeout: 10_000 });
      return outboundAnswer.parse(answer.json());
    };
    const order = async () => {
      const answer = await plan();
      return answer.outcome === 'call' ? answer.attempts.map(({ trunk_id, gateway }) => [trunk_id, gateway]) : answer;
    };
    expect(await order()).toEqual([
      [TRUNK(1), 'unknown'],
      [TRUNK(2), 'unknown'],
    ]);
    const bucket = openBucket(nc, { name: GATEWAYS_BUCKET, schema: gatewayStatus, logger });
    const key = gatewayKey(ORG(1), TRUNK(1), 'b1');
    await bucket.put(key, gatewayReport({ organization_id: ORG(1), trunk_id: TRUNK(1), state: 'FAIL_WAIT' }));
    await eventually(async () => {
      expect(await order()).toEqual([
        [TRUNK(2), 'unknown'],
        [TRUNK(1), 'down'],
      ]);
      return true;
    });
    await bucket.delete(key);
    await eventually(
      async () =>
        JSON.stringify((await order()) as unknown) ===
        JSON.stringify([
          [TRUNK(1), 'unknown'],
          [TRUNK(2), 'unknown'],
        ]),
    );
    expect(await plan({ to: '911' })).toMatchObject({ outcome: 'refuse', reason: 'emergency-number' });
    expect(await plan({ from: 'alice' })).toMatchObject({ outcome: 'error', code: 'invalid-request' });
  });

  it('stops within a moment although NATS is gone', async () => {
    const other = await startNatsServer();
    const connection = await connectNats(other.url, { name: 'spec', logger });
    await ensureStreams(connection);
    await connection.close();
    const readiness = await start(other.url);
    await ready(readiness);
    await other.stop('SIGKILL');
    await apps.at(-1)!.close();
  });
});
