/**
 * Just enough JSON to find a few members in the bytes of a long text without making objects of the rest. It knows the
 * spelling of `JSON.stringify` (no white space) and says SURPRISE to anything else; the caller then parses as usual.
 * Nothing here reads past the end: what is not there compares unequal to everything.
 */
export const SURPRISE = -1;

export const [QUOTE, COMMA, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN, CLOSE] = [34, 44, 92, 91, 93, 123, 125] as const;

/** Past the string that opens at `at`. */
export function skipString(bytes: Uint8Array, at: number): number {
  for (let next = at + 1; next < bytes.length; next++) {
    const byte = bytes[next];
    if (byte === QUOTE) return next + 1;
    if (byte === BACKSLASH) next++;
  }
  return SURPRISE;
}

/** Past the value that begins at `at`. */
export function skipValue(bytes: Uint8Array, at: number): number {
  const first = bytes[at];
  if (first === QUOTE) return skipString(bytes, at);
  if (first === OPEN || first === OPEN_LIST) return skipNested(bytes, at);
  let next = at;
  while (next < bytes.length && bytes[next] !== COMMA && bytes[next] !== CLOSE && bytes[next] !== CLOSE_LIST) next++;
  return next > at && next < bytes.length ? next : SURPRISE;
}

function skipNested(bytes: Uint8Array, at: number): number {
  let depth = 0;
  for (let next = at; next >= 0 && next < bytes.length;) {
    const byte = bytes[next];
    if (byte === OPEN || byte === OPEN_LIST) depth++;
    if ((byte === CLOSE || byte === CLOSE_LIST) && --depth === 0) return next + 1;
    next = byte === QUOTE ? skipString(bytes, next) : next + 1;
  }
  return SURPRISE;
}

/** Whether `bytes` holds this text at offset `at`. */
export function startsWith(bytes: Uint8Array, at: number, text: Uint8Array): boolean {
  for (let next = 0; next < text.length; next++) if (bytes[at + next] !== text[next]) return false;
  return true;
}

export interface Pattern {
  text: Uint8Array;
  shifts: Uint8Array;
}

/** For `find`: Boyer-Moore-Horspool, which looks at about one byte in as many as the pattern is long. */
export function patternOf(text: string): Pattern {
  const bytes = asciiBytes(text);
  const shifts = new Uint8Array(256).fill(bytes.length);
  for (let at = 0; at < bytes.length - 1; at++) shifts[bytes[at]!] = bytes.length - 1 - at;
  return { text: bytes, shifts };
}

/** The first offset of the pattern at or after `from`, or SURPRISE. */
export function find(bytes: Uint8Array, { text, shifts }: Pattern, from: number): number {
  const last = text.length - 1;
  for (let end = from + last; end < bytes.length; end += shifts[bytes[end]!]!) {
    if (bytes[end] === text[last] && startsWith(bytes, end - last, text)) return end - last;
  }
  return SURPRISE;
}

export const asciiBytes = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
