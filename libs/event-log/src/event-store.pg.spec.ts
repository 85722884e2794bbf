import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { anyEvent } from '@trunkmesh/contracts/envelope.js';
import { type Postgres, startPostgres } from '@trunkmesh/testkit/postgres.process.js';
import fc from 'fast-check';
import type { DataSource } from 'typeorm';
import { append, ConcurrencyError, type NewEvent } from './event-store.pg.js';
import { loadLast, loadLastOfMany, readEvents } from './stored-events.pg.js';
import { newEvent, openRecord, subjectOf, write } from './servers.fixture.js';

let postgres: Postgres;
let record: DataSource;
beforeAll(async () => {
  postgres = await startPostgres();
  record = await openRecord(await postgres.createDatabase('events'));
});
afterEach(() => record.query('truncate events, outbox'));
afterAll(async () => {
  await record?.destroy();
  await postgres?.stop();
});

const waiting = async () => Number((await record.query('select count(*) as n from outbox'))[0].n);

describe('append', () => {
  it('stores a CloudEvent, text for text what it returns, and puts it into the outbox', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const [event] = await record.transaction((tx) =>
      append(tx, [newEvent('a', 0, 'ü "quoted" \u0000 \\ {a,b} \ud800 NULL')], {
        source: 'trunk-service',
        now: new Date('2026-01-02T03:04:05.678Z'),
        traceparent,
      }),
    );
    expect(anyEvent.parse(event)).toEqual(event);
    expect(event).toMatchObject({
      entityversion: 1,
      source: 'trunk-service',
      time: '2026-01-02T03:04:05.678Z',
      traceparent,
      subject: subjectOf('a'),
    });
    const rows = await record.query('select * from events join outbox using (position)');
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      id: event!.id,
      subject: event!.subject,
      version: 1,
      envelope: JSON.stringify(event),
    });
  });

  it('numbers the events of several entities in one append, in order', async () => {
    await write(record, [newEvent('a', 0), newEvent('b', 0), newEvent('a', 1), newEvent('a', 2)]);
    const rows: { subject: string; version: number }[] = await record.query(
      'select subject, version from events order by position',
    );
    expect(rows).toEqual(
      [
        ['a', 1],
        ['b', 1],
        ['a', 2],
        ['a', 3],
      ].map(([entity, version]) => ({ subject: subjectOf(entity!), version })),
    );
  });

  it.each<[string, NewEvent[]]>([
    ['a version that is taken', [newEvent('a', 0)]],
    ['a version whose predecessor is not there', [newEvent('a', 2)]],
    ['an entity that is not there at all', [newEvent('b', 1)]],
    ['one of several that is taken', [newEvent('c', 0), newEvent('a', 0)]],
  ])('refuses %s, and nothing of it is kept', async (_, events) => {
    await write(record, [newEvent('a', 0)]);
    await expect(write(record, events)).rejects.toThrow(ConcurrencyError);
    expect(await waiting()).toBe(1);
  });

  it.each<[string, Partial<NewEvent>]>([
    ['a subject that JetStream would not take', { subject: 'trunkmesh.call.x.y' }],
    ['a subject with a space', { subject: 'trunkmesh.bridge.a b' }],
    ['more than a message may hold', { state: 'x'.repeat(1_000_000) }],
  ])('rejects %s, because it would block the relay', async (_, part) => {
    await expect(write(record, [{ ...newEvent('a', 0), ...part }])).rejects.toThrow(TypeError);
    expect(await waiting()).toBe(0);
  });

  it('lets one of many writers of the same version through', async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 16 }, (_, writer) => write(record, [newEvent('a', 0, `writer ${writer}`)])),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(ConcurrencyError);
    expect(await waiting()).toBe(1);
  });

  it('gives positions in causal order, whichever writer wins', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 40 }), async (entities) => {
        await record.query('truncate events, outbox');
        await Promise.all(
          entities.map(async (entity) => {
            for (;;) {
              const outcome = await record
                .transaction(async (tx) => {
                  const last = await loadLast(tx, subjectOf(entity));
                  return append(tx, [newEvent(entity, last?.version ?? 0)], { source: 'test', now: new Date() });
                })
                .catch((error: unknown) => error);
              if (!(outcome instanceof ConcurrencyError)) return;
            }
          }),
        );
        const rows: { subject: string; version: number }[] = await record.query(
          'select subject, version from events order by position',
        );
        const versions = new Map<string, number>();
        for (const { subject, version } of rows) {
          expect(version).toBe((versions.get(subject) ?? 0) + 1);
          versions.set(subject, version);
        }
        expect(rows).toHaveLength(entities.length);
      }),
      { numRuns: 8 },
    );
  });

  it('takes a hundred thousand at once', async () => {
    const events = Array.from({ length: 100_000 }, (_, index) => newEvent(index, 0));
    const stored = await write(record, events);
    expect(stored).toHaveLength(100_000);
    expect(await waiting()).toBe(100_000);
  });

  it('does nothing for nothing', async () => {
    expect(await write(record, [])).toEqual([]);
  });
});

describe('events', () => {
  it.each(['update events set version = 9', 'delete from events'])('are never changed: %s', async (statement) => {
    await write(record, [newEvent('a', 0)]);
    await expect(record.query(statement)).rejects.toThrow('never changed');
  });
});

describe('loadLast', () => {
  it('gives the last state and version, null after a deletion, undefined for what never was', async () => {
    await write(record, [
      newEvent('a', 0),
      newEvent('a', 1),
      newEvent('b', 0),
      { ...newEvent('b', 1), type: 'TrunkDeleted', state: null },
    ]);
    expect(await loadLast(record.manager, subjectOf('a'))).toEqual({
      version: 2,
      type: 'TrunkUpdated',
      state: { entity: 'a', version: 2, payload: 'x' },
    });
    expect(await loadLast(record.manager, subjectOf('b'))).toEqual({ version: 2, type: 'TrunkDeleted', state: null });
    expect(await loadLast(record.manager, subjectOf('c'))).toBeUndefined();
    const many = await loadLastOfMany(record.manager, ['a', 'b', 'c'].map(subjectOf));
    expect([...many].map(([subject, { version }]) => [subject, version]).sort()).toEqual([
      [subjectOf('a'), 2],
      [subjectOf('b'), 2],
    ]);
  });
});

describe('readEvents', () => {
  it('gives every event in order, in batches', async () => {
    await write(
      record,
      Array.from({ length: 25 }, (_, index) => newEvent(index, 0)),
    );
    const batches: number[] = [];
    const subjects: string[] = [];
    for await (const batch of readEvents(record.manager, { batch: 10 })) {
      batches.push(batch.length);
      subjects.push(...batch.map(({ event }) => event.subject));
    }
    expect(batches).toEqual([10, 10, 5]);
    expect(subjects).toEqual(Array.from({ length: 25 }, (_, index) => subjectOf(index)));
  });
});

it('the migrations can be taken back', async () => {
  const own = await openRecord(await postgres.createDatabase('taken_back'));
  await own.undoLastMigration();
  expect(
    await own.query("select tablename from pg_tables where schemaname = 'public' and tablename <> 'migrations'"),
  ).toEqual([]);
  await own.destroy();
});
