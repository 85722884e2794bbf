import { expect, it } from '@jest/globals';
import { nameKey } from './name-key.js';

it.each([
  ['Carrier ', 'carrier'],
  ['ＣＡＲＲＩＥＲ', 'carrier'],
  ['ACME ', 'acme'],
  ['Ａcme', 'acme'],
  ['Zoe\u0308', 'zo\u00eb'],
])('the name %j counts as %j', (name, key) => expect(nameKey(name)).toBe(key));
