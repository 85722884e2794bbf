/**
 * `npm run dev`: the mesh of `npm start` without the tour, and with watch. After an edit in apps/ or libs/, swc
 * compiles the changed files, the type checker checks them, and the processes that load them restart. An error is
 * shown, and nothing restarts until it is gone. Each service listens for a debugger (.vscode/launch.json).
 */
import { fork } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, watch, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { affected, difference, readPackages, readSources } from './dev-changes.mjs';
import { FOLDER, line, locked, readOptions, sayUp, warn, withMesh } from './mesh.mjs';
import { main, ROOT, setUp } from './set-up.mjs';
import { swcOptions } from './swc-options.mjs';

/** An editor's save is several events. */
const SETTLE_MS = 50;

await main(async () => {
  const options = readOptions('npm run dev -- [--bridges N] [--fresh]');
  await setUp((text) => console.log(`· ${text}`));
  return locked(async () => {
    const packages = readPackages(ROOT);
    const sources = readSources(ROOT, packages);
    const types = startTypes();
    try {
      return await withMesh({ ...options, inspect: true }, async (mesh, stopping) => {
        await Promise.race([types.ready, stopping]);
        sayUp(mesh);
        console.log('Watching apps/ and libs/: an edit restarts what loads the file. Ctrl-C stops everything.\n');
        await watchSources({ mesh, packages, sources, types }, stopping);
        return 0;
      });
    } finally {
      types.stop();
    }
  });
});

/** The type checker as a child: `check(files)` resolves with errors, `checkImporters(files)` with errors or never. */
function startTypes() {
  const child = fork(join(ROOT, 'scripts/dev-types.mjs'), {
    env: { ...process.env, FORCE_COLOR: process.stdout.isTTY && !process.env.NO_COLOR ? '1' : '' },
    // A Ctrl-C in the terminal ends this process first, which then ends the child.
    detached: true,
  });
  const waiting = new Map();
  const answer = (id) =>
    new Promise((resolve) => {
      waiting.set(id, resolve);
    });
  const ready = answer(0);
  let last = 0;
  const ask = (message) => {
    last += 1;
    child.send({ ...message, id: last });
    return answer(last);
  };
  child.on('message', ({ id, errors }) => {
    waiting.get(id)?.(errors);
    waiting.delete(id);
  });
  child.on('exit', (code) => {
    if (code !== null) warn(`the type checker ended with code ${code}; edits are not checked any more`);
    for (const resolve of waiting.values()) resolve([]);
  });
  return {
    ready,
    check: (files) => (child.connected ? ask({ files }) : []),
    checkImporters: (files) => (child.connected ? ask({ files, importers: true }) : []),
    stop: () => child.kill('SIGKILL'),
  };
}

/** Rounds one after the other; what changes during a round is the next round's. */
async function watchSources(context, stopping) {
  const { packages } = context;
  let wake;
  const woken = () =>
    new Promise((resolve) => {
      wake = resolve;
    });
  let next = woken();
  const watchers = packages.map(({ folder }) =>
    watch(join(ROOT, folder, 'src'), { recursive: true }, () => wake()).on('error', (error) => warn(error.message)),
  );
  try {
    const pending = new Set();
    while ((await Promise.race([next, stopping])) !== 'stop') {
      await setTimeout(SETTLE_MS);
      next = woken();
      const now = readSources(ROOT, packages);
      const changed = difference(context.sources, now);
      context.sources = now;
      for (const file of changed) pending.add(file);
      // The round ends with the stop, so that Ctrl-C does not wait for a service that does not start.
      if (changed.length > 0) await Promise.race([round(context, pending), stopping]);
    }
  } finally {
    for (const watcher of watchers) watcher.close();
  }
}

/** Compiles, checks and restarts; `pending` is emptied when all of it compiled. */
async function round({ mesh, packages, sources, types }, pending) {
  const files = [...pending];
  const savedAt = Math.max(...files.map((file) => sources.get(file) ?? Date.now()));
  const [outputs, errors] = await Promise.all([compile(files), types.check(files)]);
  const failed = outputs.filter(({ error }) => error !== undefined);
  if (failed.length > 0 || errors.length > 0) {
    for (const text of errors.length > 0 ? errors : failed.map(({ error }) => error)) console.error(text.trimEnd());
    warn(`${files.join(', ')} does not compile: nothing was restarted\n`);
    return;
  }
  pending.clear();
  for (const { file, code } of outputs) write(packages, file, code);
  const restarting = componentsOf(mesh, affected(packages, files));
  await Promise.all(restarting.map((component) => restart(component, savedAt)));
  void types.checkImporters(files).then((others) => {
    for (const text of others) console.error(text.trimEnd());
    if (others.length > 0) warn(`files that import ${files.join(', ')} do not compile any more\n`);
  });
}

async function restart(component, savedAt) {
  try {
    await component.stop();
    await component.start();
    line(`${component.name} runs the edit`, Date.now() - savedAt);
  } catch (error) {
    warn(`${error.message}\n`);
  }
}

function componentsOf(mesh, parts) {
  const services = {
    'apps/trunk-service': [mesh.trunkService],
    'apps/routing-service': [mesh.routingService],
    'apps/billing-observer': [mesh.billingObserver],
    'apps/bridge-agent': mesh.bridges.map(({ agent }) => agent),
    'stand-in': mesh.bridges
      .filter(({ bridge }) => bridge.freeswitch === 'stand-in')
      .map(({ freeswitch }) => freeswitch),
  };
  return parts.flatMap((part) => services[part]);
}

function outputOf(file) {
  return join(ROOT, file.replace('/src/', '/dist/').replace(/\.ts$/, '.js'));
}

/** `code` is undefined for a file that was removed. */
async function compile(files) {
  const { transformFile } = await import('@swc/core');
  return Promise.all(
    files.map(async (file) => {
      if (!existsSync(join(ROOT, file))) return { file };
      const sourceFileName = relative(dirname(outputOf(file)), join(ROOT, file));
      return transformFile(join(ROOT, file), { ...swcOptions, sourceFileName }).then(
        ({ code }) => ({ file, code }),
        (error) => ({ file, error: error.message }),
      );
    }),
  );
}

/**
 * The package's build state goes with the first write: it describes what tsc wrote, and with it the next build would
 * take this file for its own even after the edit was taken back.
 */
function write(packages, file, code) {
  const { folder } = packages.find((each) => file.startsWith(`${each.folder}/`));
  rmSync(join(ROOT, folder, 'dist/.tsbuildinfo'), { force: true });
  rmSync(join(FOLDER, 'built'), { force: true });
  const output = outputOf(file);
  if (code === undefined) return rmSync(output, { force: true });
  mkdirSync(dirname(output), { recursive: true });
  writeFileSync(output, code);
}
