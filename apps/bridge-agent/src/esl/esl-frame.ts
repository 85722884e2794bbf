/**
 * Framing of FreeSWITCH's event socket, the same in both directions: header lines, an empty line, and as many bytes of
 * body as Content-Length says. All input is treated as hostile: it contains a caller's numbers and header values.
 */

/** FreeSWITCH itself caps Content-Length at 16 MiB (its commit a097e12); a larger value is never a valid reply. */
export const MAX_FRAME_BYTES = 16 * 1024 * 1024;
/**
 * The headers of one frame. `CHANNEL_DATA` puts all channel variables there: some 30 kB; an INVITE can make it larger,
 * but never this large.
 */
export const MAX_HEAD_BYTES = 1024 * 1024;

/**
 * Values as received: still percent-encoded where FreeSWITCH encodes them (`decodeValues`). Of several lines with one
 * name the first counts.
 */
export type EslHeaders = ReadonlyMap<string, string>;

export interface EslFrame {
  headers: EslHeaders;
  body: string;
}

export type EslFrameError = 'head-too-large' | 'frame-too-large' | 'bad-content-length';

export interface EslFrames {
  frames: EslFrame[];
  /** The stream is out of sync: the connection must be closed. */
  error?: EslFrameError;
}

export interface EslFrameReader {
  /** Takes the next bytes, in pieces of any size; returns every frame that they complete. */
  push(chunk: Uint8Array): EslFrames;
}

const LF = 0x0a;
const CR = 0x0d;
const text = new TextDecoder('utf-8', { fatal: false });

/**
 * `Name: value` lines. Lines without a colon are dropped, and so are repetitions: a later line must not override what
 * FreeSWITCH wrote first.
 */
export function parseHeaderLines(
  head: string,
  read: (value: string) => string = (value) => value,
): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of head.split('\n')) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const name = line.slice(0, colon);
    if (!headers.has(name)) headers.set(name, read(line.slice(colon + 1).trim()));
  }
  return headers;
}

/**
 * Decodes one value. A stray `%` is kept: `decodeURIComponent` would throw, and a caller can put one into a channel's
 * name.
 */
export function decodeValue(value: string): string {
  if (!value.includes('%')) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return value.replace(/(?:%[\da-f]{2})+/gi, (run) =>
      text.decode(Uint8Array.from(run.slice(1).split('%'), (hex) => Number.parseInt(hex, 16))),
    );
  }
}

export function decodeValues(headers: EslHeaders): Map<string, string> {
  const decoded = new Map<string, string>();
  for (const [name, value] of headers) decoded.set(name, decodeValue(value));
  return decoded;
}

function contentLength(headers: EslHeaders): number | EslFrameError {
  const value = headers.get('Content-Length');
  if (value === undefined) return 0;
  if (!/^\d{1,10}$/.test(value)) return 'bad-content-length';
  const length = Number(value);
  return length > MAX_FRAME_BYTES ? 'frame-too-large' : length;
}

/**
 * Bytes of an incomplete frame, in one array that grows by doubling, so that a large body in small pieces is not copied
 * again and again.
 */
function pendingBytes() {
  let bytes = new Uint8Array(0);
  let start = 0;
  let end = 0;
  const length = () => end - start;

  const makeRoom = (wanted: number): void => {
    const held = length();
    const roomy = held + wanted > bytes.length ? new Uint8Array(Math.max(4096, 2 * (held + wanted))) : bytes;
    roomy.set(bytes.subarray(start, end), 0);
    bytes = roomy;
    start = 0;
    end = held;
  };

  const drop = (count: number): void => {
    start += count;
    if (start < end) return;
    start = 0;
    end = 0;
    // One large reply (10,000 gateways: 9 MB) must not stay allocated until the connection ends.
    if (bytes.length > MAX_HEAD_BYTES) bytes = new Uint8Array(0);
  };

  return {
    length,
    drop,
    append(chunk: Uint8Array): void {
      if (end + chunk.length > bytes.length) makeRoom(chunk.length);
      bytes.set(chunk, end);
      end += chunk.length;
    },
    at: (offset: number): number | undefined => (offset < length() ? bytes[start + offset] : undefined),
    indexOf(byte: number, from: number): number {
      const found = bytes.subarray(0, end).indexOf(byte, start + from);
      return found === -1 ? -1 : found - start;
    },
    take(count: number): string {
      const taken = text.decode(bytes.subarray(start, start + count));
      drop(count);
      return taken;
    },
  };
}

export function createFrameReader(): EslFrameReader {
  const pending = pendingBytes();
  let searched = 0;
  let head: { headers: EslHeaders; length: number } | undefined;
  let broken: EslFrameError | undefined;

  /** Where the head ends and the body begins; the empty line may be `\r\n`. */
  const endOfHead = (): { end: number; body: number } | undefined => {
    for (;;) {
      const lf = pending.indexOf(LF, searched);
      if (lf === -1) {
        searched = pending.length();
        return undefined;
      }
      const next = pending.at(lf + 1);
      if (next === LF) return { end: lf, body: lf + 2 };
      if (next === CR && pending.at(lf + 2) === LF) return { end: lf, body: lf + 3 };
      if (next === undefined || (next === CR && pending.at(lf + 2) === undefined)) {
        searched = lf;
        return undefined;
      }
      searched = lf + 1;
    }
  };

  /** Empty lines between frames are not a frame. */
  const skipBlank = (): void => {
    while (searched === 0 && (pending.at(0) === LF || pending.at(0) === CR)) pending.drop(1);
  };

  const readHead = (): EslFrameError | undefined => {
    skipBlank();
    const found = endOfHead();
    if (found === undefined) return pending.length() > MAX_HEAD_BYTES ? 'head-too-large' : undefined;
    if (found.end > MAX_HEAD_BYTES) return 'head-too-large';
    const headers = parseHeaderLines(pending.take(found.end));
    pending.drop(found.body - found.end);
    searched = 0;
    const length = contentLength(headers);
    if (typeof length === 'string') return length;
    head = { headers, length };
    return undefined;
  };

  const next = (): EslFrame | undefined => {
    if (head === undefined) broken = readHead();
    if (head === undefined || pending.length() < head.length) return undefined;
    const frame = { headers: head.headers, body: pending.take(head.length) };
    head = undefined;
    return frame;
  };

  return {
    push(chunk) {
      const frames: EslFrame[] = [];
      if (broken !== undefined) return { frames, error: broken };
      pending.append(chunk);
      for (let frame = next(); frame !== undefined; frame = next()) frames.push(frame);
      return broken === undefined ? { frames } : { frames, error: broken };
    },
  };
}
