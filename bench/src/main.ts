import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Runs the measurements of this folder: every `*.bench.js` beside this file exports `run(print)`. Arguments select by
 * the beginning of the name (`npm run bench -- lookups`). Each line is `BENCH name value unit ratio=R vs WHAT`; one
 * that fails is said and the others still run.
 */
interface Bench {
  run(print: (line: string) => void): Promise<void>;
}

const folder = dirname(fileURLToPath(import.meta.url));
const wanted = process.argv.slice(2);
const names = (await readdir(folder))
  .filter((name) => name.endsWith('.bench.js'))
  .sort()
  .filter((name) => wanted.length === 0 || wanted.some((start) => name.startsWith(start)));
if (names.length === 0) throw new Error(`no measurement begins with ${wanted.join(' or ')}`);

let failed = 0;
for (const name of names) {
  console.log(`# ${name.replace('.bench.js', '')}`);
  try {
    const bench = (await import(join(folder, name))) as Bench;
    await bench.run((line) => console.log(line));
  } catch (error) {
    failed += 1;
    console.error(`# ${name} failed:`, error);
  }
}
process.exit(failed === 0 ? 0 : 1);
