import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createCallerFrames } from './caller-frames.js';
import { decodeMuLaw } from './g711.js';

/** Codes that survive the way through linear (0x7f is the second zero). */
const code = fc.integer({ min: 0, max: 255 }).map((value) => (value === 0x7f ? 0xff : value));
const l16 = (codes: readonly number[]) => {
  const linear = new Uint8Array(codes.length * 2);
  decodeMuLaw(Uint8Array.from(codes), linear, codes.length);
  return linear;
};

describe("the caller's frames", () => {
  it("are 20 ms each, every sample once and in order, whatever the datagrams' lengths", () => {
    fc.assert(
      fc.property(fc.array(fc.array(code, { minLength: 1, maxLength: 500 }), { maxLength: 10 }), (datagrams) => {
        const got: number[] = [];
        let frames = 0;
        const caller = createCallerFrames((frame) => {
          got.push(...frame);
          frames += 1;
        });
        for (const datagram of datagrams) expect(caller.push(l16(datagram))).toBe(true);
        const all = datagrams.flat();
        expect(frames).toBe(Math.floor(all.length / 160));
        expect(got).toEqual(all.slice(0, frames * 160));
      }),
    );
  });

  it('refuse what is no L16', () => {
    const caller = createCallerFrames(() => {
      throw new Error('no frame expected');
    });
    expect([0, 1, 321, 4_098].map((length) => caller.push(new Uint8Array(length)))).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });

  it('forget a beginning on request', () => {
    let frames = 0;
    const caller = createCallerFrames((frame) => {
      frames += 1;
      expect([...frame]).toEqual(Array.from({ length: 160 }, () => 5));
    });
    caller.push(l16(Array.from({ length: 80 }, () => 9)));
    caller.reset();
    caller.push(l16(Array.from({ length: 160 }, () => 5)));
    expect(frames).toBe(1);
  });
});
