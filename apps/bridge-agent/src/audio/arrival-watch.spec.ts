import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createArrivalWatch } from './arrival-watch.js';

describe("the arrival of the caller's frames", () => {
  it('is measured in steps of 20 ms, whatever the jitter', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(29), { minLength: 1, maxLength: 500 }), (jitter) => {
        const watch = createArrivalWatch();
        expect(jitter.map((late, index) => watch.arrived(1_000 + index * 20 + late))).toEqual(
          jitter.map((_, index) => index * 20),
        );
        expect([watch.late, watch.lost]).toEqual([0, 0]);
      }),
    );
  });

  it('knows a frame that comes late, and a burst behind a stop as no loss', () => {
    const watch = createArrivalWatch();
    for (let index = 0; index < 10; index += 1) watch.arrived(index * 20);
    let timestamp = 0;
    for (let index = 10; index < 200; index += 1) timestamp = watch.arrived(Math.max(index * 20, 1_000));
    expect([timestamp, watch.late, watch.lost]).toEqual([199 * 20, 1, 0]);
  });

  it('finds what never came, and puts the later frames at their time again', () => {
    const watch = createArrivalWatch();
    for (let index = 0; index < 100; index += 1) watch.arrived(index * 20);
    let timestamp = 0;
    for (let index = 150; index < 300; index += 1) timestamp = watch.arrived(index * 20);
    expect([timestamp, watch.late, watch.lost]).toEqual([299 * 20, 1, 50]);
  });
});
