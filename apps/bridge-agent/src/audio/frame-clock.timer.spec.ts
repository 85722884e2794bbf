import { describe, expect, it } from '@jest/globals';
import { eventually } from '@trunkmesh/testkit/eventually.clock.js';
import { createFrameTimer } from './frame-clock.timer.js';

describe('the timer of all calls', () => {
  it('plays for each that is there, and goes on when one of them throws', async () => {
    const errors: unknown[] = [];
    const timer = createFrameTimer((error) => { errors.push(error); });
    let first = 0, second = 0;
    const broken = { play: () => { throw new Error('broken'); } };
    const one = { play: (frames: number) => { first += frames; } };
    const two = { play: (frames: number) => { second += frames; } };
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

  it('begins anew after a pause without calls, and does not play what that pause would have held', async () => {
    const timer = createFrameTimer(() => {});
    let frames = 0, lost = 0;
    const player = { play: (count: number, _late: number, skipped: number) => { frames += count; lost += skipped; } };
    timer.add(player);
    await eventually(() => frames > 0);
    timer.remove(player);
    await new Promise((resolve) => { setTimeout(resolve, 400); });
    timer.add(player);
    const before = frames;
    await eventually(() => frames > before);
    timer.remove(player);
    expect(lost).toBe(0);
  });

  it('never plays faster than the time', async () => {
    const timer = createFrameTimer(() => {});
    let frames = 0, lost = 0;
    const player = { play: (count: number, _late: number, skipped: number) => { frames += count; lost += skipped; } };
    const begin = performance.now();
    timer.add(player);
    await eventually(() => frames >= 50);
    timer.remove(player);
    expect(frames + lost).toBeLessThanOrEqual((performance.now() - begin) / 20);
  });
});
