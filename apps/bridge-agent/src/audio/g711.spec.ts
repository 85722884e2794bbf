import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  decodeALaw,
  decodeMuLaw,
  encodeALaw,
  encodeMuLaw,
  fromALaw,
  fromMuLaw,
  muLawAt,
  MU_LAW_SILENCE,
  toALaw,
  toMuLaw,
} from './g711.js';

/**
 * Decision values of the positive half: G.711 table 1a (A-law) and 2a (mu-law), column 3, from the interval widths in
 * column 2.
 */
function decisionValues(...segments: [intervals: number, width: number][]): number[] {
  const values = [0];
  for (const [intervals, width] of segments) for (let n = 0; n < intervals; n += 1) values.push(values.at(-1)! + width);
  return values;
}
const A_LAW = decisionValues([32, 2], [16, 4], [16, 8], [16, 16], [16, 32], [16, 64], [16, 128]);
const MU_LAW = decisionValues([1, 1], [15, 2], [16, 4], [16, 8], [16, 16], [16, 32], [16, 64], [16, 128], [16, 256]);

/**
 * Interval of a value in the standard's units. A value on a decision value belongs to the interval above it; below
 * zero that is the one nearer to zero.
 */
function intervalOf(decisions: number[], value: number): number {
  const within = value < 0 ? (n: number) => -value <= decisions[n + 1]! : (n: number) => value < decisions[n + 1]!;
  for (let n = 0; n < 128; n += 1) if (within(n)) return n;
  return 127;
}
const aLawByTheTable = (sample: number) => ((sample < 0 ? 0 : 0x80) | intervalOf(A_LAW, sample / 8)) ^ 0x55;
const muLawByTheTable = (sample: number) => (sample < 0 ? 0x7f : 0xff) - intervalOf(MU_LAW, sample / 4);
const everySample = Array.from({ length: 65_536 }, (_, index) => index - 32_768);
const everyCode = Array.from({ length: 256 }, (_, code) => code);

describe('G.711', () => {
  it('has the decision values that the standard ends with', () => {
    expect([A_LAW.length, A_LAW.at(-1), MU_LAW.length, MU_LAW.at(-1)]).toEqual([129, 4096, 129, 8159]);
  });

  it('brings each of the 65,536 samples to the mu-law code of the table', () => {
    expect(everySample.filter((sample) => toMuLaw(sample) !== muLawByTheTable(sample))).toEqual([]);
  });

  it('brings each of the 65,536 samples to the A-law code of the table', () => {
    expect(everySample.filter((sample) => toALaw(sample) !== aLawByTheTable(sample))).toEqual([]);
  });

  it('brings each of the 256 mu-law codes to the middle of its interval, the first to zero', () => {
    const value = (n: number) => (n === 0 ? 0 : (MU_LAW[n]! + MU_LAW[n + 1]!) / 2) * 4;
    expect(everyCode.map(fromMuLaw)).toEqual(
      everyCode.map((code) => (code & 0x80 ? value(0xff - code) : -value(0x7f - code) + 0)),
    );
  });

  it('brings each of the 256 A-law codes to the middle of its interval', () => {
    const value = (n: number) => ((A_LAW[n]! + A_LAW[n + 1]!) / 2) * 8;
    expect(everyCode.map(fromALaw)).toEqual(
      everyCode.map((code) => (code & 0x80 ? 1 : -1) * value((code ^ 0x55) & 0x7f)),
    );
  });

  it('keeps every code through linear and back, but for the second zero of mu-law', () => {
    expect(everyCode.filter((code) => toMuLaw(fromMuLaw(code)) !== code)).toEqual([0x7f]);
    expect(everyCode.filter((code) => toALaw(fromALaw(code)) !== code)).toEqual([]);
  });

  it('says no sound as zero', () => {
    expect([fromMuLaw(MU_LAW_SILENCE), toMuLaw(0)]).toEqual([0, MU_LAW_SILENCE]);
  });

  it('converts buffers as it converts samples, in place too, and touches nothing behind them', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -32_768, max: 32_767 }), { maxLength: 400 }), (values) => {
        const l16 = new Uint8Array(values.length * 2 + 2).fill(7);
        const view = new DataView(l16.buffer);
        values.forEach((value, index) => view.setInt16(2 * index, value, true));
        for (const [encode, decode, to, from] of [
          [encodeMuLaw, decodeMuLaw, toMuLaw, fromMuLaw],
          [encodeALaw, decodeALaw, toALaw, fromALaw],
        ] as const) {
          const codes = new Uint8Array(values.length + 1).fill(7);
          encode(l16, codes, values.length);
          expect([...codes]).toEqual([...values.map(to), 7]);
          const inPlace = l16.slice();
          encode(inPlace, inPlace, values.length);
          expect([...inPlace.subarray(0, values.length)]).toEqual(values.map(to));
          decode(inPlace, inPlace, values.length);
          const back = new DataView(inPlace.buffer);
          expect(values.map((_, index) => back.getInt16(2 * index, true))).toEqual(
            values.map((value) => from(to(value))),
          );
          expect([...inPlace.subarray(-2)]).toEqual([7, 7]);
        }
        expect(values.map((_, index) => muLawAt(l16, 2 * index))).toEqual(values.map(toMuLaw));
      }),
    );
  });
});
