import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { CallEvent } from '@trunkmesh/contracts/call.js';
import type { CallSummary } from '@trunkmesh/contracts/call-log.js';
import { readArguments } from '../commands/arguments.js';
import type { Running } from '@trunkmesh/runtime/operator-command.process.js';
import { createDataSource } from '../database.pg.js';
import fc from 'fast-check';
import pino from 'pino';
import type { DataSource } from 'typeorm';
import { startServers, type Servers } from '@trunkmesh/testkit/servers.process.js';
import {
  callAnswered,
  callEnded,
  callId,
  callRecordingStored,
  callRejected,
  callStarted,
  callTransferFailed,
  callTransferred,
  ORG,
} from '@trunkmesh/testkit/call-events.js';
import { dump, emptied, freshDatabase, record } from './call-log.fixture.js';
import { startFilling } from './filling.process.js';
import { rebuild } from './rebuild.pg.js';

const OTHER_ORG = '0190a5b2-7c00-7000-8000-0000000000aa';
const logger = pino({ level: 'silent' });
const quietly = (over: Partial<Running> = {}): Running => ({
  signal: new AbortController().signal,
  progress: () => undefined,
  ...over,
});
const eventsOf = (n: number): CallEvent[] =>
  n % 5 === 0
    ? [callRejected(n)]
    : [
        callStarted(n),
        callAnswered(n),
        callTransferFailed(n),
        callTransferred(n),
        callEnded(n),
        callRecordingStored(n),
      ];
const range = (to: number) => Array.from({ length: to }, (_unused, index) => index + 1);
const inParts = <Item>(items: readonly Item[], size: number) =>
  range(Math.ceil(items.length / size)).map((part) => items.slice((part - 1) * size, part * size));

let servers: Servers;
let db: DataSource;
let url: string;
const others: DataSource[] = [];
beforeAll(async () => {
  servers = await startServers();
}, 60_000);
afterAll(() => servers?.stop());
beforeEach(async () => {
  ({ db, url } = await freshDatabase(servers.postgres));
});
afterEach(async () => {
  await Promise.all([db, ...others.splice(0)].map((one) => one.destroy()));
});
const anotherCopy = async () => {
  const copy = await createDataSource(url).initialize();
  others.push(copy);
  return copy;
};
const forget = () => db.query('DELETE FROM call_log');
const summaries = async () =>
  ((await db.query('SELECT summary FROM call_log ORDER BY call_id')) as { summary: string }[]).map(
    ({ summary }) => JSON.parse(summary) as CallSummary,
  );
const usage = async () => [
  await db.query(`SELECT to_jsonb(entry) - 'entry_id' AS entry FROM ledger_entries AS entry ORDER BY call_id`),
  await db.query('SELECT * FROM bridge_progress'),
];

describe('the call log beside the usage records', () => {
  it('is written with the events, and leaves usage and numbering as they are', async () => {
    const batch = await record(db, range(5).flatMap(eventsOf));
    expect(batch).toMatchObject({ repeated: 0, unreadable: [], bridges: ['bridge-1'] });
    expect(batch.recorded).toHaveLength(4);
    expect(
      (await summaries()).map(({ status, duration_seconds, refusal, transferred_to }) => ({
        status,
        duration_seconds,
        refusal,
        transferred_to,
      })),
    ).toEqual([
      ...range(4).map(() => ({
        status: 'completed',
        duration_seconds: 4.02,
        refusal: null,
        transferred_to: 'sip:+15551112222@192.0.2.9',
      })),
      { status: 'failed', duration_seconds: 0, refusal: 'unknown-number', transferred_to: null },
    ]);
  });

  it('is the same byte for byte in any order, batching and repetition of the events, and rebuilt', async () => {
    const events = range(6).flatMap(eventsOf);
    await record(db, events);
    const [expected, records] = [await dump(db), await usage()];
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray([...events, ...events], { minLength: 2 * events.length }),
        fc.integer({ min: 1, max: 20 }),
        async (arrived, size) => {
          await emptied(db);
          for (const part of inParts(arrived, size)) await record(db, part);
          expect(await dump(db)).toEqual(expected);
          expect(await usage()).toEqual(records);
          await rebuild(db, quietly());
          expect(await dump(db)).toEqual(expected);
        },
      ),
      { numRuns: 15 },
    );
  }, 60_000);

  it('takes an event that comes long after the call: that of an agent which was cut off', async () => {
    await record(db, [callEnded(1), callEnded(2)]);
    await record(db, [callRecordingStored(3)]);
    await record(db, [callStarted(1)]);
    expect(await summaries()).toMatchObject([
      { status: 'completed', assistant_id: 7 },
      { status: 'completed' },
      { status: 'ongoing', recording: { state: 'stored' } },
    ]);
    expect(await db.query('SELECT count(*)::int AS n FROM call_log')).toEqual([{ n: 3 }]);
  });

  it('loses nothing when copies write events of the same calls at the same time', async () => {
    const copies = [db, await anotherCopy(), await anotherCopy()];
    const calls = range(60);
    const rounds = [callStarted, callAnswered, callTransferred, callEnded, callRecordingStored];
    // Each copy has other events of the same calls in its batch, so that all make the rows of all calls.
    await Promise.all(
      rounds.map((make, round) =>
        patiently(() =>
          record(
            copies[round % copies.length]!,
            calls.map((n) => make(n)),
          ),
        ),
      ),
    );
    const written = await dump(db);
    expect(written).toHaveLength(60);
    await rebuild(db, quietly());
    expect(await dump(db)).toEqual(written);
    expect(await summaries()).toEqual(
      calls.map(() =>
        expect.objectContaining({
          status: 'completed',
          recording: expect.anything(),
          transferred_to: expect.anything(),
          codec: 'PCMU',
        }),
      ),
    );
  });

  it('keeps a call of nobody apart, and one that two organisations are said to have in two', async () => {
    const stray = {
      ...callRejected(1),
      subject: `trunkmesh.call.unknown.${callId(1)}`,
      data: { ...callRejected(1).data, organization_id: null },
    };
    const theirs = {
      ...callStarted(1),
      id: '0190a5b2-7c00-7000-8f00-000000000001',
      subject: `trunkmesh.call.${OTHER_ORG}.${callId(1)}`,
      data: { ...callStarted(1).data, organization_id: OTHER_ORG },
    };
    await record(db, [stray, callStarted(1), theirs]);
    await record(db, [callAnswered(1)]);
    const rows =
      "SELECT organization_id, status, (summary::json)->>'answered_at' IS NOT NULL AS answered FROM call_log " +
      'ORDER BY organization_id NULLS FIRST';
    const expected = [
      { organization_id: null, status: 'failed', answered: false },
      { organization_id: ORG, status: 'ongoing', answered: true },
      { organization_id: OTHER_ORG, status: 'ongoing', answered: false },
    ];
    expect(await db.query(rows)).toEqual(expected);
    await rebuild(db, quietly());
    expect(await db.query(rows)).toEqual(expected);
  });

  it('refuses no event for what a caller wrote', async () => {
    const hostile = (n: number, over: object): CallEvent =>
      ({ ...callEnded(n), data: { ...callEnded(n).data, ...over } }) as CallEvent;
    const batch = await record(db, [
      hostile(1, { from: 'a\u0000b' }),
      hostile(2, { from: '\ud800'.repeat(200) }),
      hostile(3, { from: randomText(20_000) }),
      hostile(4, { hangup_cause: '\u0000' }),
      hostile(5, { target: { kind: 'flow', id: Number.MAX_SAFE_INTEGER } }),
    ]);
    const started = await record(db, [
      { ...callStarted(6), data: { ...callStarted(6).data, started_at: '0000-01-01T00:00:00.000Z' } },
    ]);
    expect([...batch.unreadable, ...started.unreadable]).toEqual([]);
    expect(await summaries()).toHaveLength(6);
  });
});

describe('what was recorded before there was a call log', () => {
  it('comes into it at the start, a few at a time, and once', async () => {
    await record(db, range(250).flatMap(eventsOf));
    const expected = await dump(db);
    await forget();
    await db.query('UPDATE call_log_filling SET complete = false, through = NULL');
    const [first, second] = [
      startFilling({ dataSource: db, logger }),
      startFilling({ dataSource: await anotherCopy(), logger }),
    ];
    // At the same time the recorder writes calls that have no row yet.
    await record(db, [callStarted(777), callRecordingStored(249), callEnded(777)]);
    await Promise.all([first.finished, second.finished]);
    const filled = await dump(db);
    expect(filled.filter((row) => !row.includes(callId(777)))).toEqual(expected);
    expect(filled).toHaveLength(251);
    expect(await db.query('SELECT complete FROM call_log_filling')).toEqual([{ complete: true }]);
  }, 60_000);

  it('goes on where it was stopped', async () => {
    await record(db, range(250).flatMap(eventsOf));
    const expected = await dump(db);
    await db.query('DELETE FROM call_log WHERE call_id > $1', [callId(100)]);
    await db.query('UPDATE call_log_filling SET complete = false, through = $1', [callId(100)]);
    await startFilling({ dataSource: db, logger }).finished;
    expect(await dump(db)).toEqual(expected);
  });

  it('is nothing on a new database', async () => {
    expect(await db.query('SELECT complete FROM call_log_filling')).toEqual([{ complete: true }]);
  });
});

describe('rebuild', () => {
  it('makes the call log byte for byte what it was, and mends what was broken', async () => {
    await record(db, range(250).flatMap(eventsOf));
    const before = await dump(db);
    await db.query('UPDATE call_log SET status = $1, summary = replace(summary, $2, $3) WHERE direction = $4', [
      'ongoing',
      'bridge-1',
      'bridge-9',
      'inbound',
    ]);
    await db.query('DELETE FROM call_log WHERE call_id = ANY($1::uuid[])', [[callId(3), callId(150)]]);
    await db.query(
      'INSERT INTO call_log SELECT gen_random_uuid(), organization_id, started_at, status, direction, ' +
        'customer_phone, assistant_id, flow_id, trunk_id, number_id, duration_ms, summary, told_by FROM call_log ' +
        'LIMIT 3',
    );
    const stages: [string, number, number][] = [];
    const events = range(250).flatMap(eventsOf).length;
    expect(await rebuild(db, quietly({ progress: (...stage) => stages.push(stage) }))).toEqual({ calls: 250, events });
    expect(await dump(db)).toEqual(before);
    expect(stages.length).toBeGreaterThan(2);
    expect(stages.at(-1)).toEqual(['rebuilding', events, events]);
  });

  it('goes on beside the recorder', async () => {
    const copy = await anotherCopy();
    await record(
      db,
      range(200).map((n) => callStarted(n)),
    );
    let running = true;
    const recording = (async () => {
      for (let n = 1; running || n <= 200; n += 1)
        await patiently(() =>
          record(copy, n <= 200 ? [callEnded(n), callAnswered(201 - n)] : [callStarted(n), callEnded(n)]),
        );
    })();
    for (let round = 0; round < 4; round += 1) await patiently(() => rebuild(db, quietly()));
    running = false;
    await recording;
    const after = await dump(db);
    await rebuild(db, quietly());
    expect(await dump(db)).toEqual(after);
    expect((await summaries()).filter(({ status }) => status !== 'completed')).toEqual([]);
  }, 60_000);

  it('can be stopped, and leaves rows that are right', async () => {
    await record(db, range(250).flatMap(eventsOf));
    const before = await dump(db);
    const stopping = new AbortController();
    await expect(
      rebuild(db, { signal: stopping.signal, progress: () => stopping.abort(new Error('it was stopped')) }),
    ).rejects.toThrow('it was stopped');
    expect(await dump(db)).toEqual(before);
  });

  it.each<[string[], object]>([
    [['rebuild'], { name: 'rebuild' }],
    [[], { name: 'help', problem: null }],
    [['--help'], { name: 'help', problem: null }],
    [['explode'], { name: 'help', problem: expect.stringContaining('explode') }],
    [['rebuild', '--fast'], { name: 'help', problem: expect.stringContaining('--fast') }],
  ])('is named on the command line: %j', (args, command) => expect(readArguments(args)).toEqual(command));
});

/** As the recorder does: what another copy has spoiled (a deadlock) is done again. */
async function patiently<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt === 10) throw error;
    }
  }
}

const randomText = (length: number) =>
  fc.sample(fc.string({ minLength: length, maxLength: length, unit: 'binary' }), 1)[0]!;
