/**
 * `npm run bench [-- NAME …]`: the set-up, then every benchmark or the named ones. Each figure is one line: `BENCH
 * name value unit ratio=R vs WHAT`.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { main, ROOT, setUp } from './set-up.mjs';

await main(async () => {
  await setUp((line) => console.log(`· ${line}`));
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(ROOT, 'bench/dist/main.js'), ...process.argv.slice(2)], {
      cwd: ROOT,
      stdio: 'inherit',
    });
    // Ctrl-C reaches the child as well; this process waits for it to stop what it started.
    process.on('SIGINT', () => undefined);
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
});
