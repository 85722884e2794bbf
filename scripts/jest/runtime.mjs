/**
 * Runs each test file in Node itself. Jest's own runtime gives each file a context of its own and loads every module
 * into it again, which took 3 seconds of CPU for a file of trunk-service: most of the suite's time. Here a worker loads
 * a module once. What that costs: a file sees what another of the same worker left in a module or in `process`, and
 * `jest.mock` does nothing.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { register } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { transformSync } from '@swc/core';
import Runtime from 'jest-runtime';
import { swcOptions } from '../swc-options.mjs';

/** Where `globals.mjs` finds the functions of the file that runs now. */
const CURRENT = Symbol.for('jest globals of the current test file');

let isRegistered = false;

export default class NativeRuntime extends Runtime {
  setGlobalsForRuntime(globals) {
    super.setGlobalsForRuntime(globals);
    globalThis[CURRENT] = { ...globals, jest: this.jestGlobals.jestObjectFor(this._testPath) };
  }

  unstable_shouldLoadAsEsm() {
    return true;
  }

  async unstable_importModule(path) {
    if (!isRegistered) {
      register('./hooks.mjs', import.meta.url);
      isRegistered = true;
    }
    return import(pathToFileURL(path).href);
  }

  /** Jest asks for them when it shows a stack trace, so that a source is compiled once more only then. */
  getSourceMaps() {
    const folder = join(this._config.cacheDirectory, 'source-maps');
    return { get: (url) => sourceMapOf(url, folder), [Symbol.iterator]: () => [].values() };
  }
}

/** By the URL of a source: Jest asks for each line of each stack trace. */
const sourceMaps = new Map();

/** The file with the map of a source; undefined where Node runs the file as it is. */
function sourceMapOf(url, folder) {
  if (!/^file:.*\.ts$/.test(url)) return undefined;
  if (!sourceMaps.has(url)) sourceMaps.set(url, writeSourceMap(fileURLToPath(url), folder));
  return sourceMaps.get(url);
}

function writeSourceMap(path, folder) {
  if (!existsSync(path)) return undefined;
  const text = readFileSync(path, 'utf8');
  const file = join(folder, `${createHash('sha256').update(path).update(text).digest('hex')}.json`);
  if (!existsSync(file)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, transformSync(text, { ...swcOptions, sourceMaps: true, filename: path }).map);
  }
  return file;
}
