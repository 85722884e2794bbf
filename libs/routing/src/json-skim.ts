/**
 * Just enough JSON to find a few members in the bytes of a long text without making objects of the rest. It knows the spelling of `JSON.stringify` (no white space) and
 * says SURPRISE to anything else; the caller then parses as usual. It never reads past the end.
 */
export const SURPRISE = -1;

export const QUOTE = 34;
const [COMMA, COLON, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN, CLOSE] = [44, 58, 92, 91, 93, 123, 125] as const;
export { CLOSE_LIST, COMMA, OPEN, OPEN_LIST };

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

/**
 * Calls `member` for each member of the object that opens at `at`, with where its key's characters begin and end and where its value begins. `member` gives the place behind
 * the value, or SURPRISE, or STOP to be asked no further. Returns the place behind the object, SURPRISE, or STOP.
 */
export const STOP = -2;
export function eachMember(bytes: Uint8Array, at: number, member: (keyStart: number, keyEnd: number, value: number) => number): number {
  if (bytes[at] !== OPEN) return SURPRISE;
  if (bytes[at + 1] === CLOSE) return at + 2;
  for (let next = at + 1; ;) {
    if (bytes[next] !== QUOTE) return SURPRISE;
    const afterKey = skipString(bytes, next);
    if (afterKey < 0 || bytes[afterKey] !== COLON) return SURPRISE;
    const after = member(next + 1, afterKey - 1, afterKey + 1);
    if (after < 0) return after;
    if (bytes[after] === CLOSE) return after + 1;
    if (bytes[after] !== COMMA) return SURPRISE;
    next = after + 1;
  }
}

/** Whether the characters from `start` to `end` are this text, given as its bytes. */
export function isText(bytes: Uint8Array, start: number, end: number, text: Uint8Array): boolean {
  if (end - start !== text.length) return false;
  for (let at = 0; at < text.length; at++) if (bytes[start + at] !== text[at]) return false;
  return true;
}

export const asciiBytes = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
