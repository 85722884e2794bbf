import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { callStarted } from '@trunkmesh/contracts/call.js';
import { inboundChannels } from './inbound-channels.js';

const SAMPLE = callStarted.parse(
  JSON.parse(readFileSync(new URL('../../../../libs/contracts/samples/CallStarted.json', import.meta.url), 'utf8')),
);
const call = (trunk_id: string, direction: 'inbound' | 'outbound' = 'inbound') => ({
  started: { ...SAMPLE, data: { ...SAMPLE.data, trunk_id, direction } },
});

describe('the channels that inbound calls use', () => {
  it('are counted for each trunk with a limit, without outbound calls', () => {
    const calls = [call('a'), call('b'), call('a'), call('a', 'outbound'), call('free')];
    expect(inboundChannels(calls, (_organization, trunk) => trunk !== 'free')).toEqual({ a: 2, b: 1 });
  });

  it('are reported of a thousand trunks at most', () => {
    const calls = Array.from({ length: 1_200 }, (_unused, index) => call(`trunk-${index % 1_100}`));
    const channels = inboundChannels(calls, () => true);
    expect(Object.keys(channels)).toHaveLength(1_000);
    expect(channels['trunk-5']).toBe(2);
  });
});
