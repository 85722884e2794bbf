import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { callEnded, callId } from '@trunkmesh/testkit/call-events.js';
import { startPostgres, type Postgres } from '@trunkmesh/testkit/postgres.process.js';
import type { DataSource } from 'typeorm';
import { freshDatabase, record } from '../call-log/call-log.fixture.js';
import { discardDeadLetter, findDeadLetter, listDeadLetters, replayDeadLetters } from './dead-letters.pg.js';
import { recordMessages } from './record-messages.pg.js';

let postgres: Postgres;
let db: DataSource;
beforeAll(async () => {
  postgres = await startPostgres();
  ({ db } = await freshDatabase(postgres));
}, 60_000);
afterAll(async () => {
  await db?.destroy();
  await postgres?.stop();
});

const now = () => new Date('2026-11-26T00:00:00.000Z');
const quietly = () => ({ signal: new AbortController().signal, progress: () => undefined });
const recorded = async () =>
  ((await db.query('SELECT call_id FROM ledger_entries ORDER BY call_id')) as { call_id: string }[]).map(
    (row) => row.call_id,
  );

describe('messages that could not be recorded', () => {
  it('are listed without their content, and recorded by a replay once that is possible', async () => {
    const { subject } = callEnded(1);
    await recordMessages(db, [{ subject, sequence: 1, payload: new TextEncoder().encode('not json') }], now);
    await db.query("ALTER TABLE ledger_entries ADD CONSTRAINT never CHECK (hangup_cause <> 'NORMAL_CLEARING')");
    await record(db, [callEnded(2), callEnded(3)], 2);
    expect(await recorded()).toEqual([]);
    expect(await listDeadLetters(db)).toEqual([
      expect.objectContaining({ stream_sequence: '1', reason: 'not-json', subject, bytes: 8 }),
      expect.objectContaining({ stream_sequence: '2', reason: 'refused-by-database' }),
      expect.objectContaining({ stream_sequence: '3', reason: 'refused-by-database' }),
    ]);
    expect(await replayDeadLetters(db, quietly(), now)).toEqual({ recorded: 0, left: 3 });

    await db.query('ALTER TABLE ledger_entries DROP CONSTRAINT never');
    // It has been sent again meanwhile: it is not recorded twice.
    await record(db, [callEnded(3)], 4);
    expect(await replayDeadLetters(db, quietly(), now)).toEqual({ recorded: 2, left: 1 });
    expect(await recorded()).toEqual([callId(2), callId(3)]);
    expect((await listDeadLetters(db)).map(({ reason }) => reason)).toEqual(['not-json']);
  });

  it('are found by their names, and leave the list where an operator discards them', async () => {
    const { subject } = callEnded(40);
    const message = { subject, sequence: 40, payload: new TextEncoder().encode('not json either') };
    await recordMessages(db, [message], now);
    const [letter] = (await listDeadLetters(db)).filter(({ stream_sequence }) => stream_sequence === '40');
    const id = { sequence: '40', digest: letter!.digest.slice(0, 8) };
    expect(Buffer.from((await findDeadLetter(db, id)).payload).toString()).toBe('not json either');
    await expect(findDeadLetter(db, { ...id, digest: '00000000' })).rejects.toThrow('there is no message 40-00000000');

    const why = { discarded_by: 'night-shift', discard_reason: 'a test of the publisher' };
    await discardDeadLetter(db, { ...id, ...why }, now());
    const listed = async () => (await listDeadLetters(db)).map(({ stream_sequence }) => stream_sequence);
    expect(await listed()).not.toContain('40');
    expect(await findDeadLetter(db, id)).toMatchObject({ ...why, discarded_at: now(), subject, reason: 'not-json' });
    // JetStream delivers it once more, and somebody replays the list.
    await recordMessages(db, [message], now);
    await replayDeadLetters(db, quietly(), now);
    expect(await listed()).not.toContain('40');
    await expect(discardDeadLetter(db, { ...id, ...why })).rejects.toThrow('was discarded before; nothing was changed');
    expect(await findDeadLetter(db, id)).toMatchObject({ discarded_at: now() });
  });

  it('with a record number that belongs to another call are recorded without the number', async () => {
    const first = callEnded(10);
    const { record_number, bridge_epoch } = first.data;
    const second = callEnded(11);
    await record(db, [first, { ...second, data: { ...second.data, record_number, bridge_epoch } }], 10);
    expect((await listDeadLetters(db)).map(({ reason }) => reason)).toContain('record-number-taken');
    expect(await recorded()).not.toContain(callId(11));
    expect(await replayDeadLetters(db, quietly(), now)).toMatchObject({ recorded: 1 });
    expect(await recorded()).toEqual(expect.arrayContaining([callId(10), callId(11)]));
    expect(await replayDeadLetters(db, quietly(), now)).toMatchObject({ recorded: 0 });
  });

  it('of a time that could not be are entered into the ledger once it can, once', async () => {
    const event = callEnded(20);
    const times = { started_at: '2027-05-01T10:00:00.000Z', ended_at: '2027-05-01T10:01:00.000Z', answered_at: null };
    await record(db, [{ ...event, data: { ...event.data, ...times } }], 20);
    expect((await listDeadLetters(db)).map(({ reason }) => reason)).toContain('time-out-of-range');
    await replayDeadLetters(db, quietly(), now);
    expect(await recorded()).not.toContain(callId(20));
    expect((await listDeadLetters(db)).map(({ reason }) => reason)).toContain('time-out-of-range');
    const later = () => new Date('2027-04-30T00:00:00.000Z');
    expect(await replayDeadLetters(db, quietly(), later)).toMatchObject({ recorded: 1 });
    expect((await recorded()).filter((id) => id === callId(20))).toHaveLength(1);
    expect((await listDeadLetters(db)).map(({ reason }) => reason)).not.toContain('time-out-of-range');
  });
});
