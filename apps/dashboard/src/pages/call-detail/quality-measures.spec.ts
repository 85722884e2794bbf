import { describe, expect, it } from '@jest/globals';
import { measuresOf, placeOf, verdictOf } from './quality-measures.js';

const QUALITY = {
  mos: 4.4,
  quality_percentage: 98,
  jitter_min_ms: 2,
  jitter_max_ms: 45,
  packets_in: 100,
  packets_out: 100,
};
const AUDIO = { frames_in: 96, frames_in_lost: 4, frames_in_late: 0, speech_frames_out: 0 };
const of = (quality: Partial<typeof QUALITY> | null, audio: object | null) =>
  measuresOf(quality && ({ ...QUALITY, ...quality } as never), audio as never);

describe('what was measured of a call', () => {
  it('has a score, the jitter and what was lost, each with a verdict', () => {
    const measures = of({}, { ...AUDIO, frames_out_lost: 0, frames_out_late: 0 });
    expect(measures.map((each) => [each.name, each.text, verdictOf(each)])).toEqual([
      ['Score (MOS)', '4.4 of 4.5', 'good'],
      ['Jitter', '2 to 45 ms', 'fair'],
      ['Lost from the caller', '4 % (4 of 100 frames)', 'bad'],
      ['Late from the caller', '0 % (0 of 96 frames)', 'good'],
    ]);
    expect(measures.map((each) => placeOf(each.high, each))).toEqual([(4.4 - 1) / 3.5, 0.45, 0.8, 0]);
  });

  it.each([
    [1.2, 'bad'],
    [3.6, 'fair'],
    [4, 'good'],
  ])('a score of %s is %s', (mos, verdict) => expect(verdictOf(of({ mos }, null)[0]!)).toBe(verdict));

  it('leaves out what was not measured', () => {
    expect(of(null, null)).toEqual([]);
    expect(of({ mos: null, jitter_max_ms: null } as never, null)).toEqual([]);
  });
});
