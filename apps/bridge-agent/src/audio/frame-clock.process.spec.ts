import { describe, expect, it } from '@jest/globals';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { createFrameTimer, type FramePlayer } from './frame-clock.process.js';

const playing = (play: (frames: number, late: number, skipped: number) => void): FramePlayer => ({
  play: (...due) => {
    play(...due);
    return false;
  },
  settle: () => {
    throw new Error('it owes nothing');
  },
});

describe('the timer of all calls', () => {
  it('plays for each that is there, and goes on when one of them throws', async () => {
    const errors: unknown[] = [];
    const timer = createFrameTimer((error) => {
      errors.push(error);
    });
    let first = 0,
      second = 0;
    const broken = {
      play: () => {
        throw new Error('broken');
      },
      settle: () => undefined,
    };
    const one = playing((frames) => {
      first += frames;
    });
    const two = playing((frames) => {
      second += frames;
    });
    for (const player of [broken, one, two]) timer.add(player);
    await eventually(() => first >= 5 && second >= 5);
    expect(errors.length).toBeGreaterThan(0);
    timer.remove(one);
    const left = first;
    const before = second;
    await eventually(() => second >= before + 5);
    expect(first).toBe(left);
    timer.remove(broken);
    timer.remove(two);
    expect(timer.players).toBe(0);
  });

  it('returns once to players that wait for their frame, and continues when one of them throws', async () => {
    const errors: unknown[] = [];
    const timer = createFrameTimer((error) => {
      errors.push(error);
    });
    const seen: string[] = [];
    /** A late tick is followed by the next one at once: then it waits twice before it is settled twice. */
    const waiting = (name: string): FramePlayer => {
      let owed = 0;
      return {
        play: () => {
          owed += 1;
          return true;
        },
        settle: () => {
          seen.push(owed > 0 ? `${name} settled` : `${name} settled too often`);
          owed -= 1;
        },
      };
    };
    const removed = waiting('removed');
    const gone: FramePlayer = {
      play: () => {
        timer.remove(removed);
        return removed.play(1, 0, 0);
      },
      settle: () => {
        throw new Error('broken');
      },
    };
    const one = waiting('one');
    timer.add(removed);
    timer.add(gone);
    timer.add(one);
    await eventually(() => seen.filter((what) => what === 'one settled').length >= 3);
    timer.remove(gone);
    timer.remove(one);
    expect(errors.length).toBeGreaterThan(0);
    expect(seen).not.toContain('removed settled');
    expect(seen).not.toContain('one settled too often');
  });

  it('starts again after a pause without calls, and does not play the frames of the pause', async () => {
    const timer = createFrameTimer(() => {});
    let frames = 0,
      lost = 0;
    const player = playing((count, _late, skipped) => {
      frames += count;
      lost += skipped;
    });
    timer.add(player);
    await eventually(() => frames > 0);
    timer.remove(player);
    await new Promise((resolve) => {
      setTimeout(resolve, 400);
    });
    timer.add(player);
    const before = frames;
    await eventually(() => frames > before);
    timer.remove(player);
    expect(lost).toBe(0);
  });

  it('never plays faster than the time', async () => {
    const timer = createFrameTimer(() => {});
    let frames = 0,
      lost = 0;
    const player = playing((count, _late, skipped) => {
      frames += count;
      lost += skipped;
    });
    const begin = performance.now();
    timer.add(player);
    await eventually(() => frames >= 50);
    timer.remove(player);
    expect(frames + lost).toBeLessThanOrEqual((performance.now() - begin) / 20);
  });
});
