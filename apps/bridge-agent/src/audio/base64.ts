/** Base64 (RFC 4648 §4) between text and buffers that are used again: Node's own makes a string or a buffer a frame, and skips what is not base64 without a word. */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const PAD = 61;
const CODES = Uint8Array.from(ALPHABET, (character) => character.charCodeAt(0));
const INVALID = 255;
const VALUES = new Uint8Array(256).fill(INVALID);
CODES.forEach((code, value) => { VALUES[code] = value; });

/** What `length` bytes become. */
export const base64Length = (length: number): number => Math.ceil(length / 3) * 4;

/** Writes the base64 of `source` into `target` from `at` on; gives the position behind it. */
export function encodeBase64(source: Uint8Array, target: Uint8Array, at: number): number {
  const whole = source.length - (source.length % 3);
  let to = at;
  for (let index = 0; index < whole; index += 3) {
    const bits = (source[index]! << 16) | (source[index + 1]! << 8) | source[index + 2]!;
    target[to] = CODES[bits >> 18]!;
    target[to + 1] = CODES[(bits >> 12) & 63]!;
    target[to + 2] = CODES[(bits >> 6) & 63]!;
    target[to + 3] = CODES[bits & 63]!;
    to += 4;
  }
  return whole === source.length ? to : encodeRest(source, whole, target, to);
}

function encodeRest(source: Uint8Array, from: number, target: Uint8Array, to: number): number {
  const two = source.length - from === 2;
  const bits = (source[from]! << 16) | (two ? source[from + 1]! << 8 : 0);
  target[to] = CODES[bits >> 18]!;
  target[to + 1] = CODES[(bits >> 12) & 63]!;
  target[to + 2] = two ? CODES[(bits >> 6) & 63]! : PAD;
  target[to + 3] = PAD;
  return to + 4;
}

const valueAt = (text: string, at: number): number => VALUES[text.charCodeAt(at)] ?? INVALID;

/** Decodes into the beginning of `target`; gives the number of bytes, or -1 when the text is not base64 or `target` is too short. The padding may be left out. */
export function decodeBase64(text: string, target: Uint8Array): number {
  const length = unpadded(text);
  const rest = length % 4;
  const whole = length - rest;
  const bytes = (whole / 4) * 3 + (rest === 0 ? 0 : rest - 1);
  if (rest === 1 || bytes > target.length) return -1;
  let to = 0;
  // Valid values stay below 64: one bad character anywhere leaves a bit above them.
  let seen = 0;
  for (let index = 0; index < whole; index += 4) {
    const a = valueAt(text, index), b = valueAt(text, index + 1), c = valueAt(text, index + 2), d = valueAt(text, index + 3);
    seen |= a | b | c | d;
    target[to] = (a << 2) | (b >> 4);
    target[to + 1] = (b << 4) | (c >> 2);
    target[to + 2] = (c << 6) | d;
    to += 3;
  }
  if (rest > 1) seen |= decodeRest(text, whole, rest, target.subarray(to));
  return seen > 63 ? -1 : bytes;
}

/** -1 stands for padding that makes no group of four. */
function unpadded(text: string): number {
  if (!text.endsWith('=')) return text.length;
  if (text.length % 4 !== 0) return 1;
  return text.length - (text.charCodeAt(text.length - 2) === PAD ? 2 : 1);
}

function decodeRest(text: string, from: number, rest: number, target: Uint8Array): number {
  const a = valueAt(text, from), b = valueAt(text, from + 1), c = rest === 3 ? valueAt(text, from + 2) : 0;
  target[0] = (a << 2) | (b >> 4);
  if (rest === 3) target[1] = (b << 4) | (c >> 2);
  return a | b | c;
}
