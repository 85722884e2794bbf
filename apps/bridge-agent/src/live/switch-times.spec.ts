import { describe, expect, it } from '@jest/globals';
import { billableMs, epochMicroseconds, microsecondsAfter } from './switch-times.js';

const at = (time: string) => new Date(`2026-11-23T00:44:${time}Z`);
const micros = (time: string, after: number) => at(time).getTime() * 1000 + after;

describe("FreeSWITCH's times", () => {
  it.each([
    ['1795394649871039', '2026-11-23T00:44:09.871Z'],
    ['1795394649871999', '2026-11-23T00:44:09.871Z'],
    ['0', undefined],
    ['', undefined],
    [undefined, undefined],
    ['x', undefined],
    ['1.5', undefined],
    ['-5', undefined],
  ])('%s', (value, expected) => {
    expect(epochMicroseconds(value)?.toISOString()).toBe(expected);
  });

  it('give what follows the milliseconds, and nothing for a time that is not theirs', () => {
    const call = { startedAt: at('09.871'), answeredAt: at('09.931'), endedAt: at('13.951') };
    const switchTimes = { started: micros('09.871', 39), answered: micros('09.931', 7), ended: micros('13.951', 999) };
    expect(microsecondsAfter(call, switchTimes)).toEqual({ started_at: 39, answered_at: 7, ended_at: 999 });
    expect(microsecondsAfter({ ...call, startedAt: at('08.000'), answeredAt: null }, switchTimes)).toEqual({
      started_at: 0,
      answered_at: null,
      ended_at: 999,
    });
    const unsaid = { started: undefined, answered: undefined, ended: undefined };
    expect(microsecondsAfter(call, unsaid)).toEqual({ started_at: 0, answered_at: 0, ended_at: 0 });
  });
});

describe('the billable milliseconds', () => {
  it.each([
    ['exactly four seconds', 7, 7, 4_000],
    ['a microsecond more: the millisecond has begun', 7, 8, 4_001],
    ['a microsecond less', 7, 6, 4_000],
  ])('%s', (_what, answered_at, ended_at, expected) => {
    const call = { answeredAt: at('09.000'), endedAt: at('13.000') };
    expect(billableMs(call, { started_at: 0, answered_at, ended_at })).toBe(expected);
  });

  it('are none without an answer, never negative, and whole where microseconds are not known', () => {
    expect(billableMs({ answeredAt: null, endedAt: at('13.000') }, undefined)).toBe(0);
    expect(billableMs({ answeredAt: at('13.000'), endedAt: at('09.000') }, undefined)).toBe(0);
    expect(billableMs({ answeredAt: at('09.000'), endedAt: at('13.951') }, undefined)).toBe(4_951);
  });
});
