import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { LimitShareFile } from './limit-share.fs.js';

const SHARE = { bridges: 3, place: 2 };
const at = (seconds: number) => new Date(Date.UTC(2026, 10, 29) + seconds * 1_000);
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trunkmesh-share-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
const path = () => join(folder, 'limit-share.json');
const file = () => new LimitShareFile(folder, createLogger('test', { level: 'silent' }));

describe('the share of the process before', () => {
  it.each([
    ['is kept over a restart', 599, SHARE],
    ['is too old after ten minutes', 601, undefined],
    ['from the future is a wrong clock', -1, undefined],
  ])('%s', async (_what, seconds, share) => {
    const before = file();
    before.note(SHARE, at(0));
    await before.settled();
    expect(await file().read(at(seconds))).toEqual(share);
  });

  it('is written again after a minute, or where it changes', async () => {
    const one = file();
    const written = async (share: { bridges: number; place: number }, seconds: number) => {
      one.note(share, at(seconds));
      await one.settled();
      return (JSON.parse(await readFile(path(), 'utf8')) as { at: string }).at;
    };
    expect(await written(SHARE, 0)).toBe(at(0).toISOString());
    expect(await written(SHARE, 59)).toBe(at(0).toISOString());
    expect(await written(SHARE, 60)).toBe(at(60).toISOString());
    expect(await written({ bridges: 4, place: 2 }, 61)).toBe(at(61).toISOString());
  });

  it.each(['', '{', '{"share":{"bridges":0},"at":"2026-11-29T00:00:00.000Z"}', 'null'])(
    'is none where the file holds %j',
    async (text) => {
      await writeFile(path(), text);
      expect(await file().read(at(1))).toBeUndefined();
    },
  );
});
