/**
 * The type checker of `npm run dev`, a process of its own because a check blocks it. One language service holds the
 * sources of all apps and libs, so that a check after an edit costs a fraction of a build. Messages in:
 * `{ id, files }`, out: `{ id, errors }`, one text an error; `id` 0 reports that it is ready. With `importers: true` it
 * checks the files that import `files`, one at a time, and stops when another message arrives.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import ts from 'typescript';
import { isForTests, readPackages, readSources } from './dev-changes.mjs';
import { ROOT } from './set-up.mjs';

const base = ts.readConfigFile(join(ROOT, 'tsconfig.base.json'), (name) => readFileSync(name, 'utf8')).config;
const { options } = ts.parseJsonConfigFileContent({ ...base, files: [] }, ts.sys, ROOT);
const packages = readPackages(ROOT);

/** Version and text of each file; the files of the workspace change, all others are read once. */
const versions = new Map();
const texts = new Map();
const names = new Set();

function refresh(files) {
  for (const file of files) {
    const name = join(ROOT, file);
    versions.set(name, (versions.get(name) ?? 0) + 1);
    texts.delete(name);
    if (ts.sys.fileExists(name)) names.add(name);
    else names.delete(name);
  }
}

const service = ts.createLanguageService(
  {
    getCompilationSettings: () => ({ ...options, composite: false, incremental: false, noEmit: true }),
    getScriptFileNames: () => [...names],
    getScriptVersion: (name) => String(versions.get(name) ?? 0),
    getScriptSnapshot: (name) => {
      if (!texts.has(name)) {
        const text = ts.sys.readFile(name);
        texts.set(name, text === undefined ? undefined : ts.ScriptSnapshot.fromString(text));
      }
      return texts.get(name);
    },
    getCurrentDirectory: () => ROOT,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: ts.sys.fileExists,
    readFile: ts.sys.readFile,
    readDirectory: ts.sys.readDirectory,
    directoryExists: ts.sys.directoryExists,
    getDirectories: ts.sys.getDirectories,
    realpath: ts.sys.realpath,
  },
  ts.createDocumentRegistry(),
);

const format = process.env.FORCE_COLOR ? ts.formatDiagnosticsWithColorAndContext : ts.formatDiagnostics;
const errorsIn = (name) =>
  ts.sys.fileExists(name)
    ? [...service.getSyntacticDiagnostics(name), ...service.getSemanticDiagnostics(name)].map((error) =>
        format([error], {
          getCurrentDirectory: () => ROOT,
          getCanonicalFileName: (each) => each,
          getNewLine: () => '\n',
        }),
      )
    : [];

let latest = 0;
process.on('message', async ({ id, files, importers }) => {
  latest = id;
  const named = files.map((file) => join(ROOT, file));
  if (!importers) {
    refresh(files);
    process.send({ id, errors: named.flatMap(errorsIn) });
    return;
  }
  const importing = new Set(named.flatMap((name) => service.getFileReferences(name).map((entry) => entry.fileName)));
  const errors = [];
  for (const name of importing) {
    await setImmediate();
    if (latest !== id) return;
    errors.push(...errorsIn(name));
  }
  process.send({ id, errors });
});

refresh([...readSources(ROOT, packages).keys()].filter((file) => !isForTests(file)));
for (const { folder } of packages) errorsIn(join(ROOT, folder, 'src/main.ts'));
process.send({ id: 0, errors: [] });
