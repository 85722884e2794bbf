import { describe, expect, it } from '@jest/globals';
import { lostCall, type HangupFacts } from '../live/hangup-facts.js';
import type { RtpFacts } from './call-talk.net.js';
import { QualitySamples } from './quality-samples.net.js';

/** FreeSWITCH answers as `answer` does; `pass` lets seconds pass. */
function sampled(answer: (nth: number) => Promise<RtpFacts | undefined>) {
  const channels: string[] = [];
  let now = 0;
  let due: { milliseconds: number; run: () => void } | undefined;
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  const samples = new QualitySamples({
    talk: {
      rtp: (channelId) => {
        channels.push(channelId);
        return answer(channels.length - 1);
      },
    },
    channelId: 'channel-1',
    gaps: () => channels.length,
    clock: {
      now: () => now,
      every: (milliseconds, run) => {
        due = { milliseconds, run };
        return () => {
          due = undefined;
        };
      },
    },
  });
  const pass = async (seconds: number): Promise<void> => {
    await settled();
    for (const until = now + seconds * 1_000; now < until;) {
      now += 1_000;
      if (due !== undefined && now % due.milliseconds === 0) due.run();
      await settled();
    }
  };
  return { samples, channels, pass };
}
const packets = (packetsIn: number): RtpFacts => ({ packetsIn, flaws: 0, packetMs: 20 });
const hangup = (packetsIn: number): HangupFacts => ({
  ...lostCall(new Date(0), null, null),
  rtp: { packetsIn, flaws: 0 },
});

describe('the samples of a call', () => {
  it('are one every five seconds until its end, of its channel', async () => {
    const { samples, channels, pass } = sampled((nth) => Promise.resolve(packets(nth * 250)));
    expect(samples.soFar()).toBeNull();
    await pass(12);
    expect(samples.soFar()).toMatchObject({ interval_seconds: 5, packets_in: [250, 250] });
    expect(channels).toHaveLength(3);
    expect(samples.end(hangup(600))).toMatchObject({ interval_seconds: 5, packets_in: [250, 250, 100] });
    await pass(20);
    expect(channels).toEqual(['channel-1', 'channel-1', 'channel-1']);
  });

  it('say nothing for a time in which FreeSWITCH did not answer, and ask it once at a time', async () => {
    let answer: (facts: undefined) => void = () => undefined;
    const late = new Promise<undefined>((resolve) => {
      answer = resolve;
    });
    const { samples, channels, pass } = sampled((nth) => (nth === 1 ? late : Promise.resolve(packets(nth * 250))));
    await pass(11);
    expect(channels).toHaveLength(2);
    answer(undefined);
    await pass(6);
    expect(samples.end(undefined)!.packets_in).toEqual([null, null, 500, null]);
  });

  it('are none of a call that ended before FreeSWITCH answered', async () => {
    const { samples, pass } = sampled(() => new Promise(() => undefined));
    await pass(3);
    expect(samples.end(hangup(100))).toBeNull();
  });
});
