/**
 * `npm start`: the set-up, then the whole mesh under `.local/` on free ports of the loopback, a short tour of the main
 * job, and it stays up until Ctrl-C.
 *   --bridges N   how many bridges (1 to 8; 1)
 *   --no-tour     without the tour
 *   --fresh       forgets the data of the last start
 * FREESWITCH names a FreeSWITCH binary; DATABASE_URL and NATS_URL name servers to use in place of private ones.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { main, ROOT, SetUpError, setUp } from './set-up.mjs';

const FOLDER = join(ROOT, '.local');
const LOCK = join(FOLDER, 'pid');
/** What the mesh keeps; `built` and others of the set-up's own stay. */
const DATA = ['nats', 'postgres', 'logs', 'settings.json', 'mesh.json'];

const colour = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code, text) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text);
const line = (text, tookMs) =>
  console.log(`${paint(32, '✓')} ${text}${tookMs === undefined ? '' : paint(2, `  ${duration(tookMs)}`)}`);
const duration = (ms) => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);

await main(async () => {
  const options = readOptions();
  await setUp((text) => console.log(`· ${text}`));
  takeLock();
  try {
    return await runMesh(options);
  } finally {
    rmSync(LOCK, { force: true });
  }
});

function readOptions() {
  let values;
  try {
    ({ values } = parseArgs({
      options: {
        bridges: { type: 'string', default: '1' },
        tour: { type: 'boolean', default: true },
        fresh: { type: 'boolean', default: false },
      },
      allowNegative: true,
    }));
  } catch (error) {
    throw new SetUpError(`${error.message}\nnpm start -- [--bridges N] [--no-tour] [--fresh]`);
  }
  const bridges = Number(values.bridges);
  if (!Number.isInteger(bridges) || bridges < 1 || bridges > 8)
    throw new SetUpError('--bridges takes a whole number from 1 to 8');
  const freeswitch = process.env.FREESWITCH || findFreeswitch();
  if (freeswitch !== undefined && !existsSync(freeswitch))
    throw new SetUpError(`FREESWITCH names ${freeswitch}, which is not there`);
  return { ...values, bridges, freeswitch };
}

function findFreeswitch() {
  const folder = (process.env.PATH ?? '')
    .split(delimiter)
    .find((path) => path !== '' && existsSync(join(path, 'freeswitch')));
  return folder === undefined ? undefined : join(folder, 'freeswitch');
}

/** One mesh a checkout. The lock of a run that was killed is recognised by its process being gone. */
function takeLock() {
  mkdirSync(FOLDER, { recursive: true });
  for (;;) {
    try {
      writeFileSync(LOCK, String(process.pid), { flag: 'wx' });
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = Number(readFileSync(LOCK, 'utf8'));
    if (isRunning(holder))
      throw new SetUpError(
        `A mesh of this checkout runs already (process ${holder}). Stop it with Ctrl-C there, or: kill ${holder}`,
      );
    rmSync(LOCK, { force: true });
  }
}

function isRunning(pid) {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function forget() {
  const bridges = Array.from({ length: 8 }, (_unused, index) => `bridge-${index + 1}`);
  for (const name of [...DATA, ...bridges]) rmSync(join(FOLDER, name), { recursive: true, force: true });
}

async function runMesh({ bridges, freeswitch, tour, fresh }) {
  if (fresh) forget();
  console.log(
    freeswitch === undefined
      ? paint(
          33,
          '! No FreeSWITCH: FREESWITCH names no binary and none is on PATH. Each bridge runs a STAND-IN: no SIP ' +
            'on a wire, calls are injected.',
        )
      : `· FreeSWITCH: the real one, ${freeswitch}`,
  );

  const { startMesh } = await import(join(ROOT, 'libs/testkit/dist/mesh/mesh.process.js'));
  const stopping = stopSignal();
  // The mesh's processes do not keep this one alive, and waiting for a signal does not either.
  const alive = setInterval(() => undefined, 60_000);
  try {
    return await run({ startMesh, stopping, bridges, freeswitch, tour });
  } finally {
    clearInterval(alive);
  }
}

async function run({ startMesh, stopping, bridges, freeswitch, tour }) {
  const starting = startMesh({
    folder: FOLDER,
    root: ROOT,
    bridges,
    freeswitch,
    databaseUrl: process.env.DATABASE_URL || undefined,
    natsUrl: process.env.NATS_URL || undefined,
    onReady: (name, tookMs) => line(name, tookMs),
  }).catch((error) => {
    throw new SetUpError(`The mesh did not start. ${error.message}`);
  });
  const mesh = await Promise.race([starting, stopping]);
  if (mesh === 'stop') {
    console.log('\n· stopping what has started');
    await starting.then(
      (started) => started.stop(),
      () => undefined,
    );
    return 0;
  }
  for (const component of mesh.components) {
    component.onUnexpectedExit((code) =>
      console.error(paint(31, `✗ ${component.name} ended with code ${code}; its log: ${component.logFile}`)),
    );
  }
  let code = 0;
  try {
    if (tour) code = await Promise.race([walk(mesh), stopping.then(() => 0)]);
    console.log(
      `\nThe mesh is up: API ${mesh.file.api}, API description ${mesh.file.api}/api/openapi.json, keys and ` +
        `ports in ${mesh.fileName}, logs in ${join(FOLDER, 'logs')}.`,
    );
    console.log('Ctrl-C stops it.');
    await stopping;
  } finally {
    console.log('\n· stopping');
    await mesh.stop();
  }
  return code;
}

/** A tour that fails leaves the mesh up: there is something to look at. */
async function walk(mesh) {
  const { runTour } = await import(join(ROOT, 'libs/testkit/dist/mesh/tour.http.js'));
  console.log('\nA tour of the main job:');
  try {
    await runTour(mesh, ({ title, tookMs, detail }) => line(`${title}: ${paint(36, detail)}`, tookMs));
    return 0;
  } catch (error) {
    console.error(paint(31, `✗ ${error.message}`));
    return 1;
  }
}

/** A Ctrl-C reaches this process twice: from the terminal, and from npm, which passes it on. */
const SAME_SIGNAL_MS = 1_000;

/**
 *  Resolves with `stop` at the first Ctrl-C or SIGTERM. A second one ends this process at once, and with it everything
 *  that it started.
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
