/** A frame of speech lasts this long. */
export const FRAME_MS = 20;
/** Frames per tick while catching up: a telephone's jitter buffer absorbs that many. */
const MAX_BURST_FRAMES = 3;
/**
 * Up to half a second of delay is caught up. Older frames are skipped: no telephone's jitter buffer would absorb them.
 */
const MAX_BACKLOG_FRAMES = 25;

/** When the frames of all calls go out. Times are milliseconds of a clock that never goes back. */
export interface FrameClock {
  readonly startedAt: number;
  /** Frames emitted or skipped since `startedAt`; frame n is due at `startedAt + n * FRAME_MS`. */
  passed: number;
  /** Emitted after the next one had become due. */
  late: number;
  /** Skipped. */
  skipped: number;
}

export const startFrameClock = (now: number): FrameClock => ({ startedAt: now, passed: 0, late: 0, skipped: 0 });

/**
 * How many frames to emit now. Due times are computed from the start, so that a late tick does not delay the following
 * ones.
 */
export function framesDue(clock: FrameClock, now: number): number {
  const due = Math.floor((now - clock.startedAt) / FRAME_MS) - clock.passed;
  if (due <= 0) return 0;
  const skipped = Math.max(0, due - MAX_BACKLOG_FRAMES);
  const given = Math.min(due - skipped, MAX_BURST_FRAMES);
  clock.skipped += skipped;
  clock.passed += skipped + given;
  clock.late += Math.min(given, due - skipped - 1);
  return given;
}

/** Milliseconds until the next frame is due; never 0, so that a backlog is not emitted at once. */
export function untilNextFrame(clock: FrameClock, now: number): number {
  const next = Math.floor((now - clock.startedAt) / FRAME_MS) + 1;
  return clock.startedAt + next * FRAME_MS - now;
}
