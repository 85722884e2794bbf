/** Which source files changed since the last look, and which processes of the mesh have to restart for them. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/**
 * @typedef {{ name: string, folder: string, dependencies: string[] }} Package `folder` is relative to the root:
 *   `apps/trunk-service`; `dependencies` are names of other packages of the workspace.
 */

/** The apps and libs of the workspace that run in Node. @returns {Package[]} */
export function readPackages(root) {
  const folders = ['libs', 'apps'].flatMap((kind) => readdirSync(join(root, kind)).map((name) => `${kind}/${name}`));
  const manifests = folders
    .filter((folder) => folder !== 'apps/dashboard')
    .map((folder) => ({
      folder,
      ...JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')),
    }));
  const names = new Set(manifests.map(({ name }) => name));
  return manifests.map(({ folder, name, dependencies = {} }) => ({
    name,
    folder,
    dependencies: Object.keys(dependencies).filter((each) => names.has(each)),
  }));
}

/** Files that no running process loads. */
export const isForTests = (file) => /\.(spec|fixture|samples)\.ts$/.test(file);

/** The FreeSWITCH stand-in is the one part of the testkit that runs as a process of the mesh. */
const STAND_IN = 'libs/testkit/src/freeswitch/';

/**
 * The folders of the apps that load one of the files, directly or through libs; `stand-in` for the FreeSWITCH
 * stand-in.
 * @param {Package[]} packages
 * @param {string[]} files relative to the root
 */
export function affected(packages, files) {
  const relevant = files.filter((file) => !isForTests(file));
  const changed = packages.filter(({ folder }) => relevant.some((file) => file.startsWith(`${folder}/src/`)));
  const names = new Set(changed.map(({ name }) => name));
  for (let before = -1; before !== names.size;) {
    before = names.size;
    for (const { name, dependencies } of packages) if (dependencies.some((each) => names.has(each))) names.add(name);
  }
  const apps = packages.filter(({ folder, name }) => folder.startsWith('apps/') && names.has(name));
  return [
    ...apps.map(({ folder }) => folder),
    ...(relevant.some((file) => file.startsWith(STAND_IN)) ? ['stand-in'] : []),
  ];
}

/** Every source file with its time of change, by its path relative to the root. */
export function readSources(root, packages) {
  const found = new Map();
  const walk = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (entry.name.endsWith('.ts')) found.set(relative(root, path).split(sep).join('/'), statSync(path).mtimeMs);
    }
  };
  for (const { folder } of packages) walk(join(root, folder, 'src'));
  return found;
}

/** The files that are new, changed or removed. */
export const difference = (before, after) => [
  ...[...after].filter(([file, time]) => before.get(file) !== time).map(([file]) => file),
  ...[...before.keys()].filter((file) => !after.has(file)),
];
