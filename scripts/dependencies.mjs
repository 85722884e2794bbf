/**
 * `node scripts/dependencies.mjs` checks what may be installed: package-lock.json (install scripts, licences) and asks
 * the registry for known advisories. No install script is run (`ignore-scripts` in .npmrc); `allowScripts` in
 * package.json lists, as denied, the packages that have one and do their work without it.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Licences that go with Apache-2.0. */
const SHIPPED = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'ISC',
  'MIT',
  'MIT-0',
  // Of fonts: they may be bundled with any software.
  'OFL-1.1',
  'Python-2.0',
  'Unlicense',
]);
/** Of tools, which are not shipped, also these. */
const TOOLS = new Set([...SHIPPED, 'CC-BY-4.0', 'CC0-1.0', 'MPL-2.0', 'PSF-2.0']);
/** Packages whose licence npm leaves out of the lock: in the old form in package.json, or in the LICENSE file alone. */
const OLD_FORM = { busboy: 'MIT', 'png-js': 'MIT', streamsearch: 'MIT' };

const nameOf = (path) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

/** Is one side of each OR, and both of each AND, allowed? */
function isAllowed(expression, allowed) {
  const sides = (text, operator) => text.replace(/^\((.*)\)$/, '$1').split(` ${operator} `);
  return sides(expression, 'OR').some((side) => sides(side, 'AND').every((licence) => allowed.has(licence)));
}

/** What is wrong with a lock, one sentence each. */
export function lockProblems(lock, allowScripts) {
  return Object.entries(lock.packages)
    .filter(([path, { link }]) => path.includes('node_modules/') && !link)
    .flatMap(([path, entry]) => {
      const name = nameOf(path);
      const isTool = entry.dev || entry.devOptional;
      const licence = typeof entry.license === 'string' ? entry.license : OLD_FORM[name];
      const problems = [];
      if (entry.hasInstallScript && !isTool)
        problems.push(`${path} is shipped and has an install script: replace it, or the package that needs it`);
      else if (entry.hasInstallScript && allowScripts[name] === undefined)
        problems.push(
          `${path} has an install script: see that it works without, then list it in allowScripts of package.json`,
        );
      if (licence === undefined) problems.push(`${path} names no licence`);
      else if (!isAllowed(licence, isTool ? TOOLS : SHIPPED))
        problems.push(`${path} has the licence ${licence}, which is not among the allowed ones`);
      return problems;
    });
}

/** What `npm audit --json` printed: the advisories, or why there is no answer. */
export function readAudit(text) {
  let report;
  try {
    report = JSON.parse(text);
  } catch {
    return { unanswered: 'npm audit printed no report' };
  }
  if (report.vulnerabilities === undefined)
    return { unanswered: String(report.message ?? report.error?.summary ?? 'the registry gave no report') };
  return {
    advisories: Object.values(report.vulnerabilities).map(
      ({ name, severity, range }) => `${name} ${range} (${severity})`,
    ),
  };
}

const audit = (...args) =>
  new Promise((resolve) => {
    execFile(
      'npm',
      ['audit', '--json', ...args],
      { cwd: ROOT, maxBuffer: 64 << 20, timeout: 120_000 },
      (_error, stdout) => resolve(readAudit(stdout)),
    );
  });

async function main() {
  const read = (name) => JSON.parse(readFileSync(join(ROOT, name), 'utf8'));
  const problems = lockProblems(read('package-lock.json'), read('package.json').allowScripts ?? {});
  for (const problem of problems) console.error(`✗ ${problem}`);
  if (problems.length === 0) console.log('✓ install scripts and licences');
  const [shipped, all] = [await audit('--omit=dev'), await audit()];
  if (shipped.unanswered !== undefined) {
    console.log(`! Known advisories were NOT checked, because the registry did not answer: ${shipped.unanswered}`);
    return problems.length;
  }
  for (const advisory of shipped.advisories) console.error(`✗ shipped, with a known advisory: ${advisory}`);
  const tools = (all.advisories ?? []).filter((advisory) => !shipped.advisories.includes(advisory));
  for (const advisory of tools) console.log(`! a tool, not shipped, with a known advisory: ${advisory}`);
  if (shipped.advisories.length === 0) console.log('✓ nothing shipped has a known advisory');
  return problems.length + shipped.advisories.length;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = (await main()) === 0 ? 0 : 1;
