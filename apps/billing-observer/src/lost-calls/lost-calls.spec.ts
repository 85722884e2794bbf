import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { CallAnswered, CallEnded, CallEvent } from '@trunkmesh/contracts/call.js';
import { CALLS_STREAM, callSubject } from '@trunkmesh/contracts/subjects.js';
import { TEST_CALL_MS } from '@trunkmesh/contracts/trunk-test.js';
import { ensureStreams } from '@trunkmesh/event-log/streams.nats.js';
import { connectNats, type NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import * as sample from '@trunkmesh/testkit/call-events.js';
import { startServers } from '@trunkmesh/testkit/servers.process.js';
import type { DataSource } from 'typeorm';
import { freshDatabase, recordNow } from '../call-log/call-log.fixture.js';
import { lostCalls, noteSeen } from './bridge-sightings.pg.js';
import { closeLostCalls } from './close-lost.nats.js';
import { closingEvent } from './closing-event.js';

const logger = createLogger('test', { level: 'silent' });
const DAY_MS = 86_400_000;
const { callId, ORG } = sample;

/** The samples, begun two days ago: a call that nobody answered is looked for as long as the stream has it. */
const SHIFT_MS = Date.now() - 2 * DAY_MS - Date.parse(sample.callStarted(1).data.started_at);
const recent = (time: string) => new Date(Date.parse(time) + SHIFT_MS).toISOString();
const shifted = <Event extends CallEvent>(event: Event): Event =>
  JSON.parse(JSON.stringify(event), (_key, value: unknown) =>
    typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) ? recent(value) : value,
  ) as Event;
const callStarted = (n: number) => shifted(sample.callStarted(n));
const callAnswered = (n: number) => shifted(sample.callAnswered(n));
const callEnded = (n: number) => shifted(sample.callEnded(n));
let servers: Awaited<ReturnType<typeof startServers>>;
let nc: NatsConnection;
let db: DataSource;

beforeAll(async () => {
  servers = await startServers();
  nc = await connectNats(servers.nats.url, { name: 'test', logger });
}, 60_000);
afterAll(async () => {
  await nc?.close();
  await servers?.stop();
});
beforeEach(async () => {
  ({ db } = await freshDatabase(servers.postgres));
  await ensureStreams(nc);
});
afterEach(async () => {
  await db.destroy();
  await (await jetstreamManager(nc)).streams.purge(CALLS_STREAM);
});

/** As an agent publishes them and the recorder stores them. */
async function happened(...events: CallEvent[]): Promise<void> {
  for (const event of events) await jetstream(nc).publish(event.subject, JSON.stringify(event));
  await recordNow(db, events);
}
const close = () => closeLostCalls({ nc, dataSource: db, logger, lostMs: DAY_MS });
async function lastEventOf(n: number): Promise<CallEnded> {
  const manager = await jetstreamManager(nc);
  return (await manager.streams.getMessage(CALLS_STREAM, { last_by_subj: callSubject(ORG, callId(n)) }))!.json();
}
/** The latest heartbeat of bridge-1, a minute after the calls were answered. */
const SEEN_AT = recent('2026-11-23T00:45:09.931Z');
async function lost(bridge = 'bridge-1'): Promise<void> {
  await noteSeen(db, [bridge]);
  await db.query('UPDATE bridge_sightings SET seen_at = $2 WHERE bridge_id = $1', [bridge, SEEN_AT]);
}
const entries = (n: number): Promise<{ kind: string; billable_ms: string; estimated: boolean }[]> =>
  db.query('SELECT kind, billable_ms, estimated FROM ledger_entries WHERE call_id = $1 ORDER BY entry_id', [callId(n)]);
const inLog = async (n: number): Promise<{ status: string; ended_at: string }> => {
  const [row]: { summary: string }[] = await db.query('SELECT summary FROM call_log WHERE call_id = $1', [callId(n)]);
  return JSON.parse(row!.summary) as { status: string; ended_at: string };
};

describe('an answered call of a bridge that has been lost for a day', () => {
  it('ends once, at the latest heartbeat, as an estimate', async () => {
    await happened(callStarted(1), callAnswered(1));
    await lost();
    expect(await Promise.all([close(), close()])).toContain(1);
    const event = await lastEventOf(1);
    expect(event).toMatchObject({ type: 'CallEnded', data: { ended_at: SEEN_AT, billable_ms: 60_000 } });
    await recordNow(db, [event]);
    expect(await entries(1)).toEqual([{ kind: 'call', billable_ms: '60000', estimated: true }]);
    expect(await inLog(1)).toMatchObject({ status: 'completed', ended_at: SEEN_AT });
    expect(await db.query('SELECT * FROM bridge_progress')).toEqual([]);
    expect(await close()).toBe(0);
  });

  it.each([
    ['certain', false],
    ['reconstructed from its disk', true],
  ])('is corrected by what the bridge reports when it comes back: %s', async (_what, reconstructed) => {
    await happened(callStarted(2), callAnswered(2));
    await lost();
    await close();
    await recordNow(db, [await lastEventOf(2)]);
    const better = callEnded(2);
    await happened({ ...better, data: { ...better.data, reconstructed } });
    expect(await entries(2)).toEqual([
      { kind: 'call', billable_ms: '60000', estimated: true },
      { kind: 'reversal', billable_ms: '-60000', estimated: true },
      { kind: 'correction', billable_ms: '4020', estimated: reconstructed },
    ]);
    expect(await inLog(2)).toMatchObject({ ended_at: better.data.ended_at });
  });

  it('changes nothing where it comes after the record of the bridge', async () => {
    await happened(callStarted(3), callAnswered(3));
    await lost();
    await close();
    await recordNow(db, [callEnded(3)]);
    await recordNow(db, [await lastEventOf(3)]);
    expect(await entries(3)).toEqual([{ kind: 'call', billable_ms: '4020', estimated: false }]);
    expect(await inLog(3)).toMatchObject({ ended_at: callEnded(3).data.ended_at });
  });
});

describe('an inbound call of such a bridge that nobody answered', () => {
  it('ends once, as an estimate without a billable second', async () => {
    await happened(callStarted(12));
    await lost();
    expect(await Promise.all([close(), close()])).toContain(1);
    const event = await lastEventOf(12);
    expect(event).toMatchObject({
      type: 'CallEnded',
      data: { answered_at: null, ended_at: SEEN_AT, billable_ms: 0, reconstructed: true, end_reason: 'unseen' },
    });
    await recordNow(db, [event]);
    expect(await entries(12)).toEqual([{ kind: 'call', billable_ms: '0', estimated: true }]);
    expect(await inLog(12)).toMatchObject({ status: 'failed', ended_at: SEEN_AT });
    expect(await close()).toBe(0);
  });

  it('counts as answered where the bridge says so when it comes back', async () => {
    await happened(callStarted(13));
    await lost();
    await close();
    await recordNow(db, [await lastEventOf(13), callEnded(13)]);
    expect(await entries(13)).toEqual([
      { kind: 'call', billable_ms: '0', estimated: true },
      { kind: 'reversal', billable_ms: '0', estimated: true },
      { kind: 'correction', billable_ms: '4020', estimated: false },
    ]);
    expect(await inLog(13)).toMatchObject({ status: 'completed' });
  });
});

describe("the call of a trunk's test that has no end after a quarter of an hour", () => {
  const asTest = <Event extends CallEvent>(event: Event): Event => ({
    ...event,
    data: { ...event.data, direction: 'outbound', trunk_test: true },
  });
  const MINUTE_MS = 60_000;
  const begunAgo = async (n: number, ms: number): Promise<void> => {
    const started = asTest(callStarted(n));
    await happened({ ...started, data: { ...started.data, started_at: new Date(Date.now() - ms).toISOString() } });
  };

  it('ends at its latest event, whether or not its bridge sends heartbeats', async () => {
    const started = asTest(callStarted(14));
    await happened(started);
    await noteSeen(db, ['bridge-1']);
    expect(await close()).toBe(1);
    const event = await lastEventOf(14);
    expect(event.data).toMatchObject({ trunk_test: true, answered_at: null, billable_ms: 0, end_reason: 'unseen' });
    await recordNow(db, [event]);
    expect(await inLog(14)).toMatchObject({ status: 'failed', ended_at: started.time });
    expect(await close()).toBe(0);
  });

  it('lasted as long as an answered one does', async () => {
    await happened(asTest(callStarted(15)), asTest(callAnswered(15)));
    await lost();
    expect(await close()).toBe(1);
    expect((await lastEventOf(15)).data).toMatchObject({ billable_ms: TEST_CALL_MS, reconstructed: true });
  });

  it('is given the time until then', async () => {
    await begunAgo(16, 14 * MINUTE_MS);
    await begunAgo(17, 16 * MINUTE_MS);
    await lost();
    expect(await lostCalls(db, DAY_MS)).toMatchObject([{ call_id: callId(17) }]);
  });
});

/** trunk-service ends those that ring. */
it('leaves outbound calls that ring, calls of a live bridge, and calls with an end in the stream alone', async () => {
  const dialled = callStarted(5);
  await happened(callStarted(4), callAnswered(4), { ...dialled, data: { ...dialled.data, direction: 'outbound' } });
  const there: CallAnswered = callAnswered(6);
  await happened({ ...there, data: { ...there.data, bridge_id: 'bridge-2' } });
  await lost();
  await noteSeen(db, ['bridge-2']);
  const ended = callEnded(4);
  await jetstream(nc).publish(ended.subject, JSON.stringify(ended));
  expect(await close()).toBe(0);
});

it('thousands of calls that nobody answered hide no answered one', async () => {
  await happened(callStarted(10), callStarted(11), callAnswered(11));
  await lost();
  await db.query(
    `INSERT INTO call_log SELECT (jsonb_populate_record(call_log, jsonb_build_object('call_id', gen_random_uuid(),
       'started_at', started_at - interval '1 hour'))).* FROM call_log, generate_series(1, 5001) WHERE call_id = $1`,
    [callId(10)],
  );
  await close();
  expect(await lastEventOf(11)).toMatchObject({ type: 'CallEnded' });
});

it('a bridge that was never heard is lost a day after a call of it was found', async () => {
  await happened(callStarted(7), callAnswered(7));
  expect(await lostCalls(db, DAY_MS)).toEqual([]);
  await db.query("UPDATE bridge_sightings SET noted_at = now() - interval '25 hours'");
  expect(await lostCalls(db, DAY_MS)).toMatchObject([{ call_id: callId(7), seen_at: null }]);
});

it('ends at its latest event if no heartbeat is known, and never before its answer', () => {
  const answered = { ...callAnswered(8), time: recent('2026-11-23T00:44:20.000Z') };
  const { answered_at, codec } = answered.data;
  const call = { call_id: callId(8), answered_at, codec, seen_at: null, trunk_test: false };
  const made = { id: callId(9), at: new Date() };
  expect(closingEvent(call, answered, made)?.data.ended_at).toBe(answered.time);
  expect(closingEvent({ ...call, seen_at: recent('2026-11-22T00:00:00.000Z') }, answered, made)?.data.billable_ms).toBe(
    10_069,
  );
  expect(closingEvent(call, callEnded(8), made)).toBeUndefined();
});
