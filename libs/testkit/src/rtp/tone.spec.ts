import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decode, encode, fromL16, toL16, type Codec } from './g711.js';
import { findPassage } from './passage.js';
import { FRAME_SAMPLES, framesOf, joined, rms, SAMPLE_RATE, tellingTone, tone, toneLevel } from './tone.js';

describe('the detector of tones', () => {
  // Over a whole second, tones of whole frequencies are orthogonal: what remains is the rounding of 8,000 samples, each
  // at most one half, so at most 1.
  const WHOLE_SECOND = SAMPLE_RATE / FRAME_SAMPLES;
  const ROUNDING = 1 + 1e-3;

  it('gives the amplitude of the tone that is there, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 300, max: 3_400 }),
        fc.integer({ min: 500, max: 30_000 }),
        (frequency, amplitude) => {
          expect(
            Math.abs(toneLevel(tone(frequency, WHOLE_SECOND, amplitude), frequency) - amplitude),
          ).toBeLessThanOrEqual(ROUNDING);
        },
      ),
    );
  });

  it('hears nothing of another tone', () => {
    fc.assert(
      fc.property(fc.integer({ min: 300, max: 3_300 }), fc.integer({ min: 300, max: 3_300 }), (there, asked) => {
        fc.pre(there !== asked);
        expect(toneLevel(tone(there, WHOLE_SECOND), asked)).toBeLessThanOrEqual(ROUNDING);
      }),
    );
  });

  it('finds both of two tones', () => {
    const other = tone(900, 50);
    const both = tone(500, 50).map((sample, index) => sample + other[index]!);
    expect(
      [toneLevel(both, 500), toneLevel(both, 900), toneLevel(both, 700)].map((level) => Math.round(level / 1_000)),
    ).toEqual([8, 8, 0]);
  });

  it('hears nothing in nothing', () => {
    expect([toneLevel(new Int16Array(0), 500), toneLevel(new Int16Array(160), 500), rms(new Int16Array(0))]).toEqual([
      0, 0, 0,
    ]);
  });
});

describe.each<[Codec, number]>([
  ['PCMU', 0xff],
  ['PCMA', 0xd5],
])('%s', (codec, silence) => {
  it('writes silence as the recommendation does', () => {
    expect([...encode(codec, new Int16Array(2))]).toEqual([silence, silence]);
  });

  it('reads every code as a sample that is written as that code', () => {
    const codes = Uint8Array.from({ length: 256 }, (_, code) => code);
    // Mu-law has two codes for zero.
    const expected = codec === 'PCMU' ? codes.map((code) => (code === 0x7f ? 0xff : code)) : codes;
    expect([...encode(codec, decode(codec, codes))]).toEqual([...expected]);
  });

  // A step of segment n is 1/16 of the segment's lower edge, and the error at most half a step. Mu-law's edges are
  // those of the sample plus the bias of 132; A-law's lowest segment has the steps of the one that begins at 256.
  it('brings each of the 65,536 samples back within half a step of its segment', () => {
    const samples = Int16Array.from({ length: 65_536 }, (_, index) => index - 32_768);
    const heard = decode(codec, encode(codec, samples));
    const edge = (size: number) => (codec === 'PCMU' ? size + 132 : Math.max(size, 256));
    expect(
      [...samples].filter((sample, index) => Math.abs(heard[index]! - sample) > edge(Math.abs(sample)) / 32),
    ).toEqual([]);
  });
});

it('L16 is there and back again', () => {
  const samples = Int16Array.of(0, 1, -1, 32_767, -32_768);
  expect([...toL16(samples)].slice(0, 4)).toEqual([0, 0, 1, 0]);
  expect(fromL16(toL16(samples))).toEqual(samples);
});

describe('a passage', () => {
  const said = framesOf(tone(tellingTone(0), 20));
  const silence = new Int16Array(160);

  it('is found whole, with silence before, within and after it', () => {
    const heard = [silence, ...said.slice(0, 5), silence, silence, ...said.slice(5), silence];
    expect(findPassage(said, heard)).toMatchObject({ lost: 0, foreign: 0 });
    expect(findPassage(said, heard).foundAt.slice(4, 6)).toEqual([5, 8]);
  });

  it('is found through two codecs', () => {
    const heard = framesOf(decode('PCMA', encode('PCMA', decode('PCMU', encode('PCMU', joined(said))))));
    expect(findPassage(said, heard)).toMatchObject({ lost: 0, foreign: 0 });
  });

  it('misses what is lost', () => {
    expect(
      findPassage(
        said,
        said.filter((_, index) => index !== 7),
      ),
    ).toMatchObject({ lost: 1, foreign: 0 });
  });

  it.each<[string, Int16Array[]]>([
    ['doubled', [...said.slice(0, 8), said[7]!, ...said.slice(8)]],
    ["somebody else's", [...said.slice(0, 8), tone(810, 1), ...said.slice(8)]],
    ['cut in two', [...said, joined([silence.subarray(80), said[3]!.subarray(0, 80)])]],
  ])('a frame that is %s is foreign', (_what, heard) => {
    expect(findPassage(said, heard)).toMatchObject({ lost: 0, foreign: 1 });
  });
});
