import { describe, expect, it } from '@jest/globals';
import { createAttachment } from './attachment.js';

const withFrames = (until: number, every = 20) => {
  const attachment = createAttachment();
  for (let at = 0; at <= until; at += every) attachment.arrived(at);
  return attachment;
};

describe("a call's audio at FreeSWITCH", () => {
  it('is not reported as silent before its first frame: the attaching part waits for that', () => {
    const attachment = createAttachment();
    expect([attachment.attached, attachment.silent(10_000), attachment.quietMs(10_000)]).toEqual([false, false, 0]);
    expect([attachment.arrived(0), attachment.arrived(20)]).toEqual([true, false]);
  });

  it.each([[20], [30], [60]])('is not missed while packets of %i ms come, three of them late as well', (every) => {
    const attachment = withFrames(600, every);
    expect(attachment.silent(600 + 4 * every)).toBe(false);
  });

  it('is missed after 300 ms, once; again after the next frame, or when nothing was found', () => {
    const attachment = withFrames(1_000);
    expect([attachment.silent(1_299), attachment.silent(1_300), attachment.silent(1_350)]).toEqual([
      false,
      true,
      false,
    ]);
    attachment.look();
    expect(attachment.silent(1_400)).toBe(true);
    attachment.arrived(1_500);
    expect([attachment.silent(1_799), attachment.silent(1_800)]).toEqual([false, true]);
  });

  it('is reported as silent sooner for a second after the codec was set again', () => {
    const attachment = withFrames(1_000);
    attachment.doubt(1_010);
    expect([attachment.silent(1_119), attachment.silent(1_120)]).toEqual([false, true]);
    for (let at = 1_140; at <= 2_000; at += 20) attachment.arrived(at);
    expect([attachment.silent(2_121), attachment.silent(2_300)]).toEqual([false, true]);
  });

  it('attached again is counted, with the time of silence on both sides', () => {
    const attachment = withFrames(1_000);
    attachment.detach();
    expect([attachment.attached, attachment.silent(5_000)]).toEqual([false, false]);
    expect(attachment.arrived(1_420)).toBe(true);
    expect(attachment.counts).toEqual({ reattached: 1, silencedMs: 420 });
  });
});
