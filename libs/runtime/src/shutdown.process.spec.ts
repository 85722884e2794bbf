import { EventEmitter } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { createLogger } from './logger.process.js';
import { gracefulShutdown } from './shutdown.process.js';

const logger = createLogger('test', { level: 'silent' });

function given(deadlineMs = 5_000) {
  const source = new EventEmitter();
  const codes: number[] = [];
  let exited!: (code: number) => void;
  const exit = new Promise<number>((resolve) => {
    exited = resolve;
  });
  const shutdown = gracefulShutdown({
    logger,
    source,
    deadlineMs,
    exit: (code) => {
      codes.push(code);
      exited(code);
    },
  });
  return { source, codes, exit, shutdown };
}

describe('gracefulShutdown', () => {
  it('stops in reverse order, one after the other, and exits with 0', async () => {
    const { source, exit, shutdown } = given();
    const order: string[] = [];
    shutdown.add('database', () => order.push('database'));
    shutdown.add('http', async () => {
      await new Promise((resolve) => setImmediate(resolve));
      order.push('http');
    });
    source.emit('SIGTERM');
    expect(await exit).toBe(0);
    expect(order).toEqual(['http', 'database']);
  });

  it('goes on after a part that fails, and exits with 1', async () => {
    const { source, exit, shutdown } = given();
    const order: string[] = [];
    shutdown.add('a', () => order.push('a'));
    shutdown.add('b', () => {
      throw new Error('no');
    });
    source.emit('SIGINT');
    expect(await exit).toBe(1);
    expect(order).toEqual(['a']);
  });

  it('exits with 1 when a part hangs beyond the deadline', async () => {
    const { source, exit, shutdown } = given(20);
    shutdown.add('hangs', () => new Promise(() => undefined));
    source.emit('SIGTERM');
    expect(await exit).toBe(1);
  });

  it('exits at once on a second signal', async () => {
    const { source, codes, shutdown } = given(100);
    shutdown.add('hangs', () => new Promise(() => undefined));
    source.emit('SIGTERM');
    expect(codes).toEqual([]);
    source.emit('SIGINT');
    expect(codes).toEqual([130]);
  });

  it('stops cleanly but exits with 1 after what nobody caught', async () => {
    const { source, exit, shutdown } = given();
    let stopped = false;
    shutdown.add('a', () => {
      stopped = true;
    });
    source.emit('unhandledRejection', new Error('no'));
    expect(await exit).toBe(1);
    expect(stopped).toBe(true);
  });
});
