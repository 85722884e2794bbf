/**
 * ITU-T G.711 between its 8-bit codes and 16-bit linear samples, by table. A sample that lies exactly on a decision
 * value belongs to the interval above it, on both sides of zero, as in the ITU's own reference (G.191); other
 * implementations mirror the negative side and differ in those samples by one code.
 */

/** The code for silence. */
export const MU_LAW_SILENCE = 0xff;

/** Mu-law adds 33 to the 14-bit magnitude, which makes every segment start at a power of two. */
const MU_LAW_BIAS = 33;
const MU_LAW_CLIP = 0x1fff;
/** Every second bit of an A-law code is inverted on the line (G.711, note to table 1a). */
const A_LAW_INVERTED = 0x55;

/** Ones' complement for negatives puts the decision values on the same side everywhere. */
const magnitude = (sample: number, shift: number) => (sample < 0 ? ~sample : sample) >> shift;

function muLawCode(sample: number): number {
  const biased = Math.min(magnitude(sample, 2) + MU_LAW_BIAS, MU_LAW_CLIP);
  const segment = 26 - Math.clz32(biased);
  const positive = 0xff - ((segment << 4) | ((biased >> (segment + 1)) & 0xf));
  return sample < 0 ? positive & 0x7f : positive;
}

function muLawSample(code: number): number {
  const inverted = ~code & 0xff;
  const segment = (inverted >> 4) & 7;
  const value = ((((inverted & 0xf) << 1) + MU_LAW_BIAS) << segment) - MU_LAW_BIAS;
  return (inverted & 0x80 ? -value : value) * 4;
}

function aLawCode(sample: number): number {
  const value = magnitude(sample, 4);
  const segment = Math.max(0, 28 - Math.clz32(value));
  const step = segment === 0 ? value : (value >> (segment - 1)) & 0xf;
  return ((sample < 0 ? 0 : 0x80) | (segment << 4) | step) ^ A_LAW_INVERTED;
}

function aLawSample(code: number): number {
  const plain = code ^ A_LAW_INVERTED;
  const segment = (plain >> 4) & 7;
  const step = ((plain & 0xf) << 1) + 1;
  const value = segment === 0 ? step : (step + 32) << (segment - 1);
  return (plain & 0x80 ? value : -value) * 8;
}

/**
 * Indexed by the sample's 16 bits as an unsigned number: two bytes in their order make the index, without a sign to
 * extend.
 */
function codes(codeOf: (sample: number) => number): Uint8Array {
  return Uint8Array.from({ length: 65_536 }, (_, bits) => codeOf((bits << 16) >> 16));
}
const samples = (sampleOf: (code: number) => number) => Int16Array.from({ length: 256 }, (_, code) => sampleOf(code));

const TO_MU_LAW = codes(muLawCode);
const TO_A_LAW = codes(aLawCode);
const FROM_MU_LAW = samples(muLawSample);
const FROM_A_LAW = samples(aLawSample);

export const toMuLaw = (sample: number): number => TO_MU_LAW[sample & 0xffff]!;
export const toALaw = (sample: number): number => TO_A_LAW[sample & 0xffff]!;
export const fromMuLaw = (code: number): number => FROM_MU_LAW[code & 0xff]!;
export const fromALaw = (code: number): number => FROM_A_LAW[code & 0xff]!;

/** The code of the little-endian sample at offset `at`. */
export const muLawAt = (l16: Uint8Array, at: number): number => TO_MU_LAW[l16[at]! | (l16[at + 1]! << 8)]!;

/** The reverse: writes the code's sample at offset `at`. */
export function writeMuLawSample(code: number, l16: Uint8Array, at: number): void {
  const sample = FROM_MU_LAW[code]!;
  l16[at] = sample & 0xff;
  l16[at + 1] = sample >> 8;
}

/** `count` little-endian samples into as many codes. `source` and `target` may be the same buffer. */
export const encodeMuLaw = (source: Uint8Array, target: Uint8Array, count: number): void =>
  encode(TO_MU_LAW, source, target, count);
export const encodeALaw = (source: Uint8Array, target: Uint8Array, count: number): void =>
  encode(TO_A_LAW, source, target, count);
/** `count` codes into little-endian samples, twice as many bytes. `source` and `target` may be the same buffer. */
export const decodeMuLaw = (source: Uint8Array, target: Uint8Array, count: number): void =>
  decode(FROM_MU_LAW, source, target, count);
export const decodeALaw = (source: Uint8Array, target: Uint8Array, count: number): void =>
  decode(FROM_A_LAW, source, target, count);

function encode(table: Uint8Array, source: Uint8Array, target: Uint8Array, count: number): void {
  for (let index = 0; index < count; index += 1)
    target[index] = table[source[2 * index]! | (source[2 * index + 1]! << 8)]!;
}

/** From last to first, because within one buffer the output would otherwise overwrite unread input. */
function decode(table: Int16Array, source: Uint8Array, target: Uint8Array, count: number): void {
  for (let index = count - 1; index >= 0; index -= 1) {
    const sample = table[source[index]!]!;
    target[2 * index] = sample & 0xff;
    target[2 * index + 1] = sample >> 8;
  }
}
