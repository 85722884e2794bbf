import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startSupervised, type Supervised } from '@trunkmesh/testkit/supervised.process.js';

const SOURCES = join(fileURLToPath(import.meta.url), '../..');
const HOOKS = new URL('../../../../scripts/jest/hooks.mjs', import.meta.url).href;
const IMPORT = `data:text/javascript,import { register } from 'node:module'; register('${HOOKS}');`;

/** A program of billing-observer (`main.ts`, `commands/main.ts`) as a process of its own, from the sources. */
export const startProgram = (
  [program, ...args]: readonly [program: string, ...args: string[]],
  options: { env: Record<string, string>; logFile?: string },
): Promise<Supervised> =>
  startSupervised(process.execPath, ['--import', IMPORT, join(SOURCES, program), ...args], {
    env: { ...process.env, NODE_OPTIONS: '--no-warnings', ...options.env },
    ...(options.logFile === undefined ? {} : { logFile: options.logFile }),
  });
