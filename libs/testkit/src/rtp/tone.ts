/** Telephone audio: 8 kHz, a frame is 20 ms. Pure. */
export const SAMPLE_RATE = 8_000;
export const FRAME_SAMPLES = 160;
export const FRAME_MS = 20;

/** So many frames of a sine. */
export function tone(frequency: number, frames: number, amplitude = 8_000): Int16Array {
  return Int16Array.from({ length: frames * FRAME_SAMPLES }, (_, index) =>
    Math.round(amplitude * Math.sin((2 * Math.PI * frequency * index) / SAMPLE_RATE)),
  );
}

/**
 * The nth of tones 50 Hz apart, from 481 Hz. Each of their frames begins at another place of the wave than the 25
 * before it: the golden section is what comes back to itself last. So a received frame can be distinguished from its
 * neighbours.
 */
export const tellingTone = (nth: number): number => 50 * (9 + nth + (Math.sqrt(5) - 1) / 2);

/**
 * Goertzel: the amplitude that a sine of this frequency has in the samples. Two tones can be distinguished when they
 * are several times `SAMPLE_RATE / samples.length` apart.
 */
export function toneLevel(samples: Int16Array, frequency: number): number {
  if (samples.length === 0) return 0;
  const turn = (2 * Math.PI * frequency) / SAMPLE_RATE;
  const coefficient = 2 * Math.cos(turn);
  let last = 0;
  let beforeLast = 0;
  for (const sample of samples) {
    const now = sample + coefficient * last - beforeLast;
    beforeLast = last;
    last = now;
  }
  const power = last * last + beforeLast * beforeLast - coefficient * last * beforeLast;
  return (2 * Math.sqrt(Math.max(0, power))) / samples.length;
}

export function rms(samples: Int16Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return samples.length === 0 ? 0 : Math.sqrt(sum / samples.length);
}

export function framesOf(samples: Int16Array): Int16Array[] {
  return Array.from({ length: Math.floor(samples.length / FRAME_SAMPLES) }, (_, frame) =>
    samples.subarray(frame * FRAME_SAMPLES, (frame + 1) * FRAME_SAMPLES),
  );
}

export function joined(frames: readonly Int16Array[]): Int16Array {
  const all = new Int16Array(frames.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const frame of frames) {
    all.set(frame, at);
    at += frame.length;
  }
  return all;
}
