import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { startAssistant, type Assistant } from '@trunkmesh/testkit/assistant/assistant.http.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { calleeFor, type MeshCallee } from '@trunkmesh/testkit/mesh/callees.net.js';
import { ROOT, testMesh, type Organization, type TestMesh, type Trunk } from './mesh.fixture.js';

/** The built command line as a person, a program and an AI assistant use it, against a running mesh. */
const PROGRAM = join(ROOT, 'apps/cli/bin/trunkmesh.js');
const NUMBER = '+15550108801';
const PASSWORD = 'a password that is nobody’s business';

let test: TestMesh;
let assistant: Assistant;
let callee: MeshCallee;
let org: Organization;
let other: Organization;
let home: string;
beforeAll(async () => {
  [test, assistant, home] = await Promise.all([
    testMesh(),
    startAssistant(),
    mkdtemp(join(tmpdir(), 'trunkmesh-cli-')),
  ]);
  [org, other] = [await test.organization('Example Dental'), await test.organization('Example Motors')];
  await org.api.patch(`/api/v1/organizations/${org.id}`, { media_url: assistant.url });
  callee = await calleeFor(test.mesh.bridges[0]!, 1);
}, 120_000);
afterAll(async () => {
  await test?.stop();
  await Promise.all([assistant?.stop(), callee?.close()]);
  await rm(home, { recursive: true, force: true });
});

interface Outcome {
  code: number;
  out: string;
  err: string;
}

const surroundings = (more: NodeJS.ProcessEnv = {}) => ({ PATH: process.env['PATH'], XDG_CONFIG_HOME: home, ...more });

function trunkmesh(args: string[], input = '', env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [PROGRAM, ...args],
      { env: surroundings(env), maxBuffer: 1e8 },
      (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    );
    child.stdin!.end(input);
  });
}

const json = async (...args: string[]) => {
  const { code, out, err } = await trunkmesh([...args, '--json']);
  if (err.startsWith('trunkmesh:')) throw new Error(err);
  return { code, value: JSON.parse(out) };
};

describe('the command line', () => {
  it('keeps a profile that only its owner reads, and tries the key first', async () => {
    const login = ['login', '--address', test.mesh.file.api];
    const wrong = await trunkmesh(login, 'tm_not_a_key\n');
    expect(wrong).toMatchObject({ code: 1, out: '' });
    expect(wrong.err).toMatch(/401/);
    expect(await trunkmesh(login, `${org.key}\n`)).toMatchObject({
      code: 0,
      out: expect.stringContaining('admin of Example Dental'),
    });
    const path = join(home, 'trunkmesh/profiles.json');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ default: { url: test.mesh.file.api, key: org.key } });
    const shown = await trunkmesh(['profiles']);
    expect(shown.out).toContain(test.mesh.file.api);
    expect(shown.out).not.toContain(org.key);
  });

  it('connects a PBX: trunk, number, what is missing, where a call would go', async () => {
    const create = ['trunks', 'create', '--name', 'PBX', '--gateway', callee.gateway, '--password-file', '-'];
    create.push('--username', 'alice', '--no-register');
    const made = await trunkmesh([...create, '--set', 'max_channels=10', '--json'], `${PASSWORD}\n`);
    expect(made).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(made.out)).toMatchObject({ name: 'PBX', max_channels: 10, has_password: true });
    expect(made.out + made.err).not.toContain(PASSWORD);
    await eventually(async () => (await json('trunks', 'status', 'PBX')).value.verdict === 'live', {
      message: 'the trunk to be live',
    });
    const { value: number } = await json('numbers', 'add', NUMBER, '--trunk', 'PBX');
    expect(number).toMatchObject({ phone_number: NUMBER, assistant: null });
    const lacking = await trunkmesh(['numbers', 'ready', NUMBER]);
    expect(lacking).toMatchObject({ code: 1, out: expect.stringMatching(/inbound +no +.*assistant/) });
    await json('numbers', 'assign', NUMBER, '--assistant', '7');
    await eventually(async () => (await json('numbers', 'ready', NUMBER)).code === 0, {
      message: 'the number to be ready',
    });
    const explained = await trunkmesh(['route', 'explain', '--outbound', '--from', NUMBER, '--to', '+15559870001']);
    expect(explained).toMatchObject({ code: 0, out: expect.stringContaining('+15559870001 would be called by') });
    expect((await trunkmesh(['status'])).out).toMatch(/Example Dental[^]*PBX +live/);
    expect((await json('events')).value.items.map(({ type }: { type: string }) => type)).toContain('TrunkCreated');
  });

  it('places a call and prints what happens until its end', async () => {
    await callee.will({ outcome: 486 });
    const placed = await trunkmesh(['call', 'place', '--from', NUMBER, '--to', '+15559870002', '--follow']);
    expect(placed).toMatchObject({ code: 1, out: expect.stringMatching(/called-party-busy[^]*486/) });
    const { value: listed } = await json('calls', 'list');
    const { call_sid: sid } = listed.items[0];
    expect((await trunkmesh(['calls', 'show', sid])).out).toMatch(/\+15559870002[^]*busy/);
  });

  it('counts at a glance, and shows the trunks that need it', async () => {
    const { code, value } = await json('status');
    expect({ code, value }).toMatchObject({
      code: 0,
      value: {
        trunk_counts: { total: 1, live: 1, failed: 0 },
        numbers: 1,
        calls_now: 0,
        calls_day: 1,
        failed_calls_day: 1,
        refused_calls_day: 0,
        trunks: [{ name: 'PBX', verdict: 'live' }],
      },
    });
    expect((await trunkmesh(['status'])).out).toMatch(/trunks +1: 1 live, 0 pending[^]*calls in 24 hours +1, 1 failed/);
  });

  it('says what is wrong with a command, and what to do', async () => {
    expect(await trunkmesh(['trunk', 'create', '--name', 'PBX', '--gateway', 'x y'])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/gateway/),
    });
    expect(await trunkmesh(['trunks', 'lst'])).toMatchObject({ code: 2, err: expect.stringContaining('--help') });
    expect(await trunkmesh(['trunks', 'show', 'Elsewhere'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('trunkmesh trunks list'),
    });
  });

  it('repeats nothing that writes', async () => {
    for (const args of [
      ['trunks', 'disable', 'PBX'],
      ['trunks', 'test', 'PBX'],
      ['numbers', 'assign', NUMBER, '--assistant', '8'],
      ['call', 'place', '--from', NUMBER, '--to', '+15559870003'],
      ['probe', '--name', 'PBX', '--gateway', callee.gateway],
    ])
      expect(await trunkmesh([...args, '--watch'])).toMatchObject({ code: 2, err: expect.stringMatching(/--watch/) });
    expect(await trunkmesh(['status', '--watch', 'often'])).toMatchObject({ code: 2, out: '' });
    expect((await json('trunks', 'show', 'PBX')).value.enabled).toBe(true);
    expect((await json('numbers', 'show', NUMBER)).value.assistant).toMatchObject({ id: 7 });
  });

  it('lists the changes of one trunk or number', async () => {
    const changesOf = async (...args: string[]) =>
      (await json('events', ...args)).value.items.map(({ type }: { type: string }) => type).sort();
    expect(await changesOf('--number', NUMBER)).toEqual(['NumberAdded', 'NumberAssigned']);
    expect(await changesOf('--trunk', 'PBX')).toContain('TrunkCreated');
    expect(await trunkmesh(['events', '--trunk', 'Elsewhere'])).toMatchObject({ code: 1, out: '' });
  });

  it('shows another organisation nothing of this one', async () => {
    const env = { TRUNKMESH_URL: test.mesh.file.api, TRUNKMESH_API_KEY: other.key };
    const [trunk] = (await json('trunks', 'list')).value as Trunk[];
    expect(await trunkmesh(['trunks', 'show', trunk!.id], '', env)).toMatchObject({ code: 1, out: '' });
    expect((await trunkmesh(['trunks', 'list'], '', env)).out).toContain('There is no trunk yet');
    expect((await trunkmesh(['calls', 'list'], '', env)).out).toContain('No calls.');
  });

  it('watches until it is interrupted', async () => {
    const child = spawn(process.execPath, [PROGRAM, 'trunks', 'list', '--watch', '0.5', '--json'], {
      env: surroundings(),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    await eventually(() => out.split('\n').length > 2, { message: 'two looks' });
    child.kill('SIGINT');
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0);
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as Trunk[])[0]!.name),
    ).toContain('PBX');
  });
});

describe('the MCP server', () => {
  const connect = async (args: string[] = [], capabilities: object = {}) => {
    const client = new Client({ name: 'test', version: '1.0.0' }, { capabilities });
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [PROGRAM, 'mcp', ...args],
      env: surroundings() as Record<string, string>,
    });
    await client.connect(transport);
    return client;
  };
  const call = async (client: Client, name: string, args: object) => {
    const { content, isError } = await client.callTool({ name, arguments: { ...args } });
    return { text: (content as { text: string }[])[0]!.text, isError: isError === true };
  };
  const enabled = async () => (await json('trunks', 'show', 'PBX')).value.enabled as boolean;

  it('names requests that the API has, and each request once', async () => {
    const { NOT_TOOLS, operations, READING_POSTS, WRITING } = await import(join(ROOT, 'apps/cli/dist/mcp/tools.js'));
    const document = await (await fetch(`${test.mesh.file.api}/api/openapi.json`)).json();
    const ids = operations(document).map(({ id }: { id: string }) => id);
    expect(ids).toEqual([...new Set(ids)]);
    expect(ids).toEqual(expect.arrayContaining([...NOT_TOOLS, ...READING_POSTS, ...WRITING]));
  });

  it('only reads where nobody allowed more', async () => {
    const client = await connect();
    const { tools } = await client.listTools();
    expect(tools.length).toBeGreaterThan(10);
    expect(tools.filter(({ annotations }) => annotations?.readOnlyHint !== true)).toEqual([]);
    const trunks = await call(client, 'listTrunks', { limit: 5 });
    expect(JSON.parse(trunks.text)).toMatchObject([{ name: 'PBX' }]);
    const [{ id }] = JSON.parse(trunks.text) as [Trunk];
    expect(await call(client, 'disableTrunk', { id })).toMatchObject({ isError: true });
    expect(await call(client, 'getTrunk', { id: '../api-keys' })).toMatchObject({ isError: true });
    expect(await enabled()).toBe(true);
    await client.close();
  });

  it('writes what was confirmed by its code, once', async () => {
    const client = await connect(['--allow-writes']);
    const { id } = (await json('trunks', 'show', 'PBX')).value as Trunk;
    const asked = await call(client, 'disableTrunk', { id });
    expect(asked).toMatchObject({ isError: true, text: expect.stringContaining('Nothing was done yet') });
    expect(await enabled()).toBe(true);
    const confirmation = /"confirmation": "([0-9a-f]+)"/.exec(asked.text)![1];
    expect(await call(client, 'enableTrunk', { id, confirmation })).toMatchObject({ isError: true });
    expect(await call(client, 'disableTrunk', { id, confirmation })).toMatchObject({ isError: false });
    expect(await enabled()).toBe(false);
    expect(await call(client, 'disableTrunk', { id, confirmation })).toMatchObject({ isError: true });
    await client.close();
  });

  it('asks the person where the client can', async () => {
    const client = await connect(['--allow-writes'], { elicitation: {} });
    const answers = [{ action: 'decline' as const }, { action: 'accept' as const, content: { confirm: true } }];
    const questions: string[] = [];
    client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
      questions.push(params.message);
      return answers.shift()!;
    });
    const { id } = (await json('trunks', 'show', 'PBX')).value as Trunk;
    expect(await call(client, 'enableTrunk', { id })).toMatchObject({ isError: true });
    expect(await enabled()).toBe(false);
    expect(await call(client, 'enableTrunk', { id })).toMatchObject({ isError: false });
    expect(await enabled()).toBe(true);
    const asked = `enableTrunk: POST /api/v1/sip-trunks/${id}/enable`;
    expect(questions).toEqual(Array(2).fill(expect.stringContaining(asked)));
    await client.close();
  });
});
