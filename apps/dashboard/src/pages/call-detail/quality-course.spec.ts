import { describe, expect, it } from '@jest/globals';
import { courseText, isSilent, pointsOf, timeOf, whyNoCourse } from './quality-course.js';

const COURSE = {
  interval_seconds: 5,
  mos: [4.5, 1.1, null, 4.4],
  packets_in: [250, 190, 0, 130],
  flaws: [0, 165, 20, 1],
  gaps: [0, 0, 2, 0],
};

describe('the course of the quality', () => {
  it('has the intervals of the call, the last as long as the call', () => {
    const points = pointsOf(COURSE, 17.6);
    expect(points.map(timeOf)).toEqual(['0:00 to 0:05', '0:05 to 0:10', '0:10 to 0:15', '0:15 to 0:18']);
    expect(points.map(isSilent)).toEqual([false, false, true, false]);
    expect(points[1]).toEqual({ from: 5, to: 10, mos: 1.1, packets: 190, flaws: 165, gaps: 0 });
  });

  it('in words says when it was worst, and what was missing', () => {
    expect(courseText(pointsOf(COURSE, 17.6))).toBe(
      'The score was lowest from 0:05 to 0:10, 1.1; the highest was 4.5. Nothing was received in 1 interval. ' +
        "The assistant's speech had 2 gaps.",
    );
    const good = { ...COURSE, mos: [4.5, 4.4], packets_in: [250, 250], flaws: [0, 1], gaps: [0, 0] };
    expect(courseText(pointsOf(good, 10))).toBe('The score was good all the time, at least 4.4.');
    const none = { ...COURSE, mos: [null], packets_in: [null], flaws: [null], gaps: [0] };
    expect(courseText(pointsOf(none, 4))).toBe('No interval has a score.');
  });

  const answered = {
    answered_at: '2026-11-23T00:44:09.931Z',
    reconstructed: false,
    audio: {},
    duration_seconds: 60,
  };
  it.each([
    [{ answered_at: null }, 'was not answered'],
    [{ reconstructed: true }, 'The bridge failed'],
    [{ audio: null }, 'No assistant'],
    [{ duration_seconds: 0.9 }, 'too short'],
    [{}, 'older than this dashboard'],
  ])('where there is none, says why: %j', (over, text) =>
    expect(whyNoCourse({ ...answered, ...over } as never)).toContain(text),
  );
});
