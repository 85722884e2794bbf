/**
 * What `npm start`, `npm test` and `npm run bench` need before they can begin: dependencies, the two servers, a build.
 * Plain Node: node_modules may not be there yet. Each step does nothing when its work is done already.
 */
import { execFileSync, spawn } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createHash } from 'node:crypto';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { tookLock } from './process-lock.mjs';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const LOCAL = join(ROOT, '.local');
const MINIMUM_NODE = [20, 19, 0];

/** A failure that the reader can fix; printed without a stack. */
export class SetUpError extends Error {}

/**
 * @param {(line: string) => void} say
 * @param {{ forTests?: boolean }} options
 */
export async function setUp(say, { forTests = false } = {}) {
  checkNode();
  await alone(say, async () => {
    await installDependencies(say);
    await installPrograms(say, forTests);
    await build(say);
  });
}

const LOCK = join(LOCAL, 'set-up');
const LOOK_MS = 200;

/** `npm start` and `npm test` at once in a fresh checkout: one installs and builds, the other one waits for it. */
async function alone(say, work) {
  mkdirSync(LOCAL, { recursive: true });
  for (let said = false; !tookLock(LOCK); said = true) {
    if (!said) say(`waiting for another set-up of this checkout; if there is none, delete ${LOCK}`);
    await sleep(LOOK_MS);
  }
  try {
    await work();
  } finally {
    rmSync(LOCK, { force: true });
  }
}

/** Runs a set-up and what follows; a failure is one readable message and exit code 1. */
export async function main(run) {
  try {
    process.exitCode = (await run()) ?? 0;
  } catch (error) {
    console.error(error instanceof SetUpError ? `\n${error.message}` : error);
    process.exitCode = 1;
  }
}

function checkNode() {
  const have = process.versions.node.split('.').map(Number);
  const older = MINIMUM_NODE.findIndex((part, index) => have[index] !== part);
  if (older !== -1 && have[older] < MINIMUM_NODE[older])
    throw new SetUpError(`TrunkMesh needs Node ${MINIMUM_NODE.join('.')} or later; this is ${process.versions.node}.`);
}

async function installDependencies(say) {
  const lock = createHash('sha256')
    .update(readFileSync(join(ROOT, 'package-lock.json')))
    .digest('hex');
  const stamp = join(ROOT, 'node_modules', '.trunkmesh-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  say('installing dependencies (npm ci)');
  await run('npm', ['ci', '--no-audit', '--no-fund'], 'The dependencies could not be installed; npm said:');
  writeFileSync(stamp, lock);
}

/** Debian puts servers into folders that are not on everybody's PATH. */
const SERVER_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/usr/local/bin'];

const onPath = (name) =>
  [...(process.env.PATH ?? '').split(delimiter), ...SERVER_FOLDERS]
    .filter(Boolean)
    .some((folder) => isExecutable(join(folder, name)));

const hasPostgres = () => (onPath('postgres') && onPath('initdb')) || packagedPostgres();

function packagedPostgres() {
  const folder = '/usr/lib/postgresql';
  return (
    existsSync(folder) && readdirSync(folder).some((version) => isExecutable(join(folder, version, 'bin', 'initdb')))
  );
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/**
 * The two servers, and for tests openssl, with which they make certificates, the browser of the dashboard's, and
 * tshark, which reads our PCAP files.
 */
async function installPrograms(say, forTests) {
  const missing = [
    process.env.NATS_URL || onPath('nats-server')
      ? undefined
      : { name: 'nats-server', from: '2.9', package: 'nats-server' },
    process.env.DATABASE_URL || hasPostgres() ? undefined : { name: 'PostgreSQL', from: '14', package: 'postgresql' },
    !forTests || onPath('openssl') ? undefined : { name: 'openssl', from: '1.1.1', package: 'openssl' },
    !forTests || process.env.CHROMIUM || onPath('chromium')
      ? undefined
      : { name: 'Chromium', from: '120', package: 'chromium' },
    !forTests || onPath('tshark') ? undefined : { name: 'tshark', from: '3.4', package: 'tshark', brew: 'wireshark' },
  ].filter((server) => server !== undefined);
  if (missing.length === 0) return;
  const names = new Intl.ListFormat('en').format(missing.map(({ name }) => name));
  const packages = missing.map((server) => server.package);
  const prefix = aptPrefix();
  if (prefix === undefined) {
    throw new SetUpError(
      [
        `${names} must be installed and on PATH:`,
        ...missing.map((server) => `  ${server.name} ${server.from} or later`),
        'Debian and Ubuntu: sudo apt-get install ' + packages.join(' '),
        'macOS: brew install ' + missing.map((server) => server.brew ?? server.package).join(' '),
        'Or name servers that run already: NATS_URL=nats://host:4222, ' +
          'DATABASE_URL=postgres://user:password@host/database',
        ...(forTests ? ['CHROMIUM names the binary of a Chromium or Chrome that is not on PATH.'] : []),
      ].join('\n'),
    );
  }
  say(`installing ${names} from the distribution's packages`);
  // RUNLEVEL=1 keeps the packages from starting services of their own: TrunkMesh runs private instances.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const apt = (...args) =>
    run(prefix[0], [...prefix.slice(1), ...args], `${names} could not be installed; apt-get said:`, env);
  await apt('update', '-q');
  await apt('install', '-y', '-q', '--no-install-recommends', ...packages);
}

/** The command line that runs apt-get without a prompt, or undefined. */
function aptPrefix() {
  if (!onPath('apt-get')) return undefined;
  if (process.getuid?.() === 0) return ['apt-get'];
  try {
    execFileSync('sudo', ['-n', 'true'], { stdio: 'ignore' });
    return ['sudo', '-n', '--preserve-env=DEBIAN_FRONTEND,RUNLEVEL', 'apt-get'];
  } catch {
    return undefined;
  }
}

/**
 * TypeScript's own build state decides what is out of date; asking it costs a few seconds, so a look at the sources'
 * times comes first.
 */
async function build(say) {
  const stamp = join(LOCAL, 'built');
  const newest = newestSource();
  if (
    existsSync(stamp) &&
    Number(readFileSync(stamp, 'utf8')) === newest &&
    existsSync(join(ROOT, 'apps/trunk-service/dist/main.js')) &&
    existsSync(join(ROOT, 'apps/cli/dist/main.js')) &&
    existsSync(join(ROOT, 'apps/dashboard/dist/index.html'))
  )
    return;
  say('building');
  await run(
    process.execPath,
    [join(ROOT, 'node_modules/typescript/bin/tsc'), '-b'],
    'The build failed; the compiler said:',
  );
  await run(
    process.execPath,
    [join(ROOT, 'scripts/clients.mjs')],
    'The dashboard and the command line could not be built:',
  );
  mkdirSync(LOCAL, { recursive: true });
  writeFileSync(stamp, String(newest));
}

function newestSource() {
  const projects = ['libs', 'apps'].flatMap((kind) =>
    readdirSync(join(ROOT, kind)).map((name) => join(ROOT, kind, name)),
  );
  return Math.max(
    ...[...projects, join(ROOT, 'e2e'), join(ROOT, 'bench')]
      .flatMap((project) => [join(project, 'src'), join(project, 'tsconfig.json'), join(project, 'index.html')])
      .map(newestIn),
  );
}

function newestIn(path) {
  if (!existsSync(path) || path.endsWith('generated')) return 0;
  const stat = statSync(path);
  return stat.isDirectory()
    ? Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newestIn(join(path, name))))
    : stat.mtimeMs;
}

/** Runs a command quietly; its output is shown when it fails. */
function run(command, args, failure, env = process.env) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const output = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => output.push(chunk));
    let isStopped = false;
    const stop = () => {
      isStopped = true;
      child.kill('SIGTERM');
    };
    process.once('SIGINT', stop);
    child.once('error', (error) => reject(new SetUpError(`${failure}\n${error.message}`)));
    child.once('close', (code) => {
      process.removeListener('SIGINT', stop);
      if (code === 0) resolve();
      else if (isStopped) reject(new SetUpError('Stopped. The next start does again what was not finished.'));
      else
        reject(
          new SetUpError(`${failure}\n${Buffer.concat(output).toString('utf8').split('\n').slice(-40).join('\n')}`),
        );
    });
  });
}
