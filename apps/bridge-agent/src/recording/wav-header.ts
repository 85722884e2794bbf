/**
 * The header of a WAV file (RIFF, little-endian). FreeSWITCH writes both sizes when it closes the file. Until then, or
 * if it was killed, they are those of a file without a sample, and players show nothing.
 */
export interface WavShape {
  /** Sizes are those of the file. */
  finished: boolean;
  /** What is to be written, and where, for the sizes to be right. */
  repairs: readonly { offset: number; value: number }[];
  durationMs: number;
}

/** As much of the file's beginning as the header can take. */
export const WAV_HEAD_BYTES = 4096;
const RIFF_SIZE_AT = 4;
const LARGEST_SIZE = 0xffff_ffff;

/** Undefined: this is no WAV file, or its header is cut. */
export function readWav(head: Uint8Array, fileBytes: number): WavShape | undefined {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  if (head.length < 12 || textAt(head, 0) !== 'RIFF' || textAt(head, 8) !== 'WAVE') return undefined;
  let format: { bytesPerSecond: number; blockBytes: number } | undefined;
  for (let at = 12; at + 8 <= head.length;) {
    const size = view.getUint32(at + 4, true);
    if (textAt(head, at) === 'data') return format && shapeOf({ view, sizeAt: at + 4, size, fileBytes }, format);
    if (textAt(head, at) === 'fmt ' && at + 24 <= head.length)
      format = { bytesPerSecond: view.getUint32(at + 16, true), blockBytes: view.getUint16(at + 20, true) };
    // A chunk of odd length has a byte of padding.
    at += 8 + size + (size % 2);
  }
  return undefined;
}

interface DataChunk {
  view: DataView;
  sizeAt: number;
  size: number;
  fileBytes: number;
}

function shapeOf(
  { view, sizeAt, size, fileBytes }: DataChunk,
  { bytesPerSecond, blockBytes }: { bytesPerSecond: number; blockBytes: number },
): WavShape | undefined {
  if (bytesPerSecond === 0 || blockBytes === 0) return undefined;
  const dataAt = sizeAt + 4;
  const present = Math.max(0, fileBytes - dataAt);
  // A frame that was cut in writing is left out of the sizes.
  const whole = Math.min(present - (present % blockBytes), LARGEST_SIZE - dataAt);
  const finished = size === whole && view.getUint32(RIFF_SIZE_AT, true) >= whole;
  const repairs = finished
    ? []
    : [
        { offset: RIFF_SIZE_AT, value: dataAt - 8 + whole },
        { offset: sizeAt, value: whole },
      ];
  return { finished, repairs, durationMs: Math.round((whole / bytesPerSecond) * 1000) };
}

const textAt = (bytes: Uint8Array, at: number): string => String.fromCharCode(...bytes.subarray(at, at + 4));
