import { framesDue, startFrameClock, untilNextFrame, type FrameClock } from './frame-clock.js';

export interface FramePlayer {
  /**
   * Plays `frames` frames, almost always one. `late` of them are overdue; `skipped` frames before them are lost. True
   * when it waits for a frame that should arrive soon.
   */
  play(frames: number, late: number, skipped: number): boolean;
  /** Plays now what it has been waiting to play. */
  settle(): void;
}

/**
 * How long to wait for a frame that should arrive soon. A timer runs before pending data is read, and an assistant that
 * sends in real time is some milliseconds early or late: silence instead would cause a click and delay everything after
 * it. A telephone's jitter buffer absorbs the wait.
 */
const GRACE_MS = 8;

export interface FrameTimer {
  add(player: FramePlayer): void;
  remove(player: FramePlayer): void;
  readonly players: number;
}

/**
 * One timer for all calls; it runs only while there are calls. A player that throws is reported to `onError`; the
 * others continue.
 */
export function createFrameTimer(onError: (error: unknown) => void): FrameTimer {
  const players = new Set<FramePlayer>();
  /** Players that wait for their frame. */
  const owing: FramePlayer[] = [];
  let clock: FrameClock | undefined;

  const tick = (): void => {
    if (!clock || players.size === 0) {
      clock = undefined;
      return;
    }
    const { late, skipped } = clock;
    const frames = framesDue(clock, performance.now());
    if (frames > 0) playAll(frames, clock.late - late, clock.skipped - skipped);
    sleep(clock);
  };

  const playAll = (frames: number, late: number, skipped: number): void => {
    for (const player of players) {
      try {
        if (player.play(frames, late, skipped)) owing.push(player);
      } catch (error) {
        onError(error);
      }
    }
    if (owing.length > 0) setTimeout(settleAll, GRACE_MS);
  };

  const settleAll = (): void => {
    for (const player of owing) {
      if (!players.has(player)) continue;
      try {
        player.settle();
      } catch (error) {
        onError(error);
      }
    }
    owing.length = 0;
  };

  /** Rounded up: a timer that fires slightly before the frame's time would have to be set again. */
  const sleep = (running: FrameClock): void => {
    setTimeout(tick, Math.ceil(untilNextFrame(running, performance.now())));
  };

  return {
    add(player) {
      players.add(player);
      if (clock) return;
      clock = startFrameClock(performance.now());
      sleep(clock);
    },
    remove(player) {
      players.delete(player);
    },
    get players() {
      return players.size;
    },
  };
}
