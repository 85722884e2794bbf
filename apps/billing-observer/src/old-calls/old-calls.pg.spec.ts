import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { CallEvent } from '@trunkmesh/contracts/call.js';
import { callSubject } from '@trunkmesh/contracts/subjects.js';
import { callAnswered, callEnded, callId, callStarted, ORG } from '@trunkmesh/testkit/call-events.js';
import { startPostgres, type Postgres } from '@trunkmesh/testkit/postgres.process.js';
import type { DataSource } from 'typeorm';
import { listGaps } from '../usage/gaps.pg.js';
import { countNextDay } from '../call-log/count-days.pg.js';
import { dump, freshDatabase, record } from '../call-log/call-log.fixture.js';
import { removeEventsWithoutCall } from './events-without-call.pg.js';
import { removeOldCalls } from './old-calls.pg.js';
import { rebuild } from '../call-log/rebuild.pg.js';

let postgres: Postgres;
let db: DataSource;
beforeAll(async () => {
  postgres = await startPostgres();
}, 60_000);
afterAll(() => postgres?.stop());
beforeEach(async () => {
  ({ db } = await freshDatabase(postgres));
});
afterEach(() => db.destroy());

/** All events of a call of this organisation that began at noon on a day in November. */
function call(n: number, date: number, organization_id = ORG): CallEvent[] {
  const time = `2026-11-${String(date).padStart(2, '0')}T12:00:00.000Z`;
  return [callStarted(n), callAnswered(n), callEnded(n)].map((event) => ({
    ...event,
    time,
    subject: callSubject(organization_id, callId(n)),
    data: { ...event.data, organization_id, started_at: time },
  })) as CallEvent[];
}
const OTHER = ORG.replace(/.$/, 'f');
const before = new Date('2026-11-10T00:00:00.000Z');
const left = async (table: string): Promise<string[]> =>
  ((await db.query(`SELECT DISTINCT call_id FROM ${table} ORDER BY 1`)) as { call_id: string }[]).map(
    (row) => row.call_id,
  );

describe('calls that are older than the call log keeps', () => {
  it('are removed with all their events; the ledger and its sums stay', async () => {
    await record(db, [...call(1, 9), ...call(2, 10), ...call(3, 1, OTHER), ...call(4, 20, OTHER)]);
    const sums = await db.query('SELECT * FROM usage_days ORDER BY organization_id, dimension, day, key');
    expect(await removeOldCalls(db, { before })).toBe(2);
    for (const table of ['calls', 'call_log']) expect(await left(table)).toEqual([callId(2), callId(4)]);
    expect(await left('ledger_entries')).toEqual([1, 2, 3, 4].map(callId));
    expect(await db.query('SELECT * FROM usage_days ORDER BY organization_id, dimension, day, key')).toEqual(sums);
    expect(await removeOldCalls(db, { before })).toBe(0);
    const rows = await dump(db);
    await rebuild(db, { signal: new AbortController().signal, progress: () => undefined });
    expect(await dump(db)).toEqual(rows);
  });

  it('are removed in batches, by several copies at once too, until stopped', async () => {
    const many = Array.from({ length: 450 }, (_none, n) => callStarted(n + 1));
    await record(db, many);
    const later = new Date('2026-12-31T00:00:00.000Z');
    const stopping = new AbortController();
    const stopped = removeOldCalls(db, {
      before: later,
      signal: stopping.signal,
      pause: () => Promise.resolve(stopping.abort()),
    });
    await expect(stopped).rejects.toThrow('aborted');
    expect(await left('call_log')).toHaveLength(250);
    await Promise.all([removeOldCalls(db, { before: later }), removeOldCalls(db, { before: later })]);
    await removeOldCalls(db, { before: later });
    expect([await left('calls'), await left('call_log')]).toEqual([[], []]);
  });

  it('are no longer counted on their day', async () => {
    await record(db, [...call(1, 9), ...call(2, 12)]);
    expect([await countNextDay(db, ORG), await countNextDay(db, ORG)]).toEqual(['2026-11-12', '2026-11-09']);
    await removeOldCalls(db, { before });
    expect(await db.query('SELECT day::text FROM call_log_days')).toEqual([{ day: '2026-11-12' }]);
  });

  it('leave the times between which the calls of a gap ended', async () => {
    await record(db, [...call(1, 8), ...call(3, 9)]);
    const gaps = await listGaps(db);
    expect(gaps).toMatchObject([{ first: 2, after: '2026-11-08T12:00:00.000Z', before: '2026-11-09T12:00:00.000Z' }]);
    await removeOldCalls(db, { before });
    expect(await left('calls')).toEqual([]);
    expect(await listGaps(db)).toEqual(gaps);
  });

  it('are removed along with events of unknown types that belong to no call in the call log', async () => {
    const later = (n: number, time: string) => {
      const { data, ...event } = { ...callStarted(n), id: `0190a5b2-7c00-7000-8900-${String(n).padStart(12, '0')}` };
      return { ...event, type: 'CallParked', time, data } as unknown as CallEvent;
    };
    const [old, kept] = ['2026-11-09T12:00:00.000Z', '2026-11-10T00:00:00.000Z'];
    // Calls 1 and 2 have no other events, call 3 keeps all of its own, and call 4 belongs to another organisation.
    const strange = later(4, old);
    await record(db, [later(1, old), later(2, kept), later(3, old), ...call(3, 20), ...call(4, 20, OTHER), strange]);
    expect(await removeOldCalls(db, { before })).toBe(0);
    const events = () => db.query(`SELECT call_id, count(*)::int AS events FROM calls GROUP BY 1 ORDER BY 1`);
    const stopping = new AbortController();
    stopping.abort();
    await expect(removeEventsWithoutCall(db, { before, signal: stopping.signal })).rejects.toThrow('aborted');
    expect(await removeEventsWithoutCall(db, { before })).toBe(2);
    expect(await events()).toEqual([
      { call_id: callId(2), events: 1 },
      { call_id: callId(3), events: 4 },
      { call_id: callId(4), events: 3 },
    ]);
    expect(await removeEventsWithoutCall(db, { before })).toBe(0);
  });

  it('are scanned in batches, even if a batch ends within a call', async () => {
    const time = '2026-11-09T12:00:00.000Z';
    await db.query(
      `INSERT INTO calls (event_id, call_id, bridge_id, type, "time", envelope, logged_at)
       SELECT gen_random_uuid(), md5((n / 7)::text)::uuid, 'bridge-1', 'CallParked', $1::timestamptz + n * interval
         '1 second', '{}', now() FROM generate_series(1, 5000) AS n`,
      [time],
    );
    let pauses = 0;
    const pause = () => Promise.resolve((pauses += 1));
    expect(await removeEventsWithoutCall(db, { before, pause })).toBe(5_000);
    expect([await left('calls'), pauses]).toEqual([[], 2]);
  });
});
