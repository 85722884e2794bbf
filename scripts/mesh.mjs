/**
 * What `npm start` and `npm run dev` share: their options, the lock of a checkout, and a mesh that is up until Ctrl-C.
 *   --bridges N   how many bridges (1 to 8; 1)
 *   --fresh       deletes the data of the last start
 * FREESWITCH names a FreeSWITCH binary; DATABASE_URL and NATS_URL name servers to use in place of private ones.
 */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { holderOf, tookLock } from './process-lock.mjs';
import { ROOT, SetUpError } from './set-up.mjs';

export const FOLDER = join(ROOT, '.local');
const LOCK = join(FOLDER, 'pid');
/** What the mesh keeps. `built` and the other files of the set-up stay. */
const DATA = ['nats', 'postgres', 'logs', 'settings.json', 'mesh.json'];

const colour = process.stdout.isTTY && !process.env.NO_COLOR;
export const paint = (code, text) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text);
export const line = (text, tookMs) =>
  console.log(`${paint(32, '✓')} ${text}${tookMs === undefined ? '' : paint(2, `  ${duration(tookMs)}`)}`);
export const warn = (text) => console.error(paint(31, `✗ ${text}`));
const duration = (ms) => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);

/**
 * @param {string} usage printed after a wrong option
 * @param {import('node:util').ParseArgsOptionsConfig} own the command's own options, beside the shared ones
 */
export function readOptions(usage, own = {}) {
  let values;
  try {
    ({ values } = parseArgs({
      options: {
        bridges: { type: 'string', default: '1' },
        fresh: { type: 'boolean', default: false },
        ...own,
      },
      allowNegative: true,
    }));
  } catch (error) {
    throw new SetUpError(`${error.message}\n${usage}`);
  }
  const bridges = Number(values.bridges);
  if (!Number.isInteger(bridges) || bridges < 1 || bridges > 8)
    throw new SetUpError('--bridges takes a whole number from 1 to 8');
  const freeswitch = process.env.FREESWITCH || findFreeswitch();
  if (freeswitch !== undefined && !existsSync(freeswitch))
    throw new SetUpError(`FREESWITCH names ${freeswitch}, which does not exist`);
  return { ...values, bridges, freeswitch };
}

function findFreeswitch() {
  const folder = (process.env.PATH ?? '')
    .split(delimiter)
    .find((path) => path !== '' && existsSync(join(path, 'freeswitch')));
  return folder === undefined ? undefined : join(folder, 'freeswitch');
}

/** Runs `work` while no other mesh of this checkout can start. */
export async function locked(work) {
  takeLock();
  try {
    return await work();
  } finally {
    rmSync(LOCK, { force: true });
  }
}

function takeLock() {
  mkdirSync(FOLDER, { recursive: true });
  if (tookLock(LOCK)) return;
  const holder = holderOf(LOCK);
  throw new SetUpError(
    `A mesh of this checkout is already running (process ${holder}). Stop it with Ctrl-C there, or: kill ${holder}`,
  );
}

function deleteData() {
  const bridges = Array.from({ length: 8 }, (_unused, index) => `bridge-${index + 1}`);
  for (const name of [...DATA, ...bridges]) rmSync(join(FOLDER, name), { recursive: true, force: true });
}

/**
 * Starts the mesh, runs `use(mesh, stopping)`, and stops the mesh. `stopping` resolves at the first Ctrl-C; a Ctrl-C
 * during the start stops what has started, and `use` is not called.
 * @param {{ bridges: number, freeswitch?: string, fresh: boolean, inspect?: boolean }} options
 * @param {(mesh: object, stopping: Promise<'stop'>) => Promise<number>} use
 */
export async function withMesh({ bridges, freeswitch, fresh, inspect }, use) {
  if (fresh) deleteData();
  console.log(
    freeswitch === undefined
      ? paint(
          33,
          '! No FreeSWITCH: FREESWITCH is not set and none is on PATH. Each bridge runs a STAND-IN without SIP on ' +
            'the wire; place calls with: npm run call',
        )
      : `· FreeSWITCH: the real one, ${freeswitch}`,
  );
  const { startMesh } = await import(join(ROOT, 'libs/testkit/dist/mesh/mesh.process.js'));
  const { settleOrganization } = await import(join(ROOT, 'libs/testkit/dist/mesh/organization.http.js'));
  const stopping = stopSignal();
  // Neither the mesh's processes nor the wait for a signal keep this process alive.
  const alive = setInterval(() => undefined, 60_000);
  const start = async () => {
    const mesh = await startMesh({
      folder: FOLDER,
      root: ROOT,
      bridges,
      freeswitch,
      inspect,
      databaseUrl: process.env.DATABASE_URL || undefined,
      natsUrl: process.env.NATS_URL || undefined,
      onReady: (name, tookMs) => line(name, tookMs),
    });
    await settleOrganization(mesh).catch(async (error) => {
      await mesh.stop();
      throw error;
    });
    return mesh;
  };
  const starting = start().catch((error) => {
    throw new SetUpError(`The mesh did not start. ${error.message}`);
  });
  try {
    const mesh = await Promise.race([starting, stopping]);
    if (mesh !== 'stop') return await run(mesh, stopping, use);
    console.log('\n· stopping what has started');
    await starting.then(
      (started) => started.stop(),
      () => undefined,
    );
    return 0;
  } finally {
    clearInterval(alive);
  }
}

async function run(mesh, stopping, use) {
  for (const component of mesh.components)
    component.onUnexpectedExit((code) =>
      warn(`${component.name} ended with code ${code}; its log: ${component.logFile}`),
    );
  try {
    return await use(mesh, stopping);
  } finally {
    console.log('\n· stopping');
    await mesh.stop();
  }
}

export function sayUp(mesh) {
  console.log(
    `\nThe mesh is up: API ${mesh.file.api}, its documentation ${mesh.file.api}/docs, keys and ports in ` +
      `${mesh.fileName}, logs in ${join(FOLDER, 'logs')}.`,
  );
}

/** A Ctrl-C reaches this process twice: from the terminal, and from npm, which passes it on. */
const SAME_SIGNAL_MS = 1_000;

/**
 * Resolves with `stop` at the first Ctrl-C or SIGTERM. A second one ends this process at once, and with it everything
 * that it started.
 */
function stopSignal() {
  return new Promise((resolve) => {
    let askedAt;
    const ask = () => {
      if (askedAt !== undefined && performance.now() - askedAt > SAME_SIGNAL_MS) process.exit(130);
      askedAt ??= performance.now();
      resolve('stop');
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, ask);
  });
}
