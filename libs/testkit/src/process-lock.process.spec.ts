import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

interface Self {
  pid?: number;
  isRunning?: (pid: number) => boolean;
}
interface ProcessLock {
  tookLock(lock: string, self?: Self): boolean;
  holderOf(lock: string): number | undefined;
}

const { tookLock, holderOf } = (await import(
  resolve(import.meta.dirname, '../../../scripts/process-lock.mjs')
)) as ProcessLock;

const [DEAD, FIRST, SECOND] = [1_000_001, 1_000_002, 1_000_003];
const isRunning = (pid: number) => pid === FIRST || pid === SECOND;

let folder: string;
let lock: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trunkmesh-lock-'));
  lock = join(folder, 'lock');
});
afterEach(() => rm(folder, { recursive: true }));

describe('the lock of a checkout', () => {
  it('is given to one process, until it gives it back', () => {
    expect([tookLock(lock), holderOf(lock)]).toEqual([true, process.pid]);
    expect(tookLock(lock, { pid: FIRST })).toBe(false);
  });

  it('is taken from a process that no longer exists, and leaves nothing else behind', async () => {
    writeFileSync(lock, String(DEAD));
    expect([tookLock(lock, { pid: FIRST, isRunning }), holderOf(lock)]).toEqual([true, FIRST]);
    expect(await readdir(folder)).toEqual(['lock']);
  });

  it('is taken where the one who was removing a dead lock was killed, too', () => {
    writeFileSync(lock, String(DEAD));
    writeFileSync(`${lock}.stale`, String(DEAD));
    expect([tookLock(lock, { pid: FIRST, isRunning }), holderOf(lock)]).toEqual([true, FIRST]);
    expect(existsSync(`${lock}.stale`)).toBe(false);
  });

  /** The first one takes it whole at the nth time that the second one asks whether the dead holder is running. */
  it.each([1, 2])('is given to one of two that see the same dead holder (%d)', (nth) => {
    writeFileSync(lock, String(DEAD));
    let [looks, firstTook] = [0, false];
    const slow = (pid: number) => {
      if (pid === DEAD && (looks += 1) === nth) firstTook = tookLock(lock, { pid: FIRST, isRunning });
      return isRunning(pid);
    };
    const secondTook = tookLock(lock, { pid: SECOND, isRunning: slow });
    expect([firstTook, secondTook].filter(Boolean)).toHaveLength(1);
    expect(Number(readFileSync(lock, 'utf8'))).toBe(firstTook ? FIRST : SECOND);
  });
});
