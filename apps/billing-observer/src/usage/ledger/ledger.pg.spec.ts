import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { CallEnded } from '@trunkmesh/contracts/call.js';
import { migrate } from '@trunkmesh/event-log/database.pg.js';
import { callEnded, callId, callRejected, EPOCH, ORG } from '@trunkmesh/testkit/call-events.js';
import { startPostgres, type Postgres } from '@trunkmesh/testkit/postgres.process.js';
import pino from 'pino';
import type { DataSource } from 'typeorm';
import { freshDatabase, record } from '../../call-log/call-log.fixture.js';
import { makeMonths } from './months.pg.js';

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

const ended = (n: number, data: Partial<CallEnded['data']> = {}): CallEnded => {
  const event = callEnded(n);
  return { ...event, data: { ...event.data, ...data } };
};
const began = (n: number, day: string) =>
  ended(n, { started_at: `${day}T10:00:00.000Z`, answered_at: null, ended_at: `${day}T10:00:07.000Z`, billable_ms: 0 });
const partitions = async () =>
  (
    (await db.query('SELECT DISTINCT tableoid::regclass::text AS name FROM ledger_entries ORDER BY 1')) as {
      name: string;
    }[]
  ).map(({ name }) => name);

describe('the ledger', () => {
  it('has one entry a finished call, with every fact that finance asks for', async () => {
    await record(db, [callEnded(1), callRejected(2), callEnded(1)]);
    expect(await db.query("SELECT to_jsonb(entry) - 'entry_id' AS entry FROM ledger_entries AS entry")).toEqual([
      {
        entry: {
          kind: 'call',
          corrects: null,
          reason: null,
          call_id: callId(1),
          organization_id: ORG,
          trunk_id: callEnded(1).data.trunk_id,
          number_id: null,
          bridge_id: 'bridge-1',
          bridge_epoch: EPOCH,
          record_number: 1,
          direction: 'inbound',
          from_number: '+15559876543',
          to_number: '+15551234567',
          country: 'US',
          started_at: '2026-11-23T00:44:09.871+00:00',
          answered_at: '2026-11-23T00:44:09.931+00:00',
          ended_at: '2026-11-23T00:44:13.951+00:00',
          billable_ms: 4020,
          billable_seconds: 5,
          hangup_cause: 'NORMAL_CLEARING',
          sip_status: 200,
          estimated: false,
          carrier_cost: 'external',
          plan_from: null,
          currency: null,
          rate_micros: null,
          charged_seconds: 0,
          amount_micros: 0,
          recorded_at: '2026-11-26T00:00:00+00:00',
        },
      },
    ]);
  });

  it('is never changed: the database refuses it, also in a partition', async () => {
    await makeMonths(db, ['2026-12']);
    await record(db, [callEnded(1), began(2, '2025-02-28')]);
    for (const table of ['ledger_entries', ...(await partitions())]) {
      await expect(db.query(`UPDATE ${table} SET billable_ms = 0`)).rejects.toThrow(/never changed/);
      await expect(db.query(`DELETE FROM ${table}`)).rejects.toThrow(/never changed/);
      await expect(db.query(`TRUNCATE ${table}`)).rejects.toThrow(/never changed/);
    }
    await expect(
      db.query('INSERT INTO ledger_entries SELECT * FROM ledger_entries ON CONFLICT DO NOTHING'),
    ).resolves.toEqual([]);
    await expect(db.query('SELECT FROM ledger_entries')).resolves.toHaveLength(2);
  });

  it('makes the months that calls need, and keeps calls of an impossible time aside', async () => {
    const endless = ended(5, { ended_at: '2031-01-01T00:00:00.000Z', billable_ms: 130_000_000_000 });
    await record(db, [
      ...[began(1, '2026-11-30'), began(2, '2025-02-28'), began(3, '1971-01-01'), began(4, '2031-01-01'), endless],
    ]);
    expect(await partitions()).toEqual(['ledger_entries_2025_02', 'ledger_entries_2026_11']);
    expect(await db.query('SELECT reason FROM unreadable')).toEqual(
      Array.from({ length: 3 }, () => ({ reason: 'time-out-of-range' })),
    );
    // The bridge is confirmed, and the month has a partition of its own when it comes.
    expect(await db.query('SELECT highest, missing FROM bridge_progress')).toEqual([{ highest: '5', missing: [] }]);
    expect(await db.query('SELECT count(*) FROM call_log')).toEqual([{ count: '5' }]);
    await makeMonths(db, ['2031-01']);
    expect(await db.query("SELECT to_regclass('ledger_entries_2031_01') IS NOT NULL AS made")).toEqual([
      { made: true },
    ]);
  });

  it('corrects an estimate by two entries that name it, once, when the call is known better', async () => {
    const other = (id: number, data: Partial<CallEnded['data']>): CallEnded => ({
      ...ended(1, data),
      id: `0190a5b2-7c00-7000-8f00-00000000000${id}`,
    });
    await record(db, [ended(1, { reconstructed: true, billable_ms: 1000 })]);
    await record(db, [other(1, { reconstructed: true, billable_ms: 1500, record_number: 2 })]);
    await record(db, [other(2, { reconstructed: false, billable_ms: 4020, record_number: 3 })]);
    await record(db, [other(3, { reconstructed: false, billable_ms: 9000, record_number: 4 })]);
    const entries = (await db.query(
      'SELECT entry_id, kind, corrects, reason, estimated, billable_ms, billable_seconds FROM ledger_entries ' +
        'ORDER BY entry_id',
    )) as { entry_id: string }[];
    const first = entries[0]!.entry_id;
    const reason = 'known-better';
    expect(entries.map(({ entry_id: _id, ...entry }) => entry)).toEqual([
      { kind: 'call', corrects: null, reason: null, estimated: true, billable_ms: '1000', billable_seconds: '1' },
      { kind: 'reversal', corrects: first, reason, estimated: true, billable_ms: '-1000', billable_seconds: '-1' },
      { kind: 'correction', corrects: first, reason, estimated: false, billable_ms: '4020', billable_seconds: '5' },
    ]);
  });

  it('begins with the usage records that there were', async () => {
    await record(db, [ended(1, { reconstructed: true }), began(2, '2025-02-28'), ended(3, { from: 'anonymous' })]);
    const entries = () =>
      db.query(
        "SELECT to_jsonb(entry) - 'entry_id' AS entry, tableoid::regclass::text FROM ledger_entries AS entry " +
          'ORDER BY call_id',
      );
    const before: unknown = await entries();
    for (let last = ''; !last.startsWith('Ledger');) {
      [{ name: last }] = (await db.query('SELECT name FROM migrations ORDER BY id DESC LIMIT 1')) as [{ name: string }];
      await db.undoLastMigration();
    }
    expect(await db.query('SELECT call_id FROM usage_records ORDER BY call_id')).toHaveLength(3);
    await migrate(db, pino({ level: 'silent' }));
    expect(await entries()).toEqual(before);
    expect(await db.query('SELECT call_id, estimated FROM ledger_calls ORDER BY call_id')).toEqual([
      { call_id: callId(1), estimated: true },
      { call_id: callId(2), estimated: false },
      { call_id: callId(3), estimated: false },
    ]);
  });
});
