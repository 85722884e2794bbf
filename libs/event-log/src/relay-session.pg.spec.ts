import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { type Postgres, startPostgres } from '@trunkmesh/testkit/postgres.process.js';
import type { DataSource } from 'typeorm';
import { clientConfig, openRelaySession, type RelaySession } from './relay-session.pg.js';
import { newEvent, openRecord, write } from './servers.fixture.js';

let postgres: Postgres;
let record: DataSource;
beforeAll(async () => {
  postgres = await startPostgres();
  record = await openRecord(await postgres.createDatabase('relay'));
});
afterAll(async () => {
  await record?.destroy();
  await postgres?.stop();
});

async function within(work: (one: RelaySession, other: RelaySession) => Promise<void>): Promise<void> {
  const [one, other] = await Promise.all([
    openRelaySession(clientConfig(record)),
    openRelaySession(clientConfig(record)),
  ]);
  try {
    await work(one, other);
  } finally {
    await Promise.all([one.end(), other.end()]);
  }
}

describe('a relay session', () => {
  it('does not keep the lock of a leader that sleeps or vanished', () =>
    within(async ({ client }) => {
      for (const [name, value] of [
        ['idle_session_timeout', '15s'],
        ['tcp_keepalives_idle', '5'],
        ['statement_timeout', '20s'],
      ]) {
        expect((await client.query(`show ${name}`)).rows[0]).toEqual({ [name!]: value });
      }
    }));

  it('leads alone, sees that it is asked to yield, and its end frees the lead', () =>
    within(async (one, other) => {
      expect(await one.tryLead()).toBe(true);
      expect(await other.tryLead()).toBe(false);
      expect(await one.isAskedToYield()).toBe(false);
      const waiting = other.lead();
      await eventually(() => one.isAskedToYield());
      await one.end();
      expect(await waiting).toBe(true);
    }));

  it('removes, moves on and reads what comes next in one statement, and never moves back', () =>
    within(async (one) => {
      await record.query('truncate events, outbox restart identity');
      await write(record, [newEvent('a', 0), newEvent('a', 1), newEvent('b', 0)]);
      const at = { created: 'then', sequence: 2 };
      const first = await one.settleAndNext({ positions: [], at: { ...at, sequence: 0 } }, 2);
      expect(first.map(({ position }) => position)).toEqual(['1', '2']);
      const rest = await one.settleAndNext({ positions: ['1', '2'], at }, 10);
      expect(rest.map(({ position }) => position)).toEqual(['3']);
      expect(await one.position()).toEqual(at);
      await one.settleAndNext({ positions: [], at: { ...at, sequence: 1 } }, 0);
      expect(await one.position()).toEqual(at);
      expect((await one.lag()).events).toBe(1);
      await one.settleById([rest[0]!.id], { created: 'then', sequence: 3 });
      expect(await one.lag()).toEqual({ events: 0, oldest: null });
      expect(await one.enqueueAll({ created: 'recreated', sequence: 0 })).toBe(3);
      expect(await one.position()).toEqual({ created: 'recreated', sequence: 0 });
    }));

  it('says that it was lost', () =>
    within(async (one, other) => {
      await other.client.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'trunkmesh relay' and " +
          'pid <> pg_backend_pid()',
      );
      await one.lost;
      await expect(one.tryLead()).rejects.toThrow();
    }));
});

describe('clientConfig', () => {
  it('is the database of a DataSource, given as a URL or in parts', () => {
    expect(clientConfig({ options: { type: 'postgres', url: 'postgres://u:p@db.example.com/d' } })).toMatchObject({
      connectionString: 'postgres://u:p@db.example.com/d',
    });
    expect(
      clientConfig({
        options: { type: 'postgres', host: 'db.example.com', username: 'u', password: 'p', database: 'd' },
      }),
    ).toMatchObject({ host: 'db.example.com', user: 'u', password: 'p', database: 'd' });
    expect(() => clientConfig({ options: { type: 'sqljs' } })).toThrow(TypeError);
  });
});
