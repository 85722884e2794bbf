import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { wav } from './recordings.fixture.js';
import { readWav, WAV_HEAD_BYTES } from './wav-header.js';

const read = (file: Uint8Array) => readWav(file.subarray(0, WAV_HEAD_BYTES), file.length);
const repaired = (file: Buffer) => {
  const copy = Buffer.from(file);
  for (const { offset, value } of read(file)!.repairs) copy.writeUInt32LE(value, offset);
  return copy;
};

describe('the header of a WAV file', () => {
  it('is finished when its sizes are those of the file', () => {
    expect(read(wav(1_500))).toEqual({ finished: true, repairs: [], durationMs: 1_500 });
  });

  it('that FreeSWITCH did not finish gets the sizes that it would have written', () => {
    expect(read(wav(1_500, { killed: true }))).toMatchObject({ finished: false, durationMs: 1_500 });
    expect(repaired(wav(1_500, { killed: true })).equals(wav(1_500))).toBe(true);
  });

  it('leaves out a frame that was cut', () => {
    const cut = Buffer.concat([wav(20, { killed: true }), Buffer.from([1, 2, 3])]);
    expect(repaired(cut).subarray(0, -3).equals(wav(20))).toBe(true);
  });

  it('may have other chunks before the sound', () => {
    const plain = wav(20);
    const chunk = Buffer.from('4c49535403000000616263' + '00', 'hex');
    const file = Buffer.concat([plain.subarray(0, 12), chunk, plain.subarray(12)]);
    file.writeUInt32LE(file.length - 8, 4);
    expect(read(file)).toEqual({ finished: true, repairs: [], durationMs: 20 });
  });

  it('is repaired once: what was repaired is finished, whatever its length', () => {
    fc.assert(
      fc.property(fc.nat(5_000), (bytes) => {
        const file = Buffer.concat([wav(0, { killed: true }), Buffer.alloc(bytes)]);
        expect(read(repaired(file))).toMatchObject({ finished: true, repairs: [] });
      }),
    );
  });

  it('of anything else is none, and nothing is thrown', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(readWav(bytes, bytes.length)).toBeUndefined();
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        readWav(Buffer.concat([Buffer.from('RIFF\0\0\0\0WAVEfmt '), bytes]), 1_000);
      }),
    );
  });
});
