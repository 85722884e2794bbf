/** Base64 (RFC 4648 §4) by Node's built-in code, which needs no warm-up. */

/** The base64 length of `length` bytes. */
export const base64Length = (length: number): number => Math.ceil(length / 3) * 4;

/** Writes the base64 of `source` into `target` from `at` on. */
export function encodeBase64(source: Buffer, target: Buffer, at: number): void {
  target.write(source.toString('base64'), at, 'latin1');
}

const EQUALS = 61;

/**
 * Decodes into the beginning of `target`; gives the number of bytes, or -1 when the text is not base64 or `target` is
 * too short. The padding may be left out, and the URL-safe alphabet will do. Node skips characters outside the
 * alphabet: the result is then shorter than the text's length implies.
 */
export function decodeBase64(text: string, target: Buffer): number {
  const length = unpadded(text);
  const rest = length % 4;
  const bytes = ((length - rest) / 4) * 3 + (rest === 0 ? 0 : rest - 1);
  if (rest === 1 || bytes > target.length) return -1;
  return target.write(text, 'base64') === bytes ? bytes : -1;
}

/** 1, an impossible length for base64, marks padding that does not complete a group of four. */
function unpadded(text: string): number {
  if (!text.endsWith('=')) return text.length;
  if (text.length % 4 !== 0) return 1;
  return text.length - (text.charCodeAt(text.length - 2) === EQUALS ? 2 : 1);
}
