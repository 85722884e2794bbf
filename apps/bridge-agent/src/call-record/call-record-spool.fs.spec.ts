import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import pino from 'pino';
import { callEvent } from '@trunkmesh/contracts/call.js';
import { callId } from '@trunkmesh/testkit/call-events.js';
import { answered, ended, started } from './call-record.fixture.js';
import { durableFiles, type DurableFiles } from '@trunkmesh/runtime/durable-files.fs.js';
import { CallRecordSpool } from './call-record-spool.fs.js';

const logger = pino({ level: 'silent' });
let home: string;
let epochs = 0;
const newEpoch = () => `0190a5b2-7c00-7000-8000-${String((epochs += 1)).padStart(12, '0')}`;
const open = (files?: DurableFiles) => CallRecordSpool.open({ folder: join(home, 'records'), newEpoch, logger, files });
const numbersOf = (spool: CallRecordSpool) => spool.records().map(({ number }) => number);
const range = (from: number, to: number) =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'trunkmesh-spool-'));
});
afterEach(async () => {
  await rm(home, { recursive: true, force: true });
});

describe('the spool of call records', () => {
  it('numbers from 1 and gives back what was written, each event as the contract has it', async () => {
    const spool = await open();
    expect(await Promise.all([spool.append(ended(1, [started(1), answered(1)])), spool.append(ended(2))])).toEqual([
      1, 2,
    ]);
    const events = (await spool.read(1))!.events.map((event) => callEvent.parse(event));
    expect(events.map((event) => event.type)).toEqual(['CallStarted', 'CallAnswered', 'CallEnded']);
    expect(events[2]!.data).toMatchObject({ bridge_epoch: spool.epoch, record_number: 1, call_id: callId(1) });
    expect((await spool.read(2))!.events.at(-1)!.data).toMatchObject({ record_number: 2 });
    expect(await spool.read(3)).toBeUndefined();
  });

  it('gives a record back once without reading its file, and then what the file has', async () => {
    const read: string[] = [];
    const spool = await open({
      ...durableFiles,
      read: (path) => {
        read.push(path);
        return durableFiles.read(path);
      },
    });
    await spool.append(ended(1, [started(1)]));
    const written = await spool.read(1);
    expect(read).toEqual([]);
    expect(await spool.read(1)).toEqual(JSON.parse(JSON.stringify(written)));
    expect(read).toHaveLength(1);
  });

  it('goes on counting after a restart, in the same epoch', async () => {
    const first = await open();
    await Promise.all(range(1, 130).map((n) => first.append(ended(n))));
    await first.stop();
    const second = await open();
    expect(second.epoch).toBe(first.epoch);
    expect(second.records().map((record) => record.callId)).toEqual(range(1, 130).map(callId));
    expect(await second.append(ended(131))).toBe(131);
  });

  it('deletes what is confirmed, and still knows the next number when everything is', async () => {
    const first = await open();
    for (const n of range(1, 5)) await first.append(ended(n));
    await first.confirm(3);
    expect(numbersOf(first)).toEqual([4, 5]);
    await first.confirm(5);
    expect(numbersOf(first)).toEqual([5]);
    await first.stop();
    const second = await open();
    expect([second.epoch, await second.append(ended(6))]).toEqual([first.epoch, 6]);
    await second.confirm(5);
    expect(numbersOf(second)).toEqual([6]);
  });

  it('starts another epoch when its files were wiped: numbers of the old one may have been given', async () => {
    const first = await open();
    await first.append(ended(1));
    await first.stop();
    const folder = join(home, 'records', first.epoch);
    for (const name of await readdir(folder)) await rm(join(folder, name));
    const second = await open();
    expect(second.epoch).not.toBe(first.epoch);
    expect(await second.append(ended(2))).toBe(1);
  });

  it('waits for a disk that refuses, and loses nothing', async () => {
    let refusals = 2;
    const spool = await open({
      ...durableFiles,
      rename: async (from, to) => {
        if (refusals > 0) {
          refusals -= 1;
          throw new Error('ENOSPC');
        }
        await durableFiles.rename(from, to);
      },
    });
    const numbers = Promise.all([spool.append(ended(1)), spool.append(ended(2))]);
    expect(await numbers).toEqual([1, 2]);
    expect(spool.trouble()).toBeUndefined();
  });

  it('is readable by its owner and group alone', async () => {
    const spool = await open();
    await spool.append(ended(1));
    const { statSync } = await import('node:fs');
    expect(
      statSync(join(home, 'records', spool.epoch, (await readdir(join(home, 'records', spool.epoch)))[0]!)).mode &
        0o007,
    ).toBe(0);
  });
});

describe('whenever it is killed', () => {
  /**
   * Lets `steps` operations through; the one after them is not done, or done without anybody learning of it, and
   * nothing after it happens.
   */
  function dyingAfter(steps: number, lastIsDone: boolean): { files: DurableFiles; died: Promise<void> } {
    let left = steps;
    let die = () => {};
    const died = new Promise<void>((resolve) => {
      die = resolve;
    });
    const never = () => new Promise<never>(() => undefined);
    const guard =
      <A extends unknown[], R>(operation: (...args: A) => Promise<R>) =>
      async (...args: A): Promise<R> => {
        left -= 1;
        if (left >= 0) return operation(...args);
        if (left === -1) {
          if (lastIsDone) await operation(...args);
          die();
        }
        return never();
      };
    const { list, read, makeFolder, ...writing } = durableFiles;
    return {
      died,
      files: {
        list,
        read,
        makeFolder,
        rename: guard(writing.rename),
        remove: guard(writing.remove),
        syncFolder: guard(writing.syncFolder),
        writeDurably: guard(writing.writeDurably),
      },
    };
  }

  it('no number is skipped, none is given twice, and what was said to be on disk is', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            steps: fc.integer({ min: 0, max: 25 }),
            lastIsDone: fc.boolean(),
            calls: fc.integer({ min: 1, max: 6 }),
            confirm: fc.boolean(),
          }),
          { minLength: 1, maxLength: 6 },
        ),
        async (lives) => {
          const folder = await mkdtemp(join(tmpdir(), 'trunkmesh-spool-'));
          const promised = new Map<number, string>();
          let confirmed = 0;
          let call = 0;
          for (const life of lives) {
            const { files, died } = dyingAfter(life.steps, life.lastIsDone);
            const spool = await Promise.race([
              CallRecordSpool.open({ folder, newEpoch, logger, files }),
              died.then(() => undefined),
            ]);
            if (spool === undefined) continue;
            const work = async () => {
              await Promise.all(
                range(1, life.calls).map(async () => {
                  const id = (call += 1);
                  promised.set(await spool.append(ended(id)), callId(id));
                }),
              );
              if (life.confirm) {
                confirmed = Math.max(confirmed, ...numbersOf(spool));
                await spool.confirm(confirmed);
              }
            };
            await Promise.race([work(), died]);
          }
          const spool = await CallRecordSpool.open({ folder, newEpoch, logger });
          const numbers = numbersOf(spool);
          const last = await spool.append(ended(call + 1));
          await rm(folder, { recursive: true, force: true });
          // Without a hole among those that are left …
          expect(numbers).toEqual(numbers.length === 0 ? [] : range(numbers[0]!, numbers.at(-1)!));
          // … nothing unconfirmed missing at the lower end …
          if (numbers.length > 0) expect(numbers[0]).toBeLessThanOrEqual(confirmed + 1);
          // … every returned number belongs to its call, and the next one is new.
          for (const [number, id] of promised) {
            if (number > confirmed) expect(spool.records().find((record) => record.number === number)?.callId).toBe(id);
            expect(last).toBeGreaterThan(number);
          }
          expect(new Set(spool.records().map((record) => record.callId)).size).toBe(spool.records().length);
        },
      ),
      { numRuns: 150 },
    );
  }, 60_000);
});
