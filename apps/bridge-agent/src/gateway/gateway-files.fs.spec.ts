import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { openGatewayFiles } from './gateway-files.fs.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'files-'));
});
afterEach(() => rm(folder, { recursive: true }));

it("writes files whole, for FreeSWITCH's group alone, and knows what it wrote", async () => {
  const files = await openGatewayFiles(folder);
  await files.write([
    { file: 'a', xml: 'first' },
    { file: 'b', xml: 'second' },
  ]);
  await files.write([{ file: 'a', xml: 'changed' }]);
  await files.settle();
  expect(await readdir(join(folder, 'gateways'))).toEqual(['a.xml', 'b.xml']);
  expect(await readFile(join(folder, 'gateways', 'a.xml'), 'utf8')).toBe('changed');
  expect((await stat(join(folder, 'gateways', 'a.xml'))).mode & 0o777).toBe(0o640);
  expect(new Map(files.known())).toEqual(
    new Map([
      ['a', 'changed'],
      ['b', 'second'],
    ]),
  );
  await files.remove(['a', 'unknown']);
  expect([...files.known().keys()]).toEqual(['b']);
});

it('clears away what a crash left half written, and nothing else', async () => {
  await mkdir(join(folder, 'gateways'));
  await writeFile(join(folder, 'gateways', 'a.xml.tmp'), 'half');
  await writeFile(join(folder, 'gateways', 'own.xml'), 'own');
  const files = await openGatewayFiles(folder);
  expect(await readdir(join(folder, 'gateways'))).toEqual(['own.xml']);
  expect([...files.known()]).toEqual([['own', 'own']]);
});

it('sees what somebody else changed when it looks again', async () => {
  const files = await openGatewayFiles(folder);
  await files.write([
    { file: 'a', xml: 'ours' },
    { file: 'b', xml: 'ours' },
  ]);
  await writeFile(join(folder, 'gateways', 'a.xml'), 'theirs!');
  await rm(join(folder, 'gateways', 'b.xml'));
  await writeFile(join(folder, 'gateways', 'c.xml'), 'new');
  await files.refresh();
  expect([...files.known()].sort()).toEqual([
    ['a', 'theirs!'],
    ['c', 'new'],
  ]);
});

it('sets a file aside and puts it back', async () => {
  const files = await openGatewayFiles(folder);
  await files.write([{ file: 'own', xml: 'broken' }]);
  await files.quarantine('own');
  expect(await readdir(join(folder, 'gateways'))).toEqual(['own.xml.broken']);
  expect(files.known().size).toBe(0);
  await files.restore('own');
  expect(files.known().get('own')).toBe('broken');
});

it('writes the shared files only when they differ', async () => {
  const files = await openGatewayFiles(folder);
  await files.writeShared('acl.xml', 'nodes');
  const { mtimeMs } = await stat(join(folder, 'acl.xml'));
  await files.writeShared('acl.xml', 'nodes');
  expect((await stat(join(folder, 'acl.xml'))).mtimeMs).toBe(mtimeMs);
  await writeFile(join(folder, 'acl.xml'), 'somebody else');
  await files.refresh();
  await files.writeShared('acl.xml', 'nodes');
  expect(await readFile(join(folder, 'acl.xml'), 'utf8')).toBe('nodes');
});
