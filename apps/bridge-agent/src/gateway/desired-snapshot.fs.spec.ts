import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { trunkOf } from '@trunkmesh/testkit/states.js';
import { desiredSnapshot } from './desired-snapshot.fs.js';
import { emptyDesired, type DesiredState } from './desired.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'snapshot-'));
});
afterEach(() => rm(folder, { recursive: true }));

const id = '0190a5b2-7c00-7000-8000-000000000001';
const bridge = { id: 'b1', pool: 'default' };
const sealed = 'v1.k1.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAA';
function desired(): DesiredState {
  const state = trunkOf({
    id,
    organization_id: '0190a5b2-7c00-7000-8000-0000000000aa',
    name: 'Carrier',
    gateway: 'sip.example.com',
    username: 'u',
    enabled: true,
    password: sealed,
    bridge_id: 'b1',
    gateway_revision: 3,
    register: true,
  });
  return {
    trunks: new Map([[id, { state, version: 4, traceparent: null }]]),
    versions: new Map([
      [id, 4],
      ['elsewhere', 9],
    ]),
  };
}

it('brings back what was known, with passwords sealed', async () => {
  await desiredSnapshot(folder, bridge).save(desired(), 77);
  expect(await readFile(join(folder, 'desired.json'), 'utf8')).toContain(sealed);
  const loaded = await desiredSnapshot(folder, bridge).load();
  expect(loaded?.position).toBe(77);
  expect(loaded?.desired.trunks).toEqual(desired().trunks);
  expect(loaded?.desired.versions.get(id)).toBe(4);
});

it('is the latest where several are saved at the same time', async () => {
  const snapshot = desiredSnapshot(folder, bridge);
  await Promise.all([snapshot.save(desired(), 1), snapshot.save(desired(), 2), snapshot.save(emptyDesired(), 3)]);
  expect(await snapshot.load()).toMatchObject({ position: 3, desired: { trunks: new Map() } });
});

it('is saved again after a disk that refused', async () => {
  const snapshot = desiredSnapshot(join(folder, 'state'), bridge);
  await writeFile(join(folder, 'state'), 'no folder');
  await expect(snapshot.save(desired(), 1)).rejects.toMatchObject({ code: 'EEXIST' });
  await rm(join(folder, 'state'));
  await snapshot.save(desired(), 2);
  expect((await snapshot.load())?.position).toBe(2);
});

it.each([
  ['nothing', undefined],
  ['half of it', '{"format":1,"trunks":['],
  ['another format', '{"format":2}'],
])('is none when there is %s', async (_what, text) => {
  if (text !== undefined) await writeFile(join(folder, 'desired.json'), text);
  expect(await desiredSnapshot(folder, bridge).load()).toBeUndefined();
});

it("is none when it was another bridge's", async () => {
  await desiredSnapshot(folder, bridge).save(emptyDesired(), 1);
  expect(await desiredSnapshot(folder, { id: 'b2', pool: 'default' }).load()).toBeUndefined();
  expect(await desiredSnapshot(folder, { id: 'b1', pool: 'eu' }).load()).toBeUndefined();
  expect(await desiredSnapshot(folder, bridge).load()).toBeDefined();
});
