import { describe, expect, it } from '@jest/globals';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { pino } from 'pino';
import { whileRecording } from './while-recording.process.js';

const lines: { msg: string; level: number }[] = [];
const logger = pino({}, { write: (line: string) => lines.push(JSON.parse(line) as (typeof lines)[number]) });
const options = { everyMs: 1, logger, failed: 'cannot count; retrying' };

describe('work that is repeated while calls are recorded', () => {
  it('goes on after a turn that failed, and ends with the turn under way', async () => {
    let turns = 0;
    let ended = 0;
    const repeating = whileRecording({
      ...options,
      started: Promise.resolve('link'),
      turn: async (link) => {
        expect(link).toBe('link');
        turns += 1;
        if (turns === 1) throw new Error('no');
        await Promise.resolve();
        ended += 1;
      },
    });
    await eventually(() => ended >= 2);
    await repeating.stop();
    const after = turns;
    expect(ended).toBe(after - 1);
    expect(lines.map(({ msg }) => msg)).toEqual(['cannot count; retrying']);
  });

  it('says nothing of a turn that the stop has ended, and has none where recording never began', async () => {
    lines.length = 0;
    let began = false;
    const repeating = whileRecording({
      ...options,
      started: Promise.resolve(),
      turn: (_link, signal) =>
        new Promise((_resolve, reject) => {
          began = true;
          signal.addEventListener('abort', () => reject(new Error('stopped')));
        }),
    });
    await eventually(() => began);
    await repeating.stop();
    expect(lines).toEqual([]);
    const never = whileRecording({
      ...options,
      started: Promise.reject(new Error('no')),
      turn: () => Promise.reject(new Error('a turn')),
    });
    await never.stop();
    expect(lines).toEqual([]);
  });
});
