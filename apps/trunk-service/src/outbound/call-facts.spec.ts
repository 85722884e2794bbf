import { describe, expect, it } from '@jest/globals';
import { callFacts } from './call-facts.js';

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
