/**
 * Runs each test file in Node itself. Jest's own runtime gives each file a context of its own and loads every module
 * into it again, which took 3 seconds of CPU for a file of trunk-service: most of the suite's time. Here a worker loads
 * a module once. What that costs: a file sees what another of the same worker left in a module or in `process`, and
 * `jest.mock` does nothing.
 */
import { register } from 'node:module';
import { pathToFileURL } from 'node:url';
import Runtime from 'jest-runtime';

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
      process.setSourceMapsEnabled(true);
      isRegistered = true;
    }
    return import(pathToFileURL(path).href);
  }
}
