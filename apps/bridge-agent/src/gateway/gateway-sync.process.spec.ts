import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { judgeRescan } from './freeswitch-reply.js';
import { openGatewayFiles } from './gateway-files.fs.js';
import { GatewaySync } from './gateway-sync.process.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sync-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('blames no file for a profile that is restarting', async () => {
  const files = await openGatewayFiles(folder);
  await writeFile(
    join(folder, 'gateways', 'operators-own.xml'),
    '<include>\n  <gateway name="example"/>\n</include>\n',
  );
  const replies = ['Invalid Profile [external]'];
  const rescans: boolean[] = [];
  const sync = new GatewaySync({
    remakes: new Map(),
    observed: new Map(),
    files,
    connected: () => true,
    onCycle: () => {},
    onReload: (what, ok) => {
      if (what === 'rescan') rescans.push(ok);
    },
    logger: createLogger('test', { level: 'silent' }),
    input: () => ({
      known: true,
      desired: new Map(),
      held: new Set(),
      acl: () => '',
      dialplan: '<include/>',
      position: 1,
    }),
    freeswitch: {
      list: () => Promise.resolve([]),
      rescan: () => Promise.resolve(judgeRescan(replies.shift() ?? 'Reload XML [Success]\n+OK scan complete\n')),
      reloadAcl: () => Promise.resolve({ ok: true }),
      kill: () => Promise.resolve(),
      register: () => Promise.resolve(),
      version: () => Promise.resolve(null),
      profileRunning: () => Promise.resolve(true),
    },
  });
  try {
    sync.wake();
    await eventually(() => rescans.length > 0);
    sync.wake();
    await eventually(() => rescans.length > 1);
  } finally {
    await sync.stop();
  }
  expect(rescans).toEqual([false, true]);
  expect(await readdir(join(folder, 'gateways'))).toEqual(['operators-own.xml']);
});
