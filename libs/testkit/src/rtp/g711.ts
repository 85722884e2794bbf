/**
 * ITU-T G.711 by its arithmetic, for callers in tests: what the agent's tables do is checked by something else than
 * those tables. Pure.
 */
export type Codec = 'PCMU' | 'PCMA';

/** RFC 3551, table 4. */
export const PAYLOAD_TYPES: Readonly<Record<Codec, number>> = { PCMU: 0, PCMA: 8 };

const MU_LAW_BIAS = 0x84;
const MU_LAW_CLIP = 32_635;
/** Every second bit of an A-law code is inverted on the line. */
const A_LAW_INVERTED = 0x55;

function muLaw(sample: number): number {
  const magnitude = Math.min(Math.abs(sample), MU_LAW_CLIP) + MU_LAW_BIAS;
  const exponent = 24 - Math.clz32(magnitude);
  return ~((sample < 0 ? 0x80 : 0) | (exponent << 4) | ((magnitude >> (exponent + 3)) & 0xf)) & 0xff;
}

function fromMuLaw(code: number): number {
  const inverted = ~code & 0xff;
  const magnitude = ((((inverted & 0xf) << 3) + MU_LAW_BIAS) << ((inverted >> 4) & 7)) - MU_LAW_BIAS;
  return inverted & 0x80 ? -magnitude : magnitude;
}

function aLaw(sample: number): number {
  const magnitude = Math.min(sample < 0 ? -sample - 1 : sample, 32_767) >> 4;
  const exponent = Math.max(0, 28 - Math.clz32(magnitude));
  const mantissa = (exponent === 0 ? magnitude : magnitude >> (exponent - 1)) & 0xf;
  return ((sample < 0 ? 0 : 0x80) | (exponent << 4) | mantissa) ^ A_LAW_INVERTED;
}

function fromALaw(code: number): number {
  const plain = code ^ A_LAW_INVERTED;
  const exponent = (plain >> 4) & 7;
  const step = ((plain & 0xf) << 4) + 8;
  const magnitude = exponent === 0 ? step : (step + 0x100) << (exponent - 1);
  return plain & 0x80 ? magnitude : -magnitude;
}

export function encode(codec: Codec, samples: Int16Array): Buffer {
  const codeOf = codec === 'PCMU' ? muLaw : aLaw;
  return Buffer.from(Uint8Array.from(samples, codeOf));
}

export function decode(codec: Codec, codes: Uint8Array): Int16Array {
  const sampleOf = codec === 'PCMU' ? fromMuLaw : fromALaw;
  return Int16Array.from(codes, sampleOf);
}

/** Little-endian L16, as FreeSWITCH's `unicast` has it. */
export function fromL16(l16: Buffer): Int16Array {
  return Int16Array.from({ length: Math.floor(l16.length / 2) }, (_, index) => l16.readInt16LE(2 * index));
}

export function toL16(samples: Int16Array): Buffer {
  const l16 = Buffer.alloc(2 * samples.length);
  samples.forEach((sample, index) => l16.writeInt16LE(sample, 2 * index));
  return l16;
}
