import { framesDue, startFrameClock, untilNextFrame, type FrameClock } from './frame-clock.js';

export interface FramePlayer {
  /** Plays `frames` frames, almost always one. `late` of them after their time; `skipped` before them will never be played. */
  play(frames: number, late: number, skipped: number): void;
}

export interface FrameTimer {
  add(player: FramePlayer): void;
  remove(player: FramePlayer): void;
  readonly players: number;
}

/** One timer for all calls; it runs only while there is one. `onError` hears of a player that threw: the others play on. */
export function createFrameTimer(onError: (error: unknown) => void): FrameTimer {
  const players = new Set<FramePlayer>();
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
        player.play(frames, late, skipped);
      } catch (error) {
        onError(error);
      }
    }
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
    remove(player) { players.delete(player); },
    get players() { return players.size; },
  };
}
