import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FRAME_MS, framesDue, startFrameClock, untilNextFrame } from './frame-clock.js';

describe('the frame clock', () => {
  it('gives one frame every 20 ms', () => {
    const clock = startFrameClock(1_000);
    expect([1_000, 1_019.9, 1_020, 1_039, 1_040].map((now) => framesDue(clock, now))).toEqual([0, 0, 1, 0, 1]);
    expect(clock).toMatchObject({ late: 0, skipped: 0 });
  });

  it(
    'does not drift: after an hour of ticks that are each up to 15 ms late, exactly the frames of an hour have ' +
      'gone out',
    () => {
      fc.assert(
        fc.property(
          fc.array(fc.double({ min: 0, max: 15, noNaN: true }), { minLength: 50, maxLength: 50 }),
          fc.double({ min: 0, max: 1e9, noNaN: true }),
          (lateness, start) => {
            const clock = startFrameClock(start);
            let frames = 0,
              most = 0;
            for (let now = start, tick = 0; now < start + 3_600_000 - 30; tick += 1) {
              now += untilNextFrame(clock, now) + lateness[tick % 50]!;
              const given = framesDue(clock, now);
              most = Math.max(most, given);
              frames += given;
            }
            frames += framesDue(clock, start + 3_600_000 + 0.001);
            expect(Math.abs(frames - 3_600_000 / FRAME_MS)).toBeLessThanOrEqual(1);
            expect([most, clock.skipped]).toEqual([1, 0]);
          },
        ),
        { numRuns: 5 },
      );
    },
  );

  it('catches a short stop up without a burst', () => {
    const clock = startFrameClock(0);
    expect([100, 120, 140, 160].map((now) => framesDue(clock, now))).toEqual([3, 3, 1, 1]);
    expect(clock).toMatchObject({ passed: 8, late: 5, skipped: 0 });
  });

  it('leaves out what is too old to catch up', () => {
    const clock = startFrameClock(0);
    const given = Array.from({ length: 14 }, (_, tick) => framesDue(clock, 1_000 + tick * 20));
    expect(given).toEqual([3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 1, 1]);
    expect(clock).toMatchObject({ skipped: 25, passed: 63 });
  });

  it('never gives more than three at once, and every frame in the end is given, or left out and said', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 2_000, noNaN: true }), { maxLength: 100 }), (pauses) => {
        const clock = startFrameClock(5);
        let now = 5,
          given = 0;
        const tick = () => {
          const frames = framesDue(clock, now);
          expect(frames).toBeLessThanOrEqual(3);
          given += frames;
          return frames;
        };
        for (const pause of pauses) {
          now += pause;
          tick();
        }
        // The remainder of a backlog, at the same moment.
        while (tick() > 0);
        expect(given + clock.skipped).toBe(Math.floor((now - 5) / FRAME_MS));
      }),
    );
  });

  it("wakes at the next frame's time, in the future always", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e7, noNaN: true }), (later) => {
        const clock = startFrameClock(0);
        const wait = untilNextFrame(clock, later);
        expect(wait).toBeGreaterThan(0);
        expect(wait).toBeLessThanOrEqual(FRAME_MS);
      }),
    );
    expect(untilNextFrame(startFrameClock(0), 50)).toBe(10);
  });
});
