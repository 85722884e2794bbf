/**
 * Jest loads `expect` and its runner into a context of their own, whose `String` and `Error` are not those of a test
 * that runs in Node itself: `expect.any(String)` would never match. This context is given Node's own.
 */
import { TestEnvironment } from 'jest-environment-node';

export default class NativeEnvironment extends TestEnvironment {
  constructor(...args) {
    super(...args);
    for (const name of Object.getOwnPropertyNames(globalThis))
      if (typeof globalThis[name] === 'function' && name in this.global) this.global[name] = globalThis[name];
  }
}
