import { framesDue, startFrameClock, untilNextFrame, type FrameClock } from './frame-clock.js';

export interface FramePlayer {
  /**
   *  Plays `frames` frames, almost always one. `late` of them after their time; `skipped` before them will never be
   *  played. True: not yet, its frame is about to come.
   */
  play(frames: number, late: number, skipped: number): boolean;
  /** What it has not played of its own by now it plays now. */
  settle(): void;
}

/**
 * How long a frame that is about to come is waited for. A timer runs before what came meanwhile is read, and who speaks
 * in real time is some milliseconds early or late: silence in its place would be a click, and everything after it late.
 * A telephone's jitter buffer takes that.
 */
const GRACE_MS = 8;

export interface FrameTimer {
  add(player: FramePlayer): void;
  remove(player: FramePlayer): void;
  readonly players: number;
}

/**
 *  One timer for all calls; it runs only while there is one. `onError` hears of a player that threw: the others play
 *  on.
 */
export function createFrameTimer(onError: (error: unknown) => void): FrameTimer {
  const players = new Set<FramePlayer>();
  /** Whose frame is waited for. */
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

  /** Rounded up: a timer that fires a fraction before the frame's time would only have to wait once more. */
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
