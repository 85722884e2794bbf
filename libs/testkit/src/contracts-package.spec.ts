import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { CALLS_STREAM, callSubject, STREAM_SUBJECTS, TRUNKMESH_STREAM } from '@trunkmesh/contracts/subjects.js';
import { eventually } from './eventually.process.js';
import { startNatsServer, type NatsServer } from './nats-server.process.js';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PACKAGE = join(ROOT, 'libs/contracts');
/** As npm itself names it, where npm started the tests. */
const NPM =
  process.env['npm_execpath'] ??
  realpathSync(
    (process.env['PATH'] ?? '')
      .split(delimiter)
      .map((each) => join(each, 'npm'))
      .find(existsSync)!,
  );

/** The version that this repository tests with. */
async function installedHere(name: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')) as {
    version: string;
  };
  return `${name}@${version}`;
}

let folder: string;
let nats: NatsServer;
let nc: NatsConnection;
/** The packed contracts, installed in an empty folder with what the examples need, as a user would. */
beforeAll(async () => {
  await run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-b', PACKAGE]);
  await run(process.execPath, [join(PACKAGE, 'scripts/generate.mjs')]);
  folder = await mkdtemp(join(tmpdir(), 'trunkmesh-contracts-'));
  const npm = (args: string[], cwd: string) => run(process.execPath, [NPM, ...args], { cwd });
  const { stdout } = await npm(
    ['pack', '--ignore-scripts', '--json', '--offline', '--pack-destination', folder],
    PACKAGE,
  );
  const packed = JSON.parse(stdout) as { filename: string }[];
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  const clients = await Promise.all(['@nats-io/jetstream', '@nats-io/transport-node'].map(installedHere));
  const quick = ['--prefix', folder, '--prefer-offline', '--no-audit', '--no-fund'];
  await npm(['install', ...quick, join(folder, packed[0]!.filename), ...clients], folder);
  nats = await startNatsServer();
  nc = await connect({ servers: nats.url });
  const manager = await jetstreamManager(nc);
  for (const name of [TRUNKMESH_STREAM, CALLS_STREAM] as const)
    await manager.streams.add({ name, subjects: [...STREAM_SUBJECTS[name]] });
}, 120_000);
afterAll(async () => {
  await nc?.close();
  await nats?.stop();
  await rm(folder, { recursive: true, force: true });
});

const sample = async (type: string) =>
  JSON.parse(await readFile(join(PACKAGE, 'samples', `${type}.json`), 'utf8')) as {
    subject: string;
    data: { call_id: string; organization_id: string };
  };
const put = async (type: string) => {
  const event = await sample(type);
  await jetstream(nc).publish(event.subject, JSON.stringify(event));
  return event;
};

describe('the package, in an empty folder', () => {
  it('is imported from its root and by file, with its documents', async () => {
    await writeFile(
      join(folder, 'use.mjs'),
      `import { trunkEvent, trunkSubject } from '@trunkmesh/contracts';
      import { trunkEvent as same } from '@trunkmesh/contracts/trunk.js';
      import asyncapi from '@trunkmesh/contracts/asyncapi.json' with { type: 'json' };
      import schema from '@trunkmesh/contracts/schemas/TrunkCreated.json' with { type: 'json' };
      import sample from '@trunkmesh/contracts/samples/TrunkCreated.json' with { type: 'json' };
      console.log(JSON.stringify([trunkEvent === same, trunkSubject('o', 't'), asyncapi.asyncapi, schema.title,
        trunkEvent.parse(sample).type]));`,
    );
    const { stdout } = await run(process.execPath, ['--no-warnings', 'use.mjs'], { cwd: folder });
    expect(JSON.parse(stdout)).toEqual([true, 'trunkmesh.org.o.trunk.t', '3.0.0', 'TrunkCreated', 'TrunkCreated']);
  });

  it('has an AsyncAPI document that follows the JSON Schema of AsyncAPI', async () => {
    const document = join(folder, 'node_modules/@trunkmesh/contracts/generated/asyncapi.json');
    const validate = (path: string) => run(process.execPath, [join(PACKAGE, 'scripts/validate.mjs'), path]);
    await validate(document);
    const { info: _missing, ...rest } = JSON.parse(await readFile(document, 'utf8')) as { info: object };
    await writeFile(join(folder, 'invalid.json'), JSON.stringify(rest));
    await expect(validate(join(folder, 'invalid.json'))).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining("must have required property 'info'"),
    });
  }, 30_000);

  it('has a README, its licence, and no test', async () => {
    const files = (await run('find', ['node_modules/@trunkmesh/contracts', '-type', 'f'], { cwd: folder })).stdout;
    for (const name of ['README.md', 'LICENSE', 'examples/follow.mjs', 'generated/schemas/CallEnded.json'])
      expect(files).toContain(`contracts/${name}\n`);
    expect(files).not.toContain('.spec.');
  });

  it('is type-checked by who uses it', async () => {
    await writeFile(
      join(folder, 'use.ts'),
      `import { callEvent, type TrunkState } from '@trunkmesh/contracts';
      import { numberEvent } from '@trunkmesh/contracts/number.js';
      export const name = (trunk: TrunkState): string => trunk.name;
      export const type: 'CallStarted' | 'CallEnded' | string = callEvent.parse({}).type;
      // @ts-expect-error a number has no gateway
      export const gateway = numberEvent.parse({}).data.state?.gateway;`,
    );
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', 'use.ts'];
    const { stdout } = await run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), ...options], {
      cwd: folder,
    }).catch((error: { stdout: string }) => error);
    expect(stdout).toBe('');
  }, 60_000);
});

const example = (name: string) => join(folder, 'node_modules/@trunkmesh/contracts/examples', name);
const environment = () => ({ ...process.env, NATS_URL: nats.url });

describe('examples/follow.mjs', () => {
  /** Follows until so many events came. */
  const follow = async (count: number) => {
    const child = spawn(process.execPath, [example('follow.mjs'), 'position.json'], {
      cwd: folder,
      env: environment(),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const seen: { type: string; sequence: number }[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => seen.push(JSON.parse(line)));
    const ended = new Promise((resolve) => child.once('exit', resolve));
    await eventually(() => seen.length >= count, { timeoutMs: 20_000 });
    // The position is stored behind the last line.
    await eventually(async () => {
      const stored = await readFile(join(folder, 'position.json'), 'utf8').catch(() => '{}');
      return JSON.parse(stored).sequence === seen.at(-1)!.sequence;
    });
    child.kill('SIGTERM');
    await ended;
    return seen.map(({ type }) => type);
  };

  it('begins with the last event of each entity, and goes on from where it was', async () => {
    await put('TrunkCreated');
    await put('TrunkUpdated');
    await put('OrganizationCreated');
    await put('NumberAdded');
    expect(await follow(2)).toEqual(['TrunkUpdated', 'NumberAdded']);
    await put('TrunkDisabled');
    await put('NumberAssigned');
    expect(await follow(2)).toEqual(['TrunkDisabled', 'NumberAssigned']);
  }, 60_000);
});

describe('examples/publish.mjs', () => {
  const publish = (...args: string[]) =>
    run(process.execPath, [example('publish.mjs'), ...args], { cwd: folder, env: environment() });

  it("reports a call's recording, once the bridge has reported the call", async () => {
    const { data } = await put('CallEnded');
    const location = 's3://recordings/one.wav';
    expect(JSON.parse((await publish(data.organization_id, data.call_id, location)).stdout)).toEqual({
      sequence: 2,
      duplicate: false,
    });
    const manager = await jetstreamManager(nc);
    const subject = callSubject(data.organization_id, data.call_id);
    const last = await manager.streams.getMessage(CALLS_STREAM, { last_by_subj: subject });
    expect(last!.json()).toMatchObject({
      type: 'CallRecordingStored',
      data: { call_id: data.call_id, recording: { state: 'stored', location } },
    });
  }, 30_000);

  it.each([
    ['a call that no bridge reported', [randomUUID(), randomUUID(), 's3://recordings/one.wav'], /there is no call/],
    ['what cannot be a subject', ['a.b', randomUUID(), 's3://recordings/one.wav'], /not usable as a subject token/],
  ])('refuses %s', async (_what, args, message) => {
    await expect(publish(...args)).rejects.toMatchObject({ code: 1, stderr: expect.stringMatching(message) });
  });
});
