import { describe, expect, it } from '@jest/globals';
import { bothOrNone } from './both-or-none.js';

describe('both or none', () => {
  const stopped: string[] = [];
  const starts = (name: string) => ({
    start: () => Promise.resolve(name),
    stop: (running: string) => Promise.resolve(stopped.push(running)),
  });
  const fails = { start: () => Promise.reject<string>(new Error('does not start')), stop: starts('none').stop };

  it('gives both', async () => {
    expect(await bothOrNone(starts('mesh'), starts('browser'))).toEqual(['mesh', 'browser']);
    expect(stopped).toEqual([]);
  });

  it('stops the one that has started where the other one does not', async () => {
    await expect(bothOrNone(starts('mesh'), fails)).rejects.toThrow('does not start');
    await expect(bothOrNone(fails, starts('browser'))).rejects.toThrow('does not start');
    expect(stopped).toEqual(['mesh', 'browser']);
  });
});
