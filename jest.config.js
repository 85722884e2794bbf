/**
 * One configuration for the whole tree. `TEST_SUITE=e2e` selects the whole-mesh tests, which take whole minutes and
 * run one at a time.
 */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const e2e = process.env.TEST_SUITE === 'e2e';
const isInstalled = (name) =>
  [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'].some((folder) => existsSync(join(folder, name)));
/** Tests on the wire need these beside a real FreeSWITCH. */
export const missingSipPrograms = ['kamailio', 'sipp', 'tshark'].filter((name) => !isInstalled(name));
const wire = Boolean(process.env.FREESWITCH) && missingSipPrograms.length === 0;

export default {
  runtime: '<rootDir>/scripts/jest/runtime.mjs',
  testEnvironment: '<rootDir>/scripts/jest/environment.mjs',
  transform: {},
  roots: e2e ? ['<rootDir>/e2e/src'] : ['<rootDir>/libs', '<rootDir>/apps', '<rootDir>/bench/src'],
  testMatch: e2e ? ['**/src/**/*.e2e.ts'] : ['**/src/**/*.spec.ts'],
  testPathIgnorePatterns: ['/node_modules/', ...(wire ? [] : ['/e2e/src/wire/'])],
  modulePathIgnorePatterns: ['<rootDir>/.*/dist/', '<rootDir>/.local/'],
  testTimeout: e2e ? 120_000 : 30_000,
  // Two at once keep two cores busy, beside the whole mesh, which mostly waits.
  maxWorkers: e2e ? 1 : 2,
};
