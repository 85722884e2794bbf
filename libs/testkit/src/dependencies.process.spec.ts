import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

interface Entry {
  license?: string;
  dev?: boolean;
  link?: boolean;
  hasInstallScript?: boolean;
}
interface Dependencies {
  lockProblems(lock: { packages: Record<string, Entry> }, allowScripts: Record<string, boolean>): string[];
  readAudit(text: string): { advisories?: string[]; unanswered?: string };
}

const ROOT = resolve(import.meta.dirname, '../../..');
const { lockProblems, readAudit } = (await import(
  pathToFileURL(join(ROOT, 'scripts/dependencies.mjs')).href
)) as Dependencies;
const read = (name: string): unknown => JSON.parse(readFileSync(join(ROOT, name), 'utf8'));
const problemsOf = (entry: Entry, allowed = {}) =>
  lockProblems({ packages: { '': {}, 'node_modules/a': entry } }, allowed);

describe('the dependencies', () => {
  it('that are shipped have no install script, those of tools are listed, and every licence fits', () => {
    const { allowScripts } = read('package.json') as { allowScripts: Record<string, boolean> };
    const lock = read('package-lock.json') as { packages: Record<string, Entry> };
    expect(lockProblems(lock, allowScripts)).toEqual([]);
    expect(Object.values(allowScripts)).not.toContain(true);
    expect(lock.packages['node_modules/@scarf/scarf']).toEqual({ resolved: 'deploy/npm/scarf', link: true });
    expect(readFileSync(join(ROOT, '.npmrc'), 'utf8').split('\n')).toContain('ignore-scripts=true');
  });

  it.each<[string, Entry, Record<string, boolean>, RegExp | undefined]>([
    [
      'shipped, with an install script',
      { license: 'MIT', hasInstallScript: true },
      {},
      /is shipped and has an install script/,
    ],
    [
      'shipped, with an install script that is listed',
      { license: 'MIT', hasInstallScript: true },
      { a: true },
      /is shipped and has an install script/,
    ],
    ['a tool with an install script', { license: 'MIT', dev: true, hasInstallScript: true }, {}, /allowScripts/],
    [
      'a tool with an install script that is listed',
      { license: 'MIT', dev: true, hasInstallScript: true },
      { a: false },
      undefined,
    ],
    ['without a licence', {}, {}, /names no licence/],
    ['with a licence that does not fit', { license: 'AGPL-3.0-only' }, {}, /AGPL-3.0-only/],
    ['with a choice of licences', { license: '(AGPL-3.0-only OR MIT)' }, {}, undefined],
    ['with two licences at once', { license: 'MIT AND AGPL-3.0-only' }, {}, /AGPL-3.0-only/],
    ['shipped, with a licence that only tools may have', { license: 'CC-BY-4.0' }, {}, /CC-BY-4.0/],
    ['of the workspace', { link: true }, {}, undefined],
  ])('%s', (_what, entry, allowed, problem) => {
    expect(problemsOf(entry, allowed)).toEqual(problem === undefined ? [] : [expect.stringMatching(problem)]);
  });
});

describe('the report of npm audit', () => {
  it.each([
    ['', { unanswered: 'npm audit printed no report' }],
    ['{"message":"405 Method Not Allowed"}', { unanswered: '405 Method Not Allowed' }],
    ['{"error":{"code":"ENOAUDIT","summary":"no audit here"}}', { unanswered: 'no audit here' }],
    ['{"vulnerabilities":{}}', { advisories: [] }],
    ['{"vulnerabilities":{"a":{"name":"a","severity":"high","range":"<2"}}}', { advisories: ['a <2 (high)'] }],
  ])('%s', (text, read_) => expect(readAudit(text)).toEqual(read_));
});
