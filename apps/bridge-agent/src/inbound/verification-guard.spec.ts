import { describe, expect, it } from '@jest/globals';
import {
  MAX_CALLS,
  MAX_CALLS_PER_SOURCE,
  enter,
  leave,
  noteRefused,
  REFUSED_PER_WINDOW,
  verificationGuard,
  WINDOW_MS,
} from './verification-guard.js';

describe('verification calls', () => {
  it('are bounded for each source and for all', () => {
    const guard = verificationGuard();
    for (let n = 0; n < MAX_CALLS_PER_SOURCE; n += 1) expect(enter(guard, '192.0.2.1', 0)).toBe(true);
    expect(enter(guard, '192.0.2.1', 0)).toBe(false);
    leave(guard, '192.0.2.1');
    expect(enter(guard, '192.0.2.1', 0)).toBe(true);
    for (let n = MAX_CALLS_PER_SOURCE; n < MAX_CALLS; n += 1) expect(enter(guard, `198.51.100.${n}`, 0)).toBe(true);
    expect(enter(guard, '203.0.113.1', 0)).toBe(false);
  });

  it('of a source that dials wrong codes are not asked about until the window is over; others are', () => {
    const guard = verificationGuard();
    const dial = (source: string, now: number): boolean => {
      const entered = enter(guard, source, now);
      if (entered) leave(guard, source);
      return entered;
    };
    for (let n = 0; n < REFUSED_PER_WINDOW; n += 1) {
      expect(dial('192.0.2.1', n)).toBe(true);
      noteRefused(guard, '192.0.2.1', n);
    }
    expect(dial('192.0.2.1', WINDOW_MS - 1)).toBe(false);
    expect(dial('192.0.2.2', 100)).toBe(true);
    expect(dial('192.0.2.1', WINDOW_MS)).toBe(true);
  });

  it('from any number of sources take a bounded memory', () => {
    const guard = verificationGuard();
    for (let n = 0; n < 5_000; n += 1) noteRefused(guard, `source ${n}`, 0);
    expect(guard.refused.size).toBe(1_000);
    expect(guard.going.size).toBe(0);
  });
});
