import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { checkJson, parseJson, SLICE_BYTES, type JsonLimits } from './json-slices.js';

const bytesOf = (text: string) => new TextEncoder().encode(text);

function atOnce<Result>(steps: Generator<unknown, Result>): { result: Result; yields: number } {
  for (let yields = 0; ; yields += 1) {
    const step = steps.next();
    if (step.done === true) return { result: step.value, yields };
  }
}

/** The value, or that there is none. */
function attempt(read: () => unknown): unknown {
  try {
    return { value: read() };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return 'not JSON';
  }
}

const expectSame = (text: string) =>
  expect(attempt(() => atOnce(parseJson(bytesOf(text))).result)).toEqual(attempt(() => JSON.parse(text)));

describe('JSON that is parsed in slices', () => {
  const filler = JSON.stringify('ü"\\'.repeat(SLICE_BYTES / 3));
  const small = fc.jsonValue().map((value) => JSON.stringify(value));
  const large = fc.constantFrom(
    filler,
    `[${filler}]`,
    `{"a":[${filler},1],"__proto__":2}`,
    `[${'[],'.repeat(30_000)}0]`,
  );
  const value = fc.letrec<{ json: string }>((tie) => ({
    json: fc.oneof(
      { depthSize: 'small' },
      small,
      large,
      fc.array(tie('json'), { maxLength: 5 }).map((all) => `[ ${all.join(' ,\n')} ]`),
      fc
        .array(fc.tuple(fc.constantFrom('a', '__proto__', '1', 'b"\\', ''), tie('json')), { maxLength: 5 })
        .map((all) => `{ ${all.map(([name, each]) => `${JSON.stringify(name)} : ${each}`).join(', ')} }`),
    ),
  })).json;

  it('is what the parser makes of it', () => {
    fc.assert(
      fc.property(value, (text) => expectSame(text)),
      { numRuns: 40 },
    );
  }, 60_000);

  it('is refused exactly where the parser refuses', () => {
    const junk = fc.constantFrom(',', ']', '[', '}', '{', '"', ':', '\\', 'x', ' ', '');
    fc.assert(
      fc.property(value, junk, fc.nat(), fc.boolean(), (text, piece, place, ends) => {
        const at = ends ? text.length - (place % 3) : place % (text.length + 1);
        expectSame(text.slice(0, at) + piece + text.slice(at + (place % 2)));
      }),
      { numRuns: 120 },
    );
  }, 60_000);

  const big = (text: string) => `${filler},${text}`;
  it.each([
    `[${big('')}]`,
    `[,${big('1')}]`,
    `[${big(',1')}]`,
    `{"a":${big('')}}`,
    `{"a" ${filler}}`,
    `{"a":${filler}`,
    `[${filler}}`,
    `[${big('1]')}]`,
    `[${big('1]]')}`,
    `{a:${filler}}`,
    `{"a\\":${filler}}`,
  ])('%#: a large one with a fault is refused', (text) => {
    expect(attempt(() => JSON.parse(text))).toBe('not JSON');
    expectSame(text);
  });

  it.each([
    ['many small values', `[${'[],'.repeat(500_000)}0]`],
    ['fields', `{${Array.from({ length: 100_000 }, (_, n) => `"k${n}":{}`).join()}}`],
    ['one below the other', `{"a":{"b":{"c":[${'{},'.repeat(500_000)}0]}}}`],
  ])('%s: a yield for every slice', (_what, text) => {
    const bytes = bytesOf(text);
    // Scanned once a level, and parsed once.
    expect(atOnce(parseJson(bytes)).yields).toBeGreaterThanOrEqual(Math.floor(bytes.length / SLICE_BYTES));
    expect(atOnce(checkJson(bytes, { depth: 99, members: 1e9, values: 1e9 })).yields).toBeGreaterThanOrEqual(
      Math.floor(bytes.length / SLICE_BYTES) - 1,
    );
  });
});

describe('what a body may be made of', () => {
  const limits: JsonLimits = { depth: 3, members: 4, values: 10 };
  const check = (text: string) => atOnce(checkJson(bytesOf(text), limits)).result;

  it.each(['[1,2,3,4]', '{"a":[[1]],"b":",[[[["}', '[[],[],[]]', '"[[[[["', '1', 'not JSON'])('%s passes', (text) =>
    expect(() => check(text)).not.toThrow(),
  );
  it.each([
    ['[1,2,3,4,5]', 'payload-too-large'],
    ['{"a":1,"b":2,"c":3,"d":4,"e":5}', 'payload-too-large'],
    ['[[[[1]]]]', 'invalid-request'],
    ['[[1,2,3,4],[1,2,3,4]]', 'payload-too-large'],
    ['[{},{},{},{},{}', 'payload-too-large'],
  ])('%s is refused: %s', (text, code) => expect(() => check(text)).toThrow(expect.objectContaining({ code })));

  it('is found out before the rest is looked at', () => {
    const bytes = bytesOf(`[${'{},'.repeat(5_000_000)}{}]`);
    const steps = checkJson(bytes, { depth: 32, members: 1_000, values: 1e9 });
    expect(() => steps.next()).toThrow(expect.objectContaining({ code: 'payload-too-large' }));
  });
});
