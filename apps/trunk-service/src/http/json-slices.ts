import { DomainError } from '@trunkmesh/contracts/problem.js';

/** What a body may be made of, whatever its bytes: a list of empty objects needs fifty times its size in memory. */
export interface JsonLimits {
  /** Lists and objects inside each other. */
  depth: number;
  /** Entries of one list, fields of one object. */
  members: number;
  /** All values together. */
  values: number;
}

/** Bytes that are scanned, or parsed as a whole, between two yields: well below a millisecond of work each. */
export const SLICE_BYTES = 65_536;

const [QUOTE, COMMA, COLON, BACKSLASH, LIST, LIST_END, OBJECT, OBJECT_END] = [...'",:\\[]{}'].map((character) =>
  character.charCodeAt(0),
);
/** What a byte outside of a string is. */
const [OPENS, CLOSES, SEPARATES] = [1, 2, 3];
const MARKS = new Uint8Array(256);
for (const byte of [LIST, OBJECT]) MARKS[byte!] = OPENS!;
for (const byte of [LIST_END, OBJECT_END]) MARKS[byte!] = CLOSES!;
MARKS[COMMA!] = SEPARATES!;
const isSpace = (byte: number | undefined) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

/**
 * Refuses what has too many parts, before anything is made of it. Only strings and brackets are looked at: whether
 * it is JSON is the parser's business.
 * @throws DomainError payload-too-large, invalid-request
 */
export function* checkJson(bytes: Uint8Array, limits: JsonLimits): Generator<undefined, void> {
  const members: number[] = [];
  let values = 1;
  for (const at of marks(bytes, 0, bytes.length)) {
    const mark = at < 0 ? undefined : MARKS[bytes[at]!];
    if (mark === undefined) yield;
    else if (mark === CLOSES) members.pop();
    else {
      if (mark === OPENS) members.push(0);
      count(members, (values += 1), limits);
    }
  }
}

function count(members: number[], values: number, limits: JsonLimits): void {
  const open = members.length;
  const entries = open === 0 ? 0 : (members[open - 1]! += 1);
  if (open > limits.depth) throw tooDeep(limits.depth);
  if (entries > limits.members) throw tooLarge(`a list or an object with more than the ${limits.members} entries`);
  if (values > limits.values) throw tooLarge(`more than the ${limits.values} values`);
}

function tooDeep(depth: number): DomainError {
  const detail = `The body is nested too deeply: more than ${depth} lists and objects inside each other.`;
  return new DomainError('invalid-request', detail, [{ pointer: '', message: 'is nested too deeply' }]);
}

function tooLarge(what: string): DomainError {
  const detail = `The body has ${what} that are accepted here. Send the rest in another request.`;
  return new DomainError('payload-too-large', detail);
}

/** `JSON.parse` of UTF-8 bytes, with a yield after every `SLICE_BYTES` or so. @throws SyntaxError */
export function parseJson(bytes: Uint8Array): Generator<undefined, unknown> {
  return parse(bytes, 0, bytes.length);
}

/** The places of brackets and commas outside of strings, and -1 where it is time to yield. */
function* marks(bytes: Uint8Array, from: number, to: number): Generator<number> {
  let quoted = false;
  let next = from + SLICE_BYTES;
  for (let at = from; at < to; at += 1) {
    if (at >= next) {
      next = at + SLICE_BYTES;
      yield -1;
    }
    const byte = bytes[at]!;
    if (byte === QUOTE) quoted = !quoted;
    else if (quoted) at += byte === BACKSLASH ? 1 : 0;
    else if (MARKS[byte] !== 0) yield at;
  }
}

interface Part {
  from: number;
  to: number;
  /** A single member that is larger than a slice; otherwise as many as fit into one. */
  large: boolean;
}

function* parse(bytes: Uint8Array, ...range: [from: number, to: number]): Generator<undefined, unknown> {
  const [from, to] = trimmed(bytes, ...range);
  const close = bytes[from] === LIST ? LIST_END : bytes[from] === OBJECT ? OBJECT_END : undefined;
  if (to - from <= SLICE_BYTES || close === undefined) {
    yield;
    return JSON.parse(textOf(bytes, from, to));
  }
  if (bytes[to - 1] !== close) throw new SyntaxError('an end is missing');
  const parts = yield* split(bytes, from + 1, to - 1);
  if (close === LIST_END) return yield* listOf(bytes, parts);
  return yield* objectOf(bytes, parts);
}

function* listOf(bytes: Uint8Array, parts: readonly Part[]): Generator<undefined, unknown[]> {
  const list: unknown[] = [];
  for (const { from, to, large } of parts) {
    yield;
    if (large) list.push(yield* parse(bytes, from, to));
    else for (const value of JSON.parse(`[${textOf(bytes, from, to)}]`) as unknown[]) list.push(value);
  }
  return list;
}

function* objectOf(bytes: Uint8Array, parts: readonly Part[]): Generator<undefined, object> {
  const entries: [string, unknown][] = [];
  for (const { from, to, large } of parts) {
    yield;
    if (large) {
      const colon = afterKey(bytes, from, to);
      entries.push([JSON.parse(textOf(bytes, from, colon)) as string, yield* parse(bytes, colon + 1, to)]);
    } else entries.push(...Object.entries(JSON.parse(`{${textOf(bytes, from, to)}}`) as object));
  }
  // Defines each as the parser does, also one that is called "__proto__".
  return Object.fromEntries(entries);
}

/** The members between two brackets. None of the parts is empty: a comma too many would be read over. */
function* split(bytes: Uint8Array, from: number, to: number): Generator<undefined, Part[]> {
  const parts = new Parts(from, to);
  let depth = 0;
  for (const at of marks(bytes, from, to)) {
    const mark = at < 0 ? undefined : MARKS[bytes[at]!];
    if (mark === undefined) yield;
    else if (mark === OPENS) depth += 1;
    else if (mark === CLOSES) depth -= 1;
    else if (depth === 0) parts.endMember(at);
    if (depth < 0) throw new SyntaxError('an end without a beginning');
  }
  parts.endMember(to);
  const isEmpty = (part: Part) => trimmed(bytes, part.from, part.to)[0] === part.to;
  if (parts.all.some(isEmpty)) throw new SyntaxError('nothing between two commas');
  return parts.all;
}

/** Small members are put together until they fill a slice; a large one is a part of its own. */
class Parts {
  readonly all: Part[] = [];
  private group: number;
  private member: number;
  constructor(
    from: number,
    private readonly end: number,
  ) {
    this.group = from;
    this.member = from;
  }

  endMember(at: number): void {
    if (at - this.member > SLICE_BYTES) this.addLarge(at);
    else if (at - this.group > SLICE_BYTES || at === this.end) this.add({ from: this.group, to: at, large: false });
    this.member = at + 1;
  }

  private addLarge(at: number): void {
    if (this.member > this.group) this.all.push({ from: this.group, to: this.member - 1, large: false });
    this.add({ from: this.member, to: at, large: true });
  }

  private add(part: Part): void {
    this.all.push(part);
    this.group = part.to + 1;
  }
}

/** Where the colon behind a member's name is. */
function afterKey(bytes: Uint8Array, from: number, to: number): number {
  let at = trimmed(bytes, from, to)[0] + 1;
  while (at < to && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  at += 1;
  while (isSpace(bytes[at])) at += 1;
  if (bytes[at] !== COLON) throw new SyntaxError('a field without a value');
  return at;
}

function trimmed(bytes: Uint8Array, from: number, to: number): [number, number] {
  while (from < to && isSpace(bytes[from])) from += 1;
  while (to > from && isSpace(bytes[to - 1])) to -= 1;
  return [from, to];
}

function textOf(bytes: Uint8Array, from: number, to: number): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(from, to));
}
