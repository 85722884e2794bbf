import { describe, expect, it } from '@jest/globals';
import { QUALITY_INTERVALS, qualityCourse } from '@trunkmesh/contracts/call-parts.js';
import fc from 'fast-check';
import { QualityReadings, type QualityReading } from './quality-course.js';

const reading = (packetsIn: number, flaws = 0, gaps = 0): QualityReading => ({ rtp: { packetsIn, flaws }, gaps });
const sum = (values: readonly (number | null)[]) => values.reduce<number>((total, value) => total + (value ?? 0), 0);

describe('the course of a call’s audio quality', () => {
  it('has what happened in each interval, and its score by FreeSWITCH’s formula', () => {
    const readings = new QualityReadings(reading(10));
    readings.take(reading(260));
    readings.take(reading(460, 50, 2));
    expect(readings.end(reading(585, 50, 2), 2.5)).toEqual({
      interval_seconds: 5,
      mos: [4.5, 3.82, 4.5],
      packets_in: [250, 200, 125],
      flaws: [0, 50, 0],
      gaps: [0, 2, 0],
    });
  });

  it('has so far the intervals that are over', () => {
    const readings = new QualityReadings(reading(10));
    expect(readings.soFar()).toBeNull();
    readings.take(reading(260));
    expect(readings.soFar()).toEqual({ interval_seconds: 5, mos: [4.5], packets_in: [250], flaws: [0], gaps: [0] });
    for (let n = 0; n < 3 * QUALITY_INTERVALS; n += 1) {
      readings.take(reading(260));
      expect(qualityCourse.safeParse(readings.soFar()).success).toBe(true);
    }
    expect(readings.soFar()!.interval_seconds).toBeGreaterThan(5);
  });

  it('of a call that is shorter than an interval has one, of a very short one none', () => {
    expect(new QualityReadings(reading(5)).end(reading(105), 2)?.packets_in).toEqual([100]);
    expect(new QualityReadings(reading(5)).end(reading(25), 0.4)).toBeNull();
  });

  it('adds a rest of less than a second to the interval before', () => {
    const readings = new QualityReadings(reading(0));
    readings.take(reading(250));
    expect(readings.end(reading(260), 0.2)).toMatchObject({ packets_in: [260], mos: [4.5] });
  });

  it('says what is not known, and counts it to the next interval', () => {
    const readings = new QualityReadings(reading(0));
    readings.take({ rtp: undefined, gaps: 1 });
    readings.take(reading(500, 5, 1));
    expect(readings.end({ rtp: undefined, gaps: 1 }, 3)).toMatchObject({
      mos: [null, 4.49, null],
      packets_in: [null, 500, null],
      flaws: [null, 5, null],
      gaps: [1, 0, 0],
    });
  });

  it('has no score where no packet came, the lowest where all were flawed, none below zero after a reset', () => {
    const readings = new QualityReadings(reading(0));
    readings.take(reading(0, 150));
    readings.take(reading(10, 400));
    readings.take(reading(260, 0));
    expect(readings.end(reading(260), 0)).toMatchObject({
      mos: [null, 1, 4.5],
      packets_in: [0, 10, 250],
      flaws: [150, 250, 0],
    });
  });

  it('is bounded however long the call, loses no packet and has equal intervals', () => {
    const calls = fc.tuple(fc.integer({ min: 0, max: 3_000 }), fc.double({ min: 1, max: 4.9, noNaN: true }));
    fc.assert(
      fc.property(calls, ([samples, rest]) => {
        const readings = new QualityReadings(reading(0));
        for (let n = 1; n <= samples; n += 1) readings.take(reading(n * 250, n, n));
        const course = readings.end(reading(samples * 250 + 7, samples, samples), rest)!;
        expect(qualityCourse.parse(course)).toEqual(course);
        expect(course.mos.length).toBeLessThanOrEqual(QUALITY_INTERVALS);
        expect(course.mos).toHaveLength(Math.ceil((samples * 5 + rest) / course.interval_seconds));
        expect([sum(course.packets_in), sum(course.flaws), sum(course.gaps)]).toEqual([
          samples * 250 + 7,
          samples,
          samples,
        ]);
        expect(course.packets_in.slice(0, -1).every((packets) => packets === course.interval_seconds * 50)).toBe(true);
      }),
    );
  });
});
