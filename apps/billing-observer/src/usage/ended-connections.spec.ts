import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstream } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { INestMicroservice } from '@nestjs/common';
import { callLogListAnswer } from '@trunkmesh/contracts/call-log.js';
import { CALL_LOG_LIST } from '@trunkmesh/contracts/subjects.js';
import { startRequestService } from '@trunkmesh/requests/request-service.nats.js';
import { READINESS, ServiceModule, type ReadinessCheck } from '@trunkmesh/runtime/service.module.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startServers, type Servers } from '@trunkmesh/testkit/servers.process.js';
import pg from 'pg';
import pino from 'pino';
import { AppModule } from '../app.module.js';
import { environmentSchema } from '../config.js';
import { callEnded, callId, ORG } from '@trunkmesh/testkit/call-events.js';

const EVERY_MS = 20;
const FOR_MS = 4_000;

let servers: Servers;
let nc: NatsConnection;
let admin: pg.Client;
let app: INestMicroservice;
let readiness: ReadinessCheck;
beforeAll(async () => {
  servers = await startServers();
  const DATABASE_URL = await servers.postgres.createDatabase('observer');
  const config = environmentSchema.parse({ NATS_URL: servers.nats.url, DATABASE_URL });
  const root = ServiceModule.of(AppModule, { config, logger: pino({ level: 'silent' }) });
  ({ app } = await startRequestService(root, { logger: false, abortOnError: false }));
  readiness = app.get<ReadinessCheck>(READINESS, { strict: false });
  nc = await connect({ servers: servers.nats.url });
  admin = new pg.Client({ connectionString: DATABASE_URL });
  await admin.connect();
}, 60_000);
afterAll(async () => {
  await app?.close();
  await admin?.end();
  await nc?.close();
  await servers?.stop();
});

const endConnections = () =>
  admin.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> ' +
      'pg_backend_pid()',
  );

/** Calls end and the call log is asked for, for some seconds; how many calls. */
async function underLoad(outcomes: Set<string>): Promise<number> {
  const until = Date.now() + FOR_MS;
  const asking = Array.from({ length: 4 }, async () => {
    while (Date.now() < until) {
      const answer = await nc.request(CALL_LOG_LIST, JSON.stringify({ organization_id: ORG, limit: 5 }), {
        timeout: 20_000,
      });
      const parsed = callLogListAnswer.parse(answer.json());
      outcomes.add(parsed.outcome === 'error' ? parsed.code : parsed.outcome);
    }
  });
  let calls = 0;
  for (; Date.now() < until; await pause(2)) {
    const event = callEnded((calls += 1));
    await jetstream(nc).publish(event.subject, JSON.stringify(event));
  }
  await Promise.all(asking);
  return calls;
}

describe('a PostgreSQL that ends connections', () => {
  it('never ends billing-observer: every call is recorded once, every question is answered', async () => {
    await eventually(async () => (await readiness())['calls'] === 'up', {
      timeoutMs: 20_000,
      message: 'it has started',
    });
    const over = new AbortController();
    const ending = (async () => {
      for (; !over.signal.aborted; await pause(EVERY_MS)) await endConnections();
    })();
    let calls = 0;
    const outcomes = new Set<string>();
    try {
      calls = await underLoad(outcomes);
    } finally {
      over.abort();
      await ending;
    }
    expect([...outcomes].filter((outcome) => outcome !== 'list' && outcome !== 'unavailable')).toEqual([]);
    const recorded = async () =>
      (await admin.query<{ call_id: string }>('select call_id from ledger_entries order by call_id')).rows.map(
        ({ call_id }) => call_id,
      );
    await eventually(async () => (await recorded()).length >= calls, {
      timeoutMs: 20_000,
      message: 'every call is recorded',
    });
    expect(await recorded()).toEqual(Array.from({ length: calls }, (_, index) => callId(index + 1)));
    await eventually(async () => Object.values(await readiness()).every((check) => check === 'up'), {
      message: 'it is ready',
    });
  }, 60_000);
});
