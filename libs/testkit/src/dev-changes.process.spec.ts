import { describe, expect, it } from '@jest/globals';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

interface Package {
  name: string;
  folder: string;
  dependencies: string[];
}
interface DevChanges {
  readPackages(root: string): Package[];
  readSources(root: string, packages: Package[]): Map<string, number>;
  affected(packages: Package[], files: string[]): string[];
  difference(before: Map<string, number>, after: Map<string, number>): string[];
}

const ROOT = resolve(import.meta.dirname, '../../..');
const { affected, difference, readPackages, readSources } = (await import(
  pathToFileURL(join(ROOT, 'scripts/dev-changes.mjs')).href
)) as DevChanges;
const packages = readPackages(ROOT);

describe('what restarts after an edit', () => {
  it.each<[string, string[]]>([
    ['apps/trunk-service/src/app.module.ts', ['apps/trunk-service']],
    ['apps/bridge-agent/src/config.ts', ['apps/bridge-agent']],
    [
      'libs/routing/src/summary.ts',
      ['apps/billing-observer', 'apps/bridge-agent', 'apps/routing-service', 'apps/trunk-service'],
    ],
    [
      'libs/contracts/src/trunk.ts',
      ['apps/billing-observer', 'apps/bridge-agent', 'apps/routing-service', 'apps/trunk-service'],
    ],
    ['libs/testkit/src/freeswitch/invite.ts', ['stand-in']],
    ['libs/testkit/src/mesh/tour.http.ts', []],
    ['apps/trunk-service/src/trunk/trunk.spec.ts', []],
    ['e2e/src/calls.e2e.ts', []],
  ])('%s: %j', (file, parts) => {
    expect(affected(packages, [file]).sort()).toEqual(parts);
  });

  it('finds this file among the sources, and what was changed, added or removed since the last look', () => {
    expect(readSources(ROOT, packages).has('libs/testkit/src/dev-changes.process.spec.ts')).toBe(true);
    const before = new Map([
      ['a', 1],
      ['b', 1],
      ['c', 1],
    ]);
    const after = new Map([
      ['a', 1],
      ['b', 2],
      ['d', 1],
    ]);
    expect(difference(before, after)).toEqual(['b', 'd', 'c']);
  });
});
