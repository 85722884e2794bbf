import { describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../../..');
/** Without git (a source archive) those that everybody starts from. */
const documents = (): string[] => {
  try {
    return execFileSync('git', ['ls-files', '*.md'], { cwd: ROOT, encoding: 'utf8' }).trim().split('\n');
  } catch {
    return ['README.md', 'CONTRIBUTING.md', 'docs/quick-start.md', 'docs/operations.md'];
  }
};
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

/** The anchors of a page, as GitHub makes them from its headings. */
const anchorsOf = (text: string): string[] =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );

function brokenLinks(file: string): string[] {
  const links = [...read(file).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, link]) => link!);
  return links.filter((link) => {
    const [path, anchor] = link.split('#') as [string, string | undefined];
    const target = path === '' ? file : join(dirname(file), path);
    if (!existsSync(join(ROOT, target))) return true;
    return anchor !== undefined && !anchorsOf(read(target)).includes(anchor);
  });
}

describe('the documents', () => {
  it('link to files and headings that exist', () => {
    expect(documents().flatMap((file) => brokenLinks(file).map((link) => `${file}: ${link}`))).toEqual([]);
  });

  it('begin with a README of at most 100 lines', () => {
    expect(read('README.md').trimEnd().split('\n').length).toBeLessThanOrEqual(100);
  });

  it('name only npm scripts that exist, in the root or in their own package', () => {
    const scriptsOf = (folder: string): string[] => {
      const file = join(ROOT, folder, 'package.json');
      if (!existsSync(file)) return [];
      return Object.keys((JSON.parse(readFileSync(file, 'utf8')) as { scripts?: object }).scripts ?? {});
    };
    const missing = documents().flatMap((file) => {
      const known = [...scriptsOf('.'), ...scriptsOf(dirname(file))];
      const named = [...read(file).matchAll(/npm run (?:--silent )?([a-z]+(?::[a-z]+)*)/g)].map(([, name]) => name!);
      return named.filter((name) => !known.includes(name)).map((name) => `${file}: ${name}`);
    });
    expect(missing).toEqual([]);
  });
});
