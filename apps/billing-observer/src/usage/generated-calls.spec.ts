import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { CallEnded } from '@trunkmesh/contracts/call.js';
import { ensureStreams } from '@trunkmesh/event-log/streams.nats.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startServers, type Servers } from '@trunkmesh/testkit/servers.process.js';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { freshDatabase, record } from '../call-log/call-log.fixture.js';
import { createDataSource } from '../database.pg.js';
import { GeneratedCalls, randomFrom } from './generated-calls.fixture.js';
import { differencesOf, gapsOf, monthsOf, places, statedIn, sumsOf } from './generated-check.fixture.js';
import { monthly } from './generated-months.fixture.js';
import { asEvent, changedPlan, summed, type Plan } from './generated-oracle.fixture.js';
import { ObservedStream } from './generated-stream.fixture.js';
import { ZONES } from './generated-zones.fixture.js';
import { startProgram } from './observer.fixture.js';
import { applyPlans } from './rating/rate-plans.pg.js';
import { settle } from './rating/settle.pg.js';
import { rebuildUsage } from './summary/recount.pg.js';
import { applyTimeZones } from './summary/time-zones.pg.js';

/** A million in a killed process, with 20 kills: USAGE_OBSERVED_CALLS=1000000 USAGE_KILLS=20 -t 'kill -9'. */
const OBSERVED_CALLS = Number(process.env['USAGE_OBSERVED_CALLS'] ?? 1_500);
const KILLS = Number(process.env['USAGE_KILLS'] ?? 2);
const CALLS = Number(process.env['USAGE_CALLS'] ?? 4_000);
const SEED = Number(process.env['USAGE_SEED'] ?? 20261129);
/** How often the connections of all copies are ended in the middle of a batch. */
const LOST_CONNECTIONS = 20;
const PLAN_CHANGES = 8;
const LARGEST_BATCH = 500;
/** In a large run batches take as long as in production; a small one does not wait for what a kill left behind. */
const ACK_WAIT_MS = OBSERVED_CALLS > 10_000 ? 10_000 : 1_000;
const LARGEST_PUBLISHED = 2_000;
const EVENTS_BEFORE_KILL = 300;
const POOL_SIZE = 4;
const SETTLING = { timeoutMs: 1_200_000, message: 'every plan is applied to the calls before it' };

const zones = ZONES.map(({ organization: organization_id, name: time_zone }) => ({
  ...{ organization_id, version: 1, time_zone },
}));
const random = randomFrom(SEED);
let servers: Servers;
let operator: pg.Client;
let copies: DataSource[] = [];
beforeAll(async () => {
  servers = await startServers();
  const { url, db } = await freshDatabase(servers.postgres);
  copies = [db, await createDataSource(url).initialize()];
  operator = new pg.Client({ connectionString: servers.postgres.url });
  await operator.connect();
}, 60_000);
afterAll(async () => {
  await operator?.end();
  await Promise.all(copies.map((copy) => copy.destroy()));
  await servers?.stop();
});

describe('generated calls with repetitions, disorder, gaps, estimates, changed plans and lost connections', () => {
  const calls = new GeneratedCalls(CALLS, SEED);
  const plans: Plan[] = [];
  const settleAll = async () => {
    for (const copy of copies) await settle(copy, { now: () => new Date('2026-12-10T00:00:00.000Z') });
  };

  it('are all recorded', async () => {
    await applyTimeZones(copies[0]!, zones);
    const { arrivals } = calls;
    const size = Math.min(LARGEST_BATCH, Math.floor(arrivals.length / (1.5 * LOST_CONNECTIONS)));
    const kills = places(LOST_CONNECTIONS, arrivals.length);
    const changes = places(PLAN_CHANGES, arrivals.length);
    for (let at = 0; at < arrivals.length;) {
      const batch = arrivals.slice(at, (at += 1 + random.below(size))).map((arrival) => calls.event(arrival));
      if (kills.reached(at)) await killed(batch);
      // Two copies are given the same part: JetStream has delivered it again.
      if (random.chance(0.1)) await Promise.all(copies.map((copy) => record(copy, batch)));
      else await record(random.of(copies), batch);
      if (changes.reached(at)) await changePlan();
    }
    // The stream is read once more from somewhere on.
    const again = arrivals.slice(-LARGEST_BATCH).map((arrival) => calls.event(arrival));
    await record(copies[1]!, again.toReversed());
    await settleAll();
    expect([kills.passed(), changes.passed()]).toEqual([LOST_CONNECTIONS, PLAN_CHANGES]);
    expect(await copies[0]!.query('SELECT count(*)::int FROM unreadable')).toEqual([{ count: 0 }]);
  }, 3_600_000);

  async function changePlan(): Promise<void> {
    await applyPlans(random.of(copies), [asEvent(changedPlan(random, plans))]);
    if (random.chance(0.7)) await settleAll();
  }

  sayWhatTheOracleSays(() => copies[0]!, calls, plans);

  it('the statements of the months, closed at last, are those of the oracle', async () => {
    expect(await statedIn(copies[0]!)).toEqual(monthly(calls.truth(), plans));
  }, 1_200_000);
});

describe('generated calls through JetStream, with repeated kill -9 of billing-observer', () => {
  const calls = new GeneratedCalls(OBSERVED_CALLS, SEED + 1);
  const plans: Plan[] = [];
  let nc: NatsConnection;
  let db: DataSource;
  let stream: ObservedStream;
  beforeAll(async () => {
    const { nats, postgres } = servers;
    nc = await connect({ servers: nats.url });
    await ensureStreams(nc);
    const fresh = await freshDatabase(postgres, { statementMs: 600_000 });
    db = fresh.db;
    const env = { NATS_URL: nats.url, DATABASE_URL: fresh.url, OPS_PORT: '0', ALERT_EVERY_SECONDS: '0' };
    stream = new ObservedStream(nc, () => startProgram(['main.ts'], { env }), ACK_WAIT_MS);
  }, 60_000);
  afterAll(async () => {
    await stream?.stop();
    await db?.destroy();
    await nc?.close();
  });

  it('are all recorded', async () => {
    await applyTimeZones(db, zones);
    const { arrivals } = calls;
    const size = Math.min(LARGEST_PUBLISHED, Math.floor(arrivals.length / (1.5 * PLAN_CHANGES)));
    const kills = places(KILLS, arrivals.length);
    const changes = places(PLAN_CHANGES, arrivals.length);
    await stream.observe();
    for (let at = 0; at < arrivals.length;) {
      const next = (count: number) => arrivals.slice(at, (at += count)).map((arrival) => calls.event(arrival));
      await stream.publish(next(1 + random.below(size)));
      if (changes.reached(at)) await stream.plan(changedPlan(random, plans));
      if (!kills.reached(at)) continue;
      await stream.kill(next(Math.min(size, EVENTS_BEFORE_KILL)), random.below(60));
      await stream.observe();
    }
    await stream.drained();
    const known =
      'SELECT count(*) FILTER (WHERE unsettled)::int AS unsettled, sum(version)::int AS sets FROM rate_plans';
    const sets = plans.reduce((sum, { version }) => sum + version, 0);
    await eventually(async () => {
      expect(await db.query(known)).toEqual([{ unsettled: 0, sets }]);
      return true;
    }, SETTLING);
    await stream.stop();
    expect([kills.passed(), changes.passed()]).toEqual([KILLS, PLAN_CHANGES]);
    expect(stream.killedAtWork).toBeGreaterThan(0);
    expect(await db.query('SELECT count(*)::int FROM unreadable')).toEqual([{ count: 0 }]);
  }, 7_200_000);

  sayWhatTheOracleSays(() => db, calls, plans);
});

function sayWhatTheOracleSays(db: () => DataSource, calls: GeneratedCalls, plans: readonly Plan[]): void {
  it('every call is what the oracle says, to the micro-unit and the microsecond', async () => {
    expect(await differencesOf(db(), calls, plans)).toEqual([]);
  }, 1_200_000);

  it('the sums by day are those of the oracle, and the same when made again', async () => {
    const expected = summed(calls.truth(), plans);
    expect(await sumsOf(db())).toEqual(expected);
    await rebuildUsage(db(), { signal: new AbortController().signal, progress: () => undefined });
    expect(await sumsOf(db())).toEqual(expected);
  }, 1_200_000);

  it('each month has the free minutes that the oracle gives it', async () => {
    const expected = monthly(calls.truth(), plans);
    expect(await monthsOf(db())).toEqual(expected);
    expect(expected.some(({ free }) => BigInt(free) > 0n)).toBe(true);
  }, 1_200_000);

  it('the gaps are exactly the records that never came', async () => {
    expect(await gapsOf(db())).toEqual([...calls.lost].sort((a, b) => a - b));
  });
}

/** All copies lose their connections at any moment while they record a batch; it is delivered again afterwards. */
async function killed(batch: readonly CallEnded[]): Promise<void> {
  const recording = Promise.allSettled(copies.map((copy) => record(copy, batch)));
  await sleep(random.below(40));
  await operator.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'billing-observer'",
  );
  await recording;
  // Each pool notices, which takes it a moment, that its connections are gone.
  const usable = (copy: DataSource) => Promise.all(Array.from({ length: POOL_SIZE }, () => copy.query('SELECT 1')));
  await eventually(() =>
    Promise.all(copies.map(usable)).then(
      () => true,
      () => false,
    ),
  );
}
