/**
 * `npm test`: the set-up, then every test: unit and integration tests against real servers, beside them the whole mesh.
 * Arguments go to jest and leave the whole-mesh tests out (`npm test -- libs/routing`); `npm test -- --e2e` runs those
 * alone. The last line is `N passed, N failed`, whatever fails: a server that cannot be started is reported once with
 * its cause, and a suite that does not end by itself is ended.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { missingSipPrograms } from '../jest.config.js';
import { main, ROOT, setUp } from './set-up.mjs';
import { makeTestFolder, removeTestFolder } from './test-folder.mjs';

const JEST = [
  '--no-warnings=ExperimentalWarning',
  join(ROOT, 'node_modules/jest/bin/jest.js'),
  // How long each file took is kept here, because the slowest begin; Jest's default is in the temporary folder.
  `--cacheDirectory=${join(ROOT, 'node_modules/.cache/jest')}`,
];

/** In the folder of the run, beside the results and the causes of failed servers. */
const TEMPLATE = 'postgres';
const TEMPORARY = 'tmp';

/** How long jest may take to end once its results are written. */
const END_MS = 5_000;

await main(async () => {
  const given = process.argv.slice(2);
  await setUp((line) => console.log(`· ${line}`), { forTests: true });
  const freeswitch = process.env.FREESWITCH;
  console.log(
    freeswitch
      ? `· whole-mesh tests run against the real FreeSWITCH at ${freeswitch}`
      : '· FREESWITCH is not set: whole-mesh tests run against the stand-in, not a real FreeSWITCH',
  );
  if (freeswitch && missingSipPrograms.length > 0)
    console.log(`· without the tests on the wire, which also need ${missingSipPrograms.join(', ')}`);

  const folder = makeTestFolder();
  process.env.TMPDIR = join(folder, TEMPORARY);
  mkdirSync(process.env.TMPDIR);
  try {
    const results = [];
    const whole = given.length === 0;
    // A selection may need no server.
    if (whole || given.includes('--e2e')) results.push(await checkServers());
    if (whole && results.every(({ ok }) => ok)) process.env.POSTGRES_TEMPLATE = await template(folder);
    if (results.every(({ ok }) => ok)) {
      const forJest = given.filter((argument) => argument !== '--e2e');
      const suites = whole ? ['unit', 'e2e'] : [given.includes('--e2e') ? 'e2e' : 'unit'];
      // The whole mesh mostly waits: beside it the unit tests have the cores nearly to themselves.
      results.push(...(await Promise.all(suites.map((suite) => jest(suite, forJest, folder)))));
    }
    const causes = readdirSync(folder).filter((name) => ![TEMPLATE, TEMPORARY].includes(name) && !/json$/.test(name));
    for (const name of causes) console.error(`\n${readFileSync(join(folder, name), 'utf8')}`);
    const passed = results.reduce((sum, result) => sum + result.passed, 0);
    const failed = results.reduce((sum, result) => sum + result.failed, 0);
    console.log(`\n${passed} passed, ${failed} failed`);
    return failed === 0 && passed > 0 && results.every(({ ok }) => ok) ? 0 : 1;
  } finally {
    removeTestFolder(folder);
  }
});

/**
 * Hundreds of tests need the two servers: where one cannot be started its cause is reported once, and no test is run.
 */
async function checkServers() {
  const { startServers } = await import(join(ROOT, 'libs/testkit/dist/servers.process.js'));
  try {
    await (await startServers()).stop();
    return { ok: true, passed: 0, failed: 0 };
  } catch (error) {
    console.error(
      `\n${error.message}\nMost tests need it, so none was run. Tests that need no server: npm test -- libs/routing`,
    );
    return { ok: false, passed: 0, failed: 1 };
  }
}

/** A hundred files start a PostgreSQL of their own. */
async function template(folder) {
  const { makeTemplate } = await import(join(ROOT, 'libs/testkit/dist/postgres.process.js'));
  const home = join(folder, TEMPLATE);
  await makeTemplate(home);
  return home;
}

/**
 * A suite that could not even be loaded, or failed outside its tests (an error that nobody caught), counts as one
 * failed test, and so does a run that had to be ended: it must not vanish from the sum.
 */
async function jest(suite, args, folder) {
  const output = join(folder, `${suite}.json`);
  const code = await new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...JEST, '--json', `--outputFile=${output}`, ...args], {
      cwd: ROOT,
      // --json sends the result to standard output as well, where it is of no use to a reader; the report itself goes
      // to standard error, a file at a time, so that two suites can share it.
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...colours(), ...process.env, TEST_SUITE: suite, SERVER_FAILURES: folder },
    });
    child.stderr.pipe(process.stderr, { end: false });
    // The folder of the run is removed also where `timeout` or a CI ends it.
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => child.kill(signal));
    const watch = endOnce(() => existsSync(output), child);
    child.once('error', reject);
    child.once('close', (ended, signal) => {
      clearInterval(watch);
      resolve(signal ?? ended);
    });
  });
  try {
    const result = JSON.parse(readFileSync(output, 'utf8'));
    const outside = result.testResults.filter(
      ({ status, assertionResults }) => status === 'failed' && assertionResults.every((one) => one.status !== 'failed'),
    ).length;
    // A selection by name passes over the rest; in a whole run nothing may be passed over.
    const other = args.length > 0 ? 0 : result.numPendingTests + result.numTodoTests;
    if (other > 0) console.error(`${other} tests were skipped; there must be none`);
    const unended = code === 'SIGKILL' ? 1 : 0;
    return {
      ok: code === 0 && other === 0,
      passed: result.numPassedTests,
      failed: result.numFailedTests + outside + other + unended,
    };
  } catch {
    console.error(`the ${suite} tests ended with ${code} and left no result`);
    return { ok: false, passed: 0, failed: 1 };
  }
}

/** Jest has no terminal of its own. */
function colours() {
  return process.stderr.isTTY ? { FORCE_COLOR: '1' } : {};
}

/** Jest waits for handles that a test left open, for ever if they stay open. */
function endOnce(isDone, child) {
  let doneAt;
  return setInterval(() => {
    if (!isDone()) return;
    doneAt ??= Date.now();
    if (Date.now() - doneAt < END_MS || child.killed) return;
    console.error(
      `jest did not end within ${END_MS / 1000} s after its last test, because a test left something open; it ` +
        'was ended',
    );
    child.kill('SIGKILL');
  }, 500);
}
