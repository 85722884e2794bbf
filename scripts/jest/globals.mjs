/**
 * What test files import from `@jest/globals`. A worker loads it once, so each use asks for the functions of the test
 * file that runs now.
 */
const CURRENT = Symbol.for('jest globals of the current test file');

const current = (name) =>
  new Proxy(() => {}, {
    apply: (_target, _self, args) => globalThis[CURRENT][name](...args),
    get: (_target, property) => globalThis[CURRENT][name][property],
  });

export const afterAll = current('afterAll');
export const afterEach = current('afterEach');
export const beforeAll = current('beforeAll');
export const beforeEach = current('beforeEach');
export const describe = current('describe');
export const expect = current('expect');
export const it = current('it');
export const test = current('test');
export const jest = current('jest');
