import { describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../../..');
const REFUSAL = 'error: could not change directory to "/": Permission denied';

/** `npm test`, which is built by now: its set-up finds nothing left to do. */
async function npmTest(
  args: string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number | null; output: string; lastLine: string }> {
  const inherited = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !['SERVER_FAILURES', 'TEST_SUITE', 'JEST_WORKER_ID', 'NODE_OPTIONS'].includes(name),
    ),
  );
  const child = spawn(process.execPath, [join(ROOT, 'scripts/test.mjs'), ...args], {
    cwd: ROOT,
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  const code = await new Promise<number | null>((ended) => {
    child.once('close', ended);
  });
  return { code, output, lastLine: output.trimEnd().split('\n').at(-1)! };
}

/** A folder for the front of PATH whose programs of these names refuse to run. */
async function refusing(folder: string, ...names: string[]): Promise<NodeJS.ProcessEnv> {
  for (const name of names) {
    await writeFile(join(folder, name), `#!/bin/sh\necho '${name}: ${REFUSAL}' >&2\nexit 1\n`);
    await chmod(join(folder, name), 0o755);
  }
  return { PATH: [folder, process.env['PATH']].join(delimiter) };
}

/** Tests in plain JavaScript outside the repository, as arguments of `npm test`. */
async function testsOf(folder: string, files: Record<string, string>): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const config = {
    rootDir: folder,
    runtime: join(ROOT, 'scripts/jest/runtime.mjs'),
    testMatch: ['**/*.test.mjs'],
    transform: {},
  };
  return ['--config', JSON.stringify(config), '--runInBand'];
}

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'trunkmesh-test-run-'));
  await chmod(folder, 0o755);
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const IMPORT_TEST = "import { test } from '@jest/globals';";
const timesIn = (text: string, part: string) => text.split(part).length - 1;

describe('npm test', () => {
  it.each([
    ['PostgreSQL', ['postgres', 'initdb']],
    ['nats-server', ['nats-server']],
  ])(
    'reports once why %s cannot be started, and ends',
    (server, programs) =>
      inFolder(async (folder) => {
        const { code, output, lastLine } = await npmTest([], await refusing(folder, ...programs));
        expect(timesIn(output, REFUSAL)).toBe(1);
        expect(output).toContain(`${server} could not be started: `);
        expect({ code, lastLine }).toEqual({ code: 1, lastLine: '0 passed, 1 failed' });
      }),
    120_000,
  );

  it(
    'gives the cause once where many selected tests need the server, in each file and test',
    () =>
      inFolder(async (folder) => {
        const needsServer = `
      import { afterAll, beforeAll, test } from '@jest/globals';
      import { startServers } from ${JSON.stringify(join(ROOT, 'libs/testkit/dist/servers.process.js'))};
      let servers;
      beforeAll(async () => { servers = await startServers(); }, 60000);
      afterAll(() => servers?.stop());
      for (const name of ['a', 'b', 'c']) test(name, () => undefined);
    `;
        const args = await testsOf(join(folder, 'tests'), {
          'one.test.mjs': needsServer,
          'other.test.mjs': needsServer,
          'without.test.mjs': `${IMPORT_TEST} test('d', () => undefined);`,
        });
        const { code, output, lastLine } = await npmTest(args, await refusing(folder, 'postgres', 'initdb'));
        expect({ code, lastLine }).toEqual({ code: 1, lastLine: '1 passed, 6 failed' });
        expect(output.split('\n').at(-3 - 1)).toContain(REFUSAL);
        expect(
          timesIn(output, 'PostgreSQL could not be started; the cause is at the end of the run.'),
        ).toBeGreaterThanOrEqual(3);
      }),
    120_000,
  );

  it(
    'keeps what its tests write in a folder of its own, and removes it',
    () =>
      inFolder(async (folder) => {
        const note = join(folder, 'written');
        const args = await testsOf(join(folder, 'tests'), {
          'writing.test.mjs': `${IMPORT_TEST}
          import { mkdtempSync, writeFileSync } from 'node:fs';
          import { tmpdir } from 'node:os';
          import { join } from 'node:path';
          test('a', () => writeFileSync(${JSON.stringify(note)}, mkdtempSync(join(tmpdir(), 'a-'))));`,
        });
        expect(await npmTest(args, { TMPDIR: folder })).toMatchObject({ code: 0, lastLine: '1 passed, 0 failed' });
        const written = await readFile(note, 'utf8');
        expect(written.startsWith(join(folder, 'trunkmesh-test-'))).toBe(true);
        expect(existsSync(written)).toBe(false);
      }),
    120_000,
  );

  it(
    'removes that folder also where it is ended by SIGTERM',
    () =>
      inFolder(async (folder) => {
        const args = await testsOf(join(folder, 'tests'), {
          'ended.test.mjs': `${IMPORT_TEST}
          test('a', () => { process.kill(process.ppid, 'SIGTERM'); return new Promise(() => undefined); }, 60000);`,
        });
        const { code, lastLine } = await npmTest(args, { TMPDIR: folder });
        expect({ code, lastLine }).toEqual({ code: 1, lastLine: '0 passed, 1 failed' });
        expect((await readdir(folder)).filter((name) => name.startsWith('trunkmesh-test-'))).toEqual([]);
      }),
    120_000,
  );

  it(
    'ends, with its count, when a test leaves something open',
    () =>
      inFolder(async (folder) => {
        const args = await testsOf(join(folder, 'tests'), {
          'open.test.mjs': `${IMPORT_TEST} test('a', () => { setInterval(() => undefined, 1000); });`,
        });
        const { code, output, lastLine } = await npmTest(args);
        expect({ code, lastLine }).toEqual({ code: 1, lastLine: '1 passed, 1 failed' });
        expect(output).toContain('a test left something open');
      }),
    120_000,
  );
});
