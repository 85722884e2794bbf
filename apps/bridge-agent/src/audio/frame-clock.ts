/** A frame of speech lasts this long. */
export const FRAME_MS = 20;
/** Frames in one tick while lateness is caught up: a telephone's jitter buffer takes that many at once. */
const MAX_BURST = 3;
/**
 *  Half a second of lateness is caught up. What is older is left out: no telephone's jitter buffer would take it, and
 *  words sent to it faster than it plays are lost.
 */
const MAX_BACKLOG = 25;

/** When the frames of all calls go out. Times are milliseconds of a clock that never goes back. */
export interface FrameClock {
  readonly startedAt: number;
  /** Frames given out or left out since `startedAt`; frame n is due at `startedAt + n * FRAME_MS`. */
  passed: number;
  /** Given out after the next one had become due. */
  late: number;
  /** Left out. */
  skipped: number;
}

export const startFrameClock = (now: number): FrameClock => ({ startedAt: now, passed: 0, late: 0, skipped: 0 });

/**
 *  How many frames to give out now. Every due time is reckoned from the start, so that what one tick is late the next
 *  is not.
 */
export function framesDue(clock: FrameClock, now: number): number {
  const due = Math.floor((now - clock.startedAt) / FRAME_MS) - clock.passed;
  if (due <= 0) return 0;
  const skipped = Math.max(0, due - MAX_BACKLOG);
  const given = Math.min(due - skipped, MAX_BURST);
  clock.skipped += skipped;
  clock.passed += skipped + given;
  clock.late += Math.min(given, due - skipped - 1);
  return given;
}

/** Until the next frame's time; never 0, so that a backlog is not given out in one go. */
export function untilNextFrame(clock: FrameClock, now: number): number {
  const next = Math.floor((now - clock.startedAt) / FRAME_MS) + 1;
  return clock.startedAt + next * FRAME_MS - now;
}
