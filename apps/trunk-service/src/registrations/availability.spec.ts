import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { availabilityOf, type GatewayChange, type Interval } from './availability.js';

const HOUR = 3_600_000;
const DAY: Interval = { from: 0, until: 24 * HOUR };
const change = (hour: number, what: 'up' | 'down' | 'gone', bridge_id = 'a'): GatewayChange => ({
  bridge_id,
  at: hour * HOUR,
  present: what !== 'gone',
  up: what === 'up',
});
const there = (...hours: [number, number][]) =>
  hours.map(([from, until]) => ({ from: from * HOUR, until: until * HOUR }));
const hoursOf = (changes: GatewayChange[], presence: Record<string, Interval[]>) => {
  const [day] = availabilityOf([DAY], { changes, presence: new Map(Object.entries(presence)) });
  return [day!.up_seconds / 3600, day!.down_seconds / 3600, day!.unknown_seconds / 3600, day!.availability];
};

describe('the availability of a day', () => {
  it.each([
    ['up all day', [change(-5, 'up')], { a: there([-9, 99]) }, [24, 0, 0, 1]],
    ['down from noon', [change(0, 'up'), change(12, 'down')], { a: there([-9, 99]) }, [12, 12, 0, 0.5]],
    ['nothing known before the first change', [change(6, 'up')], { a: there([-9, 99]) }, [18, 0, 6, 1]],
    ['a bridge that was lost is unknown, not up', [change(0, 'up')], { a: there([0, 6], [18, 24]) }, [12, 0, 12, 1]],
    ['a bridge that was never seen', [change(0, 'up')], {}, [0, 0, 24, null]],
    ['disabled in the afternoon', [change(0, 'up'), change(12, 'gone')], { a: there([-9, 99]) }, [12, 0, 12, 1]],
    [
      'moved to another bridge',
      [change(0, 'up'), change(10, 'gone'), change(11, 'up', 'b')],
      { a: there([0, 24]), b: there([0, 24]) },
      [23, 0, 1, 1],
    ],
    [
      'one of two bridges has it up',
      [change(0, 'down'), change(0, 'up', 'b'), change(18, 'down', 'b')],
      { a: there([0, 24]), b: there([0, 24]) },
      [18, 6, 0, 0.75],
    ],
  ])('%s', (_what, changes, presence, expected) => {
    expect(hoursOf(changes, presence as Record<string, Interval[]>)).toEqual(expected);
  });

  it('adds up to the day, whatever happened', () => {
    const event = fc.record({
      bridge_id: fc.constantFrom('a', 'b'),
      at: fc.integer({ min: -HOUR, max: 25 * HOUR }),
      present: fc.boolean(),
      up: fc.boolean(),
    });
    const interval = fc
      .tuple(fc.integer({ min: -HOUR, max: 25 * HOUR }), fc.integer({ min: 0, max: 9 * HOUR }))
      .map(([from, length]) => ({ from, until: from + length }));
    fc.assert(
      fc.property(fc.array(event), fc.array(interval), fc.array(interval), (changes, a, b) => {
        const presence = new Map([
          ['a', a],
          ['b', b],
        ]);
        const [day] = availabilityOf([DAY], { changes, presence });
        const { up_seconds, down_seconds, unknown_seconds } = day!;
        expect(Math.min(up_seconds, down_seconds, unknown_seconds)).toBeGreaterThanOrEqual(0);
        expect(Math.abs(up_seconds + down_seconds + unknown_seconds - 86_400)).toBeLessThanOrEqual(2);
      }),
    );
  });
});
