import { describe, expect, it } from '@jest/globals';
import { preciseTimes } from './call-times.js';
import { preciseTimestamp } from './scalar.js';

const times = {
  started_at: '2026-11-23T00:44:09.871Z',
  answered_at: '2026-11-23T00:44:09.931Z',
  ended_at: '2026-11-23T00:44:13.951Z',
};

describe("a finished call's times", () => {
  it('have the microseconds that the record gives', () => {
    const precise = preciseTimes({ ...times, microseconds: { started_at: 39, answered_at: 7, ended_at: 999 } });
    expect(precise).toEqual({
      started_at: '2026-11-23T00:44:09.871039Z',
      answered_at: '2026-11-23T00:44:09.931007Z',
      ended_at: '2026-11-23T00:44:13.951999Z',
    });
    expect(preciseTimestamp.safeParse(precise.started_at).success).toBe(true);
  });

  it('are whole milliseconds in the records of older agents', () => {
    expect(preciseTimes(times)).toEqual({
      started_at: '2026-11-23T00:44:09.871000Z',
      answered_at: '2026-11-23T00:44:09.931000Z',
      ended_at: '2026-11-23T00:44:13.951000Z',
    });
  });

  it('of a call that was not answered have no answer, whatever the microseconds say', () => {
    const microseconds = { started_at: 0, answered_at: null, ended_at: 1 };
    expect(preciseTimes({ ...times, answered_at: null, microseconds }).answered_at).toBeNull();
    expect(preciseTimes({ ...times, microseconds }).answered_at).toBe('2026-11-23T00:44:09.931000Z');
  });
});
