import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startAssistant, type Assistant } from '@trunkmesh/testkit/assistant/assistant.http.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import type { MeshCarrier } from '@trunkmesh/testkit/mesh/carrier.js';
import { addNumber, registeringTrunk, ROOT, testMesh, type Organization, type TestMesh } from './mesh.fixture.js';

/** What the built command line shows of calls that arrived, and of those that were refused before routing. */
const PROGRAM = join(ROOT, 'apps/cli/bin/trunkmesh.js');
const NUMBER = '+15550108801';
const execute = promisify(execFile);

let test: TestMesh;
let assistant: Assistant;
let org: Organization;
let other: Organization;
let carrier: MeshCarrier;
let folder: string;
let sid: string;

beforeAll(async () => {
  [test, assistant, folder] = await Promise.all([
    testMesh(),
    startAssistant(),
    mkdtemp(join(tmpdir(), 'trunkmesh-cli-calls-')),
  ]);
  [org, other] = [await test.organization('Example Dental'), await test.organization('Example Motors')];
  await org.api.patch(`/api/v1/organizations/${org.id}`, { media_url: assistant.url });
  carrier = await test.carrier('9201');
  await addNumber(org, await registeringTrunk(org, carrier), NUMBER);
  await eventually(async () => (await carrier.call({ from: '+15559870004', number: NUMBER, talkMs: 100 })) === 200, {
    timeoutMs: 20_000,
    intervalMs: 250,
    message: 'the mesh to know the number',
  });
  sid = await eventually(
    async () =>
      (await json('calls', 'list', '--status', 'completed')).items.map(
        (call: { call_sid: string }) => call.call_sid,
      )[0],
    { message: 'the end of the call' },
  );
}, 120_000);
afterAll(async () => {
  await test?.stop();
  await assistant?.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Outcome {
  code: number;
  out: string;
  err: string;
}

function trunkmesh(args: string[], { key } = org): Promise<Outcome> {
  const env = { PATH: process.env['PATH'], TRUNKMESH_URL: test.mesh.file.api, TRUNKMESH_API_KEY: key };
  return new Promise((resolve) => {
    execFile(process.execPath, [PROGRAM, ...args], { env, maxBuffer: 1e8 }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    );
  });
}

const json = async (...args: string[]) => JSON.parse((await trunkmesh([...args, '--json'])).out);

describe('the command line', () => {
  it('says in words why a call took its way', async () => {
    const { out } = await trunkmesh(['calls', 'show', sid]);
    const { routing } = await json('calls', 'show', sid);
    expect(out).toContain(routing.explanation.summary);
    expect(out).toMatch(/SOURCE +WHAT ARRIVED +NUMBER +VERDICT[^]*Request-URI[^\n]*\+15550108801 +decided/);
  });

  it('ends without a word where nobody reads on', async () => {
    const env = { PATH: process.env['PATH'], TRUNKMESH_URL: test.mesh.file.api, TRUNKMESH_API_KEY: org.key };
    const line = `"$0" "$1" calls list --json --watch 0.5 | head -n 1`;
    const { stdout, stderr } = await execute('sh', ['-c', line, process.execPath, PROGRAM], { env });
    expect(JSON.parse(stdout).items).toMatchObject([{ call_sid: sid }]);
    expect(stderr).toBe('');
  });

  it('shows the SIP messages of a call, and writes them for Wireshark into a new file', async () => {
    await eventually(async () => (await json('calls', 'sip', sid)).messages.length > 1, {
      timeoutMs: 15_000,
      message: 'the messages of the call',
    });
    expect((await trunkmesh(['calls', 'sip', sid])).out).toMatch(/DIRECTION[^]* in +INVITE[^]* out +200/);
    const file = join(folder, 'call.pcap');
    expect(await trunkmesh(['calls', 'sip', sid, '--pcap', file])).toEqual({ code: 0, out: '', err: '' });
    const written = await readFile(file);
    expect(written.includes('INVITE sip:')).toBe(true);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await trunkmesh(['calls', 'sip', sid, '--pcap', file])).toMatchObject({
      code: 1,
      err: expect.stringContaining('it exists already'),
    });
    expect(await readFile(file)).toEqual(written);
  });

  it('writes no file of a call of another organisation', async () => {
    const file = join(folder, 'other.pcap');
    expect(await trunkmesh(['calls', 'sip', sid, '--pcap', file], other)).toMatchObject({ code: 1, out: '' });
    await expect(stat(file)).rejects.toThrow('ENOENT');
  });

  it('lists what was refused before routing, to its organisation alone', async () => {
    expect(await carrier.callAsStranger({ from: '+15559870009', number: NUMBER })).toBe(403);
    await eventually(async () => (await json('calls', 'refused', '--number', NUMBER)).length > 0, {
      timeoutMs: 15_000,
      message: 'the refused call',
    });
    expect((await trunkmesh(['calls', 'refused'])).out).toMatch(/\+15550108801 +403 +1 +source-not-allowed/);
    expect((await trunkmesh(['calls', 'refused', '--source', '203.0.113.1'])).out).toContain('No call was refused');
    expect((await trunkmesh(['calls', 'refused'], other)).out).toContain('No call was refused');
  });
});

describe('the package', () => {
  it('holds a README and the program, without tests, and runs', async () => {
    const npm = ['pack', '--ignore-scripts', '--json', '--offline', '--pack-destination', folder];
    const packed = JSON.parse(await output('npm', npm, join(ROOT, 'apps/cli'))) as [Packed];
    const [{ filename, files }] = packed;
    const paths = files.map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining(['README.md', 'bin/trunkmesh.js', 'dist/main.js', 'package.json']));
    expect(paths.filter((path) => /\.(?:spec|fixture|e2e)\.|^src\//.test(path))).toEqual([]);
    await output('tar', ['-xzf', join(folder, filename), '-C', folder], folder);
    // What it imports is what its manifest names: nothing else is beside it.
    const { dependencies } = JSON.parse(await readFile(join(folder, 'package/package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    const sources = await Promise.all(
      paths.filter((path) => path.endsWith('.js')).map((path) => readFile(join(folder, 'package', path), 'utf8')),
    );
    const imported = sources.flatMap((text) => [...text.matchAll(IMPORT)].map(([, name]) => name));
    expect([...new Set(imported)].sort()).toEqual(Object.keys(dependencies).sort());
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    const program = join(folder, 'package/bin/trunkmesh.js');
    expect(await output(process.execPath, [program, '--help'], folder)).toContain('trunkmesh calls');
  });
});

interface Packed {
  filename: string;
  files: { path: string }[];
}

/** The package of each import that is neither Node's nor a file beside it. */
const IMPORT = /^(?:import|export) [^;]*?from '((?:@[\w.-]+\/)?[\w-][\w.-]*)(?:\/[^':]*)?';$/gm;

const output = (command: string, args: string[], cwd: string) =>
  new Promise<string>((resolve, reject) => {
    execFile(command, args, { cwd }, (error, out, err) => (error === null ? resolve(out) : reject(new Error(err))));
  });
