import { describe, expect, it } from '@jest/globals';
import { connectionQueue } from './connection-queue.process.js';

const refusal = () => new Error('refused');

describe('the queue in front of the pool', () => {
  it('lets in as many as there are places, then in order', async () => {
    const queue = connectionQueue({ connections: 2, deadlineMs: 60_000, refusal });
    const entered: number[] = [];
    const enter = async (n: number) => {
      const leave = await queue.enter();
      entered.push(n);
      return leave;
    };
    const [first, second] = await Promise.all([enter(1), enter(2)]);
    const third = enter(3);
    const fourth = enter(4);
    await Promise.resolve();
    expect(entered).toEqual([1, 2]);
    first();
    first();
    const leaveThird = await third;
    expect(entered).toEqual([1, 2, 3]);
    leaveThird();
    (await fourth)();
    second();
    (await enter(5))();
    (await enter(6))();
    expect(entered).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('turns everybody away who waits, and goes on', async () => {
    const queue = connectionQueue({ connections: 1, deadlineMs: 60_000, refusal });
    const leave = await queue.enter();
    const waiting = [queue.enter(), queue.enter()];
    queue.refuseAll();
    for (const one of waiting) await expect(one).rejects.toThrow('refused');
    const last = queue.enter();
    leave();
    await expect(last).resolves.toBeDefined();
  });

  it('refuses whoever waited too long, and gives nobody his place', async () => {
    const queue = connectionQueue({ connections: 1, deadlineMs: 1, refusal });
    const leave = await queue.enter();
    await expect(queue.enter()).rejects.toThrow('refused');
    leave();
    (await queue.enter())();
  });
});
