import { describe, expect, it } from '@jest/globals';
import { createCallPackets } from './call-packets.js';

describe('the datagrams to FreeSWITCH', () => {
  it.each([
    [10, 320],
    [20, 320],
    [30, 480],
    [40, 640],
    [60, 960],
    [25, 320],
    [70, 320],
    [0, 320],
    [NaN, 320],
  ])('of a call with packets of %i ms have %i bytes, and hold every byte once and in order', (first, bytes) => {
    for (let frames = 0; frames <= 40; frames += 1) {
      const sent: number[][] = [];
      const packets = createCallPackets((l16) => {
        sent.push([...l16]);
      });
      packets.fit(first);
      const all = Array.from({ length: frames * 320 }, (_, index) => index % 251);
      for (let frame = 0; frame < frames; frame += 1)
        packets.push(Uint8Array.from(all.slice(frame * 320, (frame + 1) * 320)));
      expect(sent.every((packet) => packet.length === bytes)).toBe(true);
      expect(sent.flat()).toEqual(all.slice(0, Math.floor(all.length / bytes) * bytes));
    }
  });
});
