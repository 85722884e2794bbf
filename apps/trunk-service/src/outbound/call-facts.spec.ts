import { describe, expect, it } from '@jest/globals';
import { callFacts } from './call-facts.js';
import { dialUntilOf } from './dial-until.js';

const CALL = '4c7d1814-0069-4c14-8ffe-f9ba6015fa4a';
const ORGANIZATION = '0190a5b2-7c00-7000-8000-000000000001';
const event = (bridge_id: string, over: object = {}) => ({
  type: 'CallStarted',
  data: { call_id: CALL, organization_id: ORGANIZATION, bridge_id, direction: 'outbound', ...over },
});

describe('what the events of outbound calls say', () => {
  it('is the last bridge of each call', () => {
    expect(callFacts([event('a'), event('b')])).toEqual([
      {
        call_id: CALL,
        organization_id: ORGANIZATION,
        bridge_id: 'b',
        answered_at: null,
        ended_at: null,
        billable_ms: 0,
      },
    ]);
  });

  it.each([
    ['inbound calls', event('a', { direction: 'inbound' })],
    ['calls that no bridge had', event('a', { bridge_id: null })],
    ['what is no event', undefined],
  ])('is nothing for %s', (_what, value) => {
    expect(callFacts([value])).toEqual([]);
  });
});

describe('the time until which a call is dialled', () => {
  it.each([
    [1, undefined, 0, '2026-01-01T00:01:00.000Z'],
    [3, undefined, 30, '2026-01-01T00:03:00.000Z'],
    [3, 20, 30, '2026-01-01T00:01:40.000Z'],
    [1, 20, 90, '2026-01-01T00:02:00.000Z'],
  ])('of %d attempts that ring for %p seconds and wait for %d is %s', (attempts, ringSeconds, queueSeconds, until) => {
    expect(dialUntilOf('2026-01-01T00:00:00.000Z', { attempts, ringSeconds, queueSeconds })).toBe(until);
  });
});
