/** A UUID as four 32-bit words: 16 bytes in a table instead of a string of 36 characters and its header. */

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

const word = (value: number): string =>
  HEX[value >>> 24]! + HEX[(value >>> 16) & 255]! + HEX[(value >>> 8) & 255]! + HEX[value & 255]!;

export function formatUuid(words: Uint32Array): string {
  const [a, b, c, d] = [word(words[0]!), word(words[1]!), word(words[2]!), word(words[3]!)];
  return `${a}-${b.slice(0, 4)}-${b.slice(4)}-${c.slice(0, 4)}-${c.slice(4)}${d}`;
}

/** Writes the words of a UUID into `into`; false, and nothing meaningful in it, where the text is none. */
export function parseUuid(text: string, into: Uint32Array): boolean {
  if (text.length !== 36) return false;
  const digits = text.slice(0, 8) + text.slice(9, 13) + text.slice(14, 18) + text.slice(19, 23) + text.slice(24);
  if (!/^[\da-fA-F]{32}$/.test(digits)) return false;
  for (let at = 0; at < 4; at++) into[at] = Number.parseInt(digits.slice(at * 8, at * 8 + 8), 16);
  return true;
}
