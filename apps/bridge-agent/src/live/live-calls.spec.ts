import { describe, expect, it } from '@jest/globals';
import type { CallStarted } from '@trunkmesh/contracts/call.js';
import { createStory } from './call-story.js';
import { found, loseSight, nextStep, type LiveCall, type NextStep } from './live-calls.js';

const at = (ms: number) => new Date(1_000_000 + ms);
const call = (watch: LiveCall['watch'], since = 0, lastSeen = 0): LiveCall => ({
  started: {} as CallStarted,
  story: createStory(),
  answered: null,
  kept: 0,
  lastSeen: at(lastSeen),
  watch,
  since: at(since),
});

describe('a call whose end nobody may tell', () => {
  it.each<[string, LiveCall['watch'], boolean, number, NextStep]>([
    ['on its own connection: that one reports it', 'socket', true, 100_000, 'wait'],
    ['out of sight: FreeSWITCH is asked', 'unknown', true, 0, 'ask'],
    ['out of sight, FreeSWITCH away: for ten seconds it may come back', 'unknown', false, 9_999, 'wait'],
    ['out of sight, FreeSWITCH away for longer', 'unknown', false, 10_000, 'give-up'],
    ['FreeSWITCH has it: its hang-up will come', 'watched', true, 29_999, 'wait'],
    ['or was lost: asked again now and then', 'watched', true, 30_000, 'ask'],
    ['FreeSWITCH does not have it: its hang-up may be on the way', 'gone', true, 999, 'wait'],
    ['and did not come', 'gone', true, 1_000, 'give-up'],
  ])('%s', (_case, watch, connected, waited, expected) => {
    expect(nextStep(call(watch), connected, at(waited))).toBe(expected);
  });

  it('is known to have lasted until its connection ended, or until FreeSWITCH was asked and had it', () => {
    const one = call('socket');
    loseSight(one, at(500));
    expect([one.watch, one.lastSeen]).toEqual(['unknown', at(500)]);
    found(one, true, at(900));
    expect([one.watch, one.lastSeen]).toEqual(['watched', at(900)]);
    loseSight(one, at(2_000));
    loseSight(one, at(1_500));
    expect([one.lastSeen, one.since]).toEqual([at(2_000), at(2_000)]);
    found(one, false, at(3_000));
    expect([one.watch, one.lastSeen]).toEqual(['gone', at(2_000)]);
  });

  it('an answer about a call that has its connection back changes nothing', () => {
    const one = call('socket');
    found(one, false, at(1));
    expect(one.watch).toBe('socket');
  });
});
