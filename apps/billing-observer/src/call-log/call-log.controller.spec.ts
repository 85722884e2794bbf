import 'reflect-metadata';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { DynamicModule, INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  callLogGetAnswer,
  callLogListAnswer,
  type CallDetail,
  type CallSummary,
} from '@trunkmesh/contracts/call-log.js';
import { callSid } from '@trunkmesh/contracts/call-control.js';
import type { CallEnded } from '@trunkmesh/contracts/call.js';
import { CALL_LOG_GET, CALL_LOG_LIST, CALL_LOG_QUEUE } from '@trunkmesh/contracts/subjects.js';
import { RequestServer } from '@trunkmesh/requests/request-server.nats.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import pino from 'pino';
import type { DataSource } from 'typeorm';
import { startServers, type Servers } from '@trunkmesh/testkit/servers.process.js';
import { callEnded, callId, callRejected, callStarted, ORG, TRUNK } from '@trunkmesh/testkit/call-events.js';
import { CALL_LOG } from '../tokens.js';
import { freshDatabase, record } from './call-log.fixture.js';
import { applyToCallLog } from './call-rows.pg.js';
import { countNextDay } from './count-days.pg.js';
import { DayCounting } from './day-counting.process.js';
import { PackedDays } from './packed-days.pg.js';
import { rebuild } from './rebuild.pg.js';
import { CallLogController, type CallLogOptions } from './call-log.controller.js';

const OTHER_ORG = '0190a5b2-7c00-7000-8000-0000000000aa';
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_unused, index) => from + index);
const minute = (n: number) => new Date(Date.UTC(2026, 10, 23, 0, n)).toISOString();
const ended = (n: number, over: Partial<CallEnded['data']> = {}): CallEnded => ({
  ...callEnded(n),
  data: { ...callEnded(n).data, started_at: minute(n), ...over },
});

let servers: Servers;
let nc: NatsConnection;
let own: NatsConnection;
let db: DataSource;
let responder: INestMicroservice;
beforeAll(async () => {
  servers = await startServers();
  nc = await connect({ servers: servers.nats.url });
}, 60_000);
afterAll(async () => {
  await nc?.close();
  await servers?.stop();
});
beforeEach(async () => {
  ({ db } = await freshDatabase(servers.postgres, { poolSize: 3 }));
  own = await connect({ servers: servers.nats.url });
  // However slow the machine is.
  await respond(20_000);
});
afterEach(async () => {
  await responder.close();
  await own.close();
  if (db.isInitialized) await db.destroy();
});

let packedDays: PackedDays;
async function respond(deadlineMs: number): Promise<void> {
  const logger = pino({ level: 'silent' });
  packedDays = new PackedDays();
  const maxPayload = () => own.info?.max_payload;
  const options: CallLogOptions = { dataSource: db, maxPayload, deadlineMs, logger, packedDays };
  class CallLogModule {}
  const module: DynamicModule = {
    module: CallLogModule,
    controllers: [CallLogController],
    providers: [{ provide: CALL_LOG, useValue: options }],
  };
  responder = await NestFactory.createMicroservice(module, {
    strategy: new RequestServer({ ready: () => Promise.resolve(own), queue: CALL_LOG_QUEUE, logger }),
    logger: false,
  });
  await responder.listen();
  await own.flush();
}

const ask = async (subject: string, request: unknown) =>
  (
    await nc.request(subject, typeof request === 'string' ? request : JSON.stringify(request), { timeout: 25_000 })
  ).json();
const list = async (query: object) =>
  callLogListAnswer.parse(await ask(CALL_LOG_LIST, { organization_id: ORG, ...query }));
const calls = async (query: object) => {
  const answer = await list(query);
  if (answer.outcome !== 'list') throw new Error(answer.message);
  return answer;
};
const ids = async (query: object) => (await calls(query)).calls.map(({ call_id }) => Number(call_id.slice(-6)));

describe('the list', () => {
  it('is the newest first, in pages, with how many there are', async () => {
    await record(
      db,
      range(1, 25).map((n) => ended(n)),
    );
    expect(await ids({ limit: 3 })).toEqual([25, 24, 23]);
    expect(await ids({ skip: 23, limit: 10 })).toEqual([2, 1]);
    expect(await calls({ limit: 3 })).toMatchObject({ total: 25 });
    expect(await calls({ skip: 20 })).toMatchObject({ total: 25 });
    expect(await calls({ skip: 25 })).toEqual({ outcome: 'list', calls: [], total: 25 });
    expect(await calls({ limit: 25 })).toMatchObject({ total: 25 });
  });

  it('puts calls of the same moment in one order', async () => {
    await record(
      db,
      range(1, 9).map((n) => callEnded(n)),
    );
    expect([...(await ids({ limit: 5 })), ...(await ids({ skip: 5 }))]).toEqual(range(1, 9));
  });

  it('has filters, which combine with AND', async () => {
    await record(db, [
      ended(1, { from: '+15550000001' }),
      ended(2, { direction: 'outbound', to: '+15550000001', billable_ms: 60_000 }),
      ended(3, { target: { kind: 'flow', id: 7 }, billable_ms: 90_000 }),
      ended(4, { answered_at: null, billable_ms: 0, trunk_id: null, number_id: TRUNK }),
      { ...callRejected(5), data: { ...callRejected(5).data, started_at: minute(5) } },
      { ...callStarted(6), data: { ...callStarted(6).data, started_at: minute(6) } },
    ]);
    const expected: [object, number[]][] = [
      [{}, [6, 5, 4, 3, 2, 1]],
      [{ status: 'ongoing' }, [6]],
      [{ status: 'completed' }, [3, 2, 1]],
      [{ status: 'failed' }, [5, 4]],
      [{ assistant_id: 7 }, [6, 4, 2, 1]],
      [{ flow_id: 7 }, [3]],
      [{ customer_phone: '+15550000001' }, [2, 1]],
      [{ customer_phone: '15550000001' }, [2, 1]],
      [{ customer_phone: '1555000000' }, [2, 1]],
      [{ customer_phone: '+1555000' }, [2, 1]],
      [{ customer_phone: '+555' }, []],
      [{ customer_phone: '0001' }, [2, 1]],
      [{ customer_phone: '%' }, []],
      [{ customer_phone: '_' }, []],
      [{ assistant_ids: [7, 8] }, [6, 4, 2, 1]],
      [{ assistant_ids: [8] }, []],
      [{ assistant_ids: [] }, []],
      [{ call_sid: callId(3) }, [3]],
      [{ call_sid: callSid(callId(3)).slice(5) }, [3]],
      [{ call_sid: callSid(callId(3)).slice(0, -1) }, [6, 5, 4, 3, 2, 1]],
      [{ call_sid: 'CA%' }, []],
      [{ direction: 'outbound' }, [2]],
      [{ trunk_id: TRUNK }, [6, 5, 3, 2, 1]],
      [{ number_id: TRUNK }, [4]],
      [{ call_id: callId(3) }, [3]],
      [{ date_from: minute(4) }, [6, 5, 4]],
      [{ date_to: minute(2) }, [2, 1]],
      [{ date_from: minute(2), date_to: minute(3) }, [3, 2]],
      [{ min_duration: 60 }, [3, 2]],
      [{ max_duration: 60 }, [5, 4, 2, 1]],
      [{ min_duration: 4.02, max_duration: 4.02 }, [1]],
      [{ status: 'completed', assistant_id: 7, min_duration: 5 }, [2]],
      [{ customer_phone: '+15550000001', direction: 'inbound' }, [1]],
      [{ customer_phone: "\u0000' OR true --" }, []],
      [{ min_duration: 1e308 }, []],
      [{ date_from: '0000-01-01T00:00:00.000Z', date_to: '9999-12-31T23:59:59.999Z' }, [6, 5, 4, 3, 2, 1]],
    ];
    for (const [query, found] of expected) expect([query, await ids(query)]).toEqual([query, found]);
  });

  it('shows an organisation its own calls and nobody the calls of nobody', async () => {
    const stray = {
      ...callRejected(2),
      subject: `trunkmesh.call.unknown.${callId(2)}`,
      data: { ...callRejected(2).data, organization_id: null },
    };
    await record(db, [callEnded(1), stray]);
    expect(await ids({})).toEqual([1]);
    for (const organization_id of [OTHER_ORG, '00000000-0000-0000-0000-000000000000']) {
      expect(await calls({ organization_id })).toMatchObject({ total: 0 });
      for (const n of [1, 2])
        expect(await ask(CALL_LOG_GET, { organization_id, call_id: callId(n) })).toEqual({ outcome: 'not-found' });
    }
  });

  it('of a thousand calls comes in one message', async () => {
    await record(
      db,
      range(1, 1000).map((n) => ended(n)),
    );
    const message = await nc.request(CALL_LOG_LIST, JSON.stringify({ organization_id: ORG, limit: 1000 }), {
      timeout: 10_000,
    });
    expect((callLogListAnswer.parse(message.json()) as { calls: CallSummary[] }).calls).toHaveLength(1000);
    expect(message.data.byteLength).toBeLessThan(900_000);
  });

  it('of a thousand calls that callers made as large as they could comes in parts that NATS takes', async () => {
    const recording = {
      state: 'stored' as const,
      location: `s3://${'\u0001'.repeat(1000)}`,
      bytes: 1,
      duration_ms: 1,
      detail: null,
    };
    await record(
      db,
      range(1, 1000).map((n) => ended(n, { from: '\u0001'.repeat(2000), to: '€'.repeat(2000), recording })),
    );
    const seen: string[] = [];
    let parts = 0;
    for (; seen.length < 1000; parts += 1) {
      const { calls: some, total } = await calls({ skip: seen.length, limit: 1000 - seen.length });
      expect(total).toBe(1000);
      expect(some.length).toBeGreaterThan(50);
      seen.push(...some.map(({ call_id }) => call_id));
    }
    expect(parts).toBeGreaterThan(1);
    expect(new Set(seen).size).toBe(1000);
  });
});

describe('past days', () => {
  const at = (day: number, n: number) => new Date(Date.UTC(2025, 0, day, 0, n)).toISOString();
  const began = (n: number, day: number, over: Partial<CallEnded['data']> = {}) =>
    ended(n, { started_at: at(day, n), ...over });
  const QUERIES: object[] = [
    {},
    ...['ongoing', 'completed', 'failed'].map((status) => ({ status })),
    { direction: 'outbound' },
    { trunk_id: TRUNK },
    { trunk_id: OTHER_ORG },
    { number_id: TRUNK },
    { assistant_id: 7 },
    { flow_id: 7, status: 'completed' },
    { assistant_ids: [7, 9] },
    { assistant_ids: [] },
    { trunk_id: TRUNK, assistant_id: 7 },
    { min_duration: 1 },
    { max_duration: 60, trunk_id: TRUNK, status: 'completed' },
    { customer_phone: '1555' },
    { customer_phone: '+1555', assistant_ids: [7], date_from: at(2, 4) },
    { call_sid: '00001', date_to: at(5, 20) },
    { call_sid: callId(31), min_duration: 0 },
    { date_from: at(2, 0) },
    { date_from: at(2, 4), date_to: at(5, 20) },
    { date_to: '2025-01-03T23:59:59.999Z', direction: 'inbound' },
  ];
  const PAGES: [skip: number, limit: number][] = [0, 1, 5, 17, 30, 60].flatMap((skip) =>
    [1, 4, 100].map((limit): [number, number] => [skip, limit]),
  );
  const answers = async () => {
    const found: unknown[] = [];
    for (const query of QUERIES)
      for (const [skip, limit] of PAGES) {
        const { calls: some, total } = await calls({ ...query, skip, limit });
        found.push({ query, skip, limit, total, calls: some.map(({ call_id }) => call_id) });
      }
    return found;
  };
  const counting = async (many = 1) => {
    const dayCounting = new DayCounting({ dataSource: db, logger: pino({ level: 'silent' }), many, packedDays });
    dayCounting.notice(ORG);
    await dayCounting.idle();
    return (await db.query('SELECT day::text AS day FROM call_log_days ORDER BY 1')) as { day: string }[];
  };

  it('are counted where an organisation has many calls, and answers stay the same', async () => {
    const some = [1, 2, 3, 5, 6, 9].flatMap((day) => range(day * 6, day * 6 + 5).map((n) => ({ n, day })));
    await record(
      db,
      some.map(({ n, day }) =>
        n % 6 === 0
          ? { ...callRejected(n), data: { ...callRejected(n).data, started_at: at(day, n) } }
          : began(n, day, {
              direction: n % 4 === 0 ? 'outbound' : 'inbound',
              target: { kind: n % 5 === 0 ? 'flow' : 'assistant', id: n % 7 === 0 ? 9 : 7 },
              ...(day === 6 && { trunk_id: null, number_id: TRUNK }),
            }),
      ),
    );
    const before = await answers();
    expect(await counting(100)).toEqual([]);
    expect((await counting()).map(({ day }) => day.slice(-1))).toEqual(['1', '2', '3', '5', '6', '9']);
    expect(await answers()).toEqual(before);
    // The totals are sums of the days.
    await db.query("UPDATE call_log_day_counts SET calls = calls + 10 WHERE filter = '' AND day = '2025-01-05'");
    expect((await calls({ direction: 'inbound' })).total).toBeGreaterThan(some.length);
    // Searches do not look at the rows.
    const searched = await calls({ customer_phone: '1555' });
    await db.query("UPDATE call_log SET customer_phone = 'nobody'");
    expect(await calls({ customer_phone: '1555' })).toEqual(searched);
    expect(await calls({ customer_phone: '1555', organization_id: OTHER_ORG })).toMatchObject({ total: 0 });
  });

  it('are counted again after a call of theirs is written, moved to another day, or rebuilt', async () => {
    await record(db, [began(1, 1), began(2, 2), began(3, 4)]);
    expect(await counting()).toHaveLength(3);
    await record(db, [began(4, 4)], 10);
    expect(await calls({})).toMatchObject({ total: 4 });
    expect(await calls({ min_duration: 0 })).toMatchObject({ total: 4 });
    expect(await counting()).toHaveLength(3);
    expect(await calls({ min_duration: 0 })).toMatchObject({ total: 4 });
    // An end that is known later, of a call that began on another day than was believed.
    await record(db, [{ ...callStarted(5), data: { ...callStarted(5).data, started_at: at(1, 5) } }], 20);
    await counting();
    await record(db, [began(5, 2)], 30);
    expect([await calls({}), await calls({ date_to: at(1, 59) })]).toMatchObject([{ total: 5 }, { total: 1 }]);
    expect(await counting()).toHaveLength(3);
    await db.query('DELETE FROM calls WHERE call_id = $1', [callId(1)]);
    await rebuild(db, { signal: new AbortController().signal, progress: () => undefined });
    expect(await db.query('SELECT FROM call_log_days')).toEqual([]);
    expect(await calls({})).toMatchObject({ total: 4 });
  });

  it('are not counted while a call of a past day is being written', async () => {
    await record(db, [began(1, 1)]);
    await db.transaction(async (tx) => {
      await applyToCallLog(tx, [began(2, 1)]);
      expect(await countNextDay(db, ORG)).toBe('busy');
    });
    expect(await countNextDay(db, ORG)).toBe('2025-01-01');
    expect(await calls({})).toMatchObject({ total: 2 });
  });

  it('end before today: calls of today are written without a lock', async () => {
    const now = new Date().toISOString();
    await record(db, [ended(1, { started_at: now })]);
    expect(await counting()).toEqual([]);
    await db.transaction(async (tx) => {
      await applyToCallLog(tx, [ended(2, { started_at: now })]);
      expect(await countNextDay(db, ORG)).toBeUndefined();
    });
  });
});

describe('one call', () => {
  it('is answered with everything that is known of it', async () => {
    await record(db, [callStarted(1), callEnded(1)]);
    const answer = callLogGetAnswer.parse(await ask(CALL_LOG_GET, { organization_id: ORG, call_id: callId(1) })) as {
      outcome: 'call';
      call: CallDetail;
    };
    expect(answer).toMatchObject({
      outcome: 'call',
      call: {
        call_id: callId(1),
        status: 'completed',
        ended_by: 'caller',
        timeline: [{ what: 'call-started' }, { what: 'call-ended' }],
      },
    });
    expect(await ask(CALL_LOG_GET, { organization_id: ORG, call_id: callId(2) })).toEqual({ outcome: 'not-found' });
  });

  it("with a story of almost a message's size arrives", async () => {
    const timeline = range(1, 500).map((n) => ({ at: minute(1), what: `step-${n}`, detail: '€'.repeat(490) }));
    const invite = {
      request_uri_user: '',
      to_user: '',
      from_user: '',
      headers: range(1, 60).map(() => ['x-long', 'x'.repeat(8000)] as [string, string]),
      truncated: false,
    };
    await record(db, [{ ...callStarted(1), data: { ...callStarted(1).data, invite } }, ended(1, { timeline })]);
    const { call } = callLogGetAnswer.parse(await ask(CALL_LOG_GET, { organization_id: ORG, call_id: callId(1) })) as {
      call: CallDetail;
    };
    expect(call.timeline).toHaveLength(101);
    expect(call.timeline.at(-1)).toMatchObject({ what: 'call-ended' });
  });
});

describe('whatever is asked', () => {
  it.each<[string, unknown]>([
    ['nothing', ''],
    ['no JSON', '{'],
    ['no object', '[]'],
    ['no organisation', {}],
    ['a limit beyond', { organization_id: ORG, limit: 1001 }],
    ['a negative skip', { organization_id: ORG, skip: -1 }],
    ['an organisation that is none', { organization_id: "' OR true --" }],
    ['a date that is none', { organization_id: ORG, date_from: 'yesterday' }],
  ])('%s: is refused as invalid', async (_what, request) => {
    expect(callLogListAnswer.parse(await ask(CALL_LOG_LIST, request))).toMatchObject({
      outcome: 'error',
      code: 'invalid-request',
      message: expect.any(String),
    });
  });

  it('one that is no call is refused as invalid', async () => {
    expect(callLogGetAnswer.parse(await ask(CALL_LOG_GET, { organization_id: ORG, call_id: '7' }))).toMatchObject({
      outcome: 'error',
      code: 'invalid-request',
    });
  });

  it('is answered within the deadline while the database is down or hangs, and again afterwards', async () => {
    await record(db, [callEnded(1)]);
    await responder.close();
    await respond(2_000);
    const holding = db.createQueryRunner();
    await holding.startTransaction();
    await holding.query('LOCK TABLE call_log IN ACCESS EXCLUSIVE MODE');
    expect(await list({})).toEqual({ outcome: 'error', code: 'unavailable', message: 'no answer in time' });
    await holding.rollbackTransaction();
    await holding.release();
    await eventually(async () => (await list({})).outcome === 'list');
    await servers.postgres.halt();
    expect(await list({})).toMatchObject({ outcome: 'error', code: 'unavailable' });
    expect(callLogGetAnswer.parse(await ask(CALL_LOG_GET, { organization_id: ORG, call_id: callId(1) }))).toMatchObject(
      { outcome: 'error', code: 'unavailable' },
    );
    await servers.postgres.start();
    await eventually(async () => (await list({})).outcome === 'list');
  });

  it('in a flood does not block recording: each request is answered, and calls are still recorded', async () => {
    await record(
      db,
      range(1, 500).map((n) => ended(n)),
    );
    const flood = Promise.all(range(1, 1_000).map(() => list({ limit: 1 })));
    const batch = await record(
      db,
      range(501, 600).map((n) => ended(n)),
    );
    expect(batch.recorded).toHaveLength(100);
    const outcomes = (await flood).map((answer) => (answer.outcome === 'error' ? answer.message : answer.outcome));
    expect(outcomes.filter((outcome) => outcome === 'list').length).toBeGreaterThanOrEqual(200);
    expect(new Set(outcomes).size).toBeLessThanOrEqual(2);
    expect(outcomes.every((outcome) => outcome === 'list' || outcome === 'too many concurrent requests')).toBe(true);
  });
});
