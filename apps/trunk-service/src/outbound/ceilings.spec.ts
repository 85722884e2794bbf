import { describe, expect, it } from '@jest/globals';
import { ceilingReached, type Ceilings, type OutboundUse } from './ceilings.js';

const NONE: Ceilings = {
  outbound_calls_per_hour: 0,
  outbound_calls_per_day: 0,
  outbound_minutes_per_hour: 0,
  outbound_minutes_per_day: 0,
  outbound_calls_per_destination: 0,
};
const use = (more: Partial<OutboundUse> = {}): OutboundUse => ({
  calls_hour: 0,
  calls_day: 0,
  minutes_hour: 0,
  minutes_day: 0,
  destination_hour: 0,
  ...more,
});

describe('a ceiling of outbound calls', () => {
  it.each([
    ['outbound_calls_per_hour', { calls_hour: 5 }, 'calls-per-hour'],
    ['outbound_calls_per_day', { calls_day: 5 }, 'calls-per-day'],
    ['outbound_minutes_per_hour', { minutes_hour: 5 }, 'minutes-per-hour'],
    ['outbound_minutes_per_day', { minutes_day: 5.5 }, 'minutes-per-day'],
    ['outbound_calls_per_destination', { destination_hour: 5 }, 'same-destination'],
  ] as const)('%s refuses what goes beyond it, and only that', (name, used, reason) => {
    const ceilings = { ...NONE, [name]: 5 };
    expect(ceilingReached(ceilings, use(used))).toMatchObject({ reason, retry_after_seconds: expect.any(Number) });
    const fewer = Object.fromEntries(Object.keys(used).map((key) => [key, 4.9]));
    expect(ceilingReached(ceilings, use(fewer))).toBeUndefined();
    expect(ceilingReached(NONE, use(used))).toBeUndefined();
  });
});
