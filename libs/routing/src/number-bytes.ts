import { asciiBytes, CLOSE_LIST, COMMA, eachMember, isText, OPEN, OPEN_LIST, QUOTE, skipValue, STOP, SURPRISE } from './json-skim.js';
import { applyEvent, type StateEvent } from './route-events.js';
import type { RouteIndex } from './route-index.js';
import { deleteNumber, putNumber, type RoutedNumber } from './route-numbers.js';
import { formatUuid } from './uuid-words.js';

/**
 * `applyEvent` from an event's bytes. A cold start reads millions of number events; parsing each into objects would take longer than the stream needs to deliver it.
 * So a number's event is skimmed for the five members that routing keeps. Whatever is not spelled as expected goes the usual way.
 */
export function applyEventBytes(index: RouteIndex, subject: string, bytes: Uint8Array): boolean {
  const digits = digitsOfNumberSubject(subject);
  if (digits !== 0) {
    const read = skim(bytes);
    if (read === 'removed') deleteNumber(index, subject.slice(ORG_START, ORG_END), digits);
    if (read === 'state') {
      NUMBER.digits = digits;
      putNumber(index, subject.slice(ORG_START, ORG_END), NUMBER);
    }
    if (read !== 'unread') return true;
  }
  return applyEvent(index, subject, JSON.parse(UTF8.decode(bytes)) as StateEvent);
}

const UTF8 = new TextDecoder();
const PREFIX = 'trunkmesh.org.';
const KIND = '.number.';
const ORG_START = PREFIX.length;
const ORG_END = ORG_START + 36;
const DIGITS_START = ORG_END + KIND.length;

/** The digits of `trunkmesh.org.<uuid>.number.<digits>`; 0 for any other subject. */
function digitsOfNumberSubject(subject: string): number {
  const length = subject.length - DIGITS_START;
  if (length < 7 || length > 15 || !subject.startsWith(KIND, ORG_END) || !subject.startsWith(PREFIX)) return 0;
  let digits = 0;
  for (let at = DIGITS_START; at < subject.length; at++) {
    const digit = subject.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9 || digits === 0 && digit === 0) return 0;
    digits = digits * 10 + digit;
  }
  return digits;
}

/** Filled by `skim` and copied by `putNumber` within one call; so are the two below. */
const NUMBER: RoutedNumber = { digits: 0, id: new Uint32Array(4), active: false, trunkId: null, countries: null, targetKind: null, targetId: 0, targetActive: false };
const TRUNK_WORDS = new Uint32Array(4);
let lastTrunk = formatUuid(TRUNK_WORDS);

const [ID, IS_ACTIVE, TRUNK_ID, COUNTRIES, TARGET, KIND_KEY, DATA, STATE] = ['id', 'is_active', 'sip_trunk_id', 'allowed_country_codes', 'target', 'kind', 'data', 'state'].map(asciiBytes) as
  [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array];
const [TRUE, FALSE, NULL, ASSISTANT, FLOW] = ['true', 'false', 'null', '"assistant"', '"flow"'].map(asciiBytes) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array];

/** One bit a member that was read; all five make a number. */
const ALL_READ = 31;

interface Skimmed { read: number; removed: boolean }

function skim(bytes: Uint8Array): 'state' | 'removed' | 'unread' {
  const skimmed: Skimmed = { read: 0, removed: false };
  eachMember(bytes, 0, (keyStart, keyEnd, value) => isText(bytes, keyStart, keyEnd, DATA)
    ? eachMember(bytes, value, (start, end, state) => isText(bytes, start, end, STATE) ? skimState(bytes, state, skimmed) : skipValue(bytes, state))
    : skipValue(bytes, value));
  if (skimmed.removed) return 'removed';
  return skimmed.read === ALL_READ ? 'state' : 'unread';
}

function skimState(bytes: Uint8Array, at: number, skimmed: Skimmed): number {
  if (startsWith(bytes, at, NULL)) {
    skimmed.removed = true;
    return STOP;
  }
  return eachMember(bytes, at, (keyStart, keyEnd, value) => {
    const member = readMember(bytes, keyStart, keyEnd, value);
    if (member < 0) return SURPRISE;
    skimmed.read |= member;
    return skimmed.read === ALL_READ ? STOP : skipValue(bytes, value);
  });
}

/** The bit of the member if it is one that routing keeps, 0 if it is not, SURPRISE where it is not spelled as expected. */
function readMember(bytes: Uint8Array, start: number, end: number, value: number): number {
  for (const member of MEMBERS) if (isText(bytes, start, end, member.key)) return member.read(bytes, value);
  return 0;
}

const MEMBERS: readonly { key: Uint8Array; read: (bytes: Uint8Array, at: number) => number }[] = [
  { key: ID, read: (bytes, at) => readUuid(bytes, at, NUMBER.id) ? 1 : SURPRISE },
  { key: IS_ACTIVE, read: readActive },
  { key: TRUNK_ID, read: readTrunk },
  { key: COUNTRIES, read: readCountries },
  { key: TARGET, read: readTarget },
];

function startsWith(bytes: Uint8Array, at: number, text: Uint8Array): boolean {
  return isText(bytes, at, at + text.length, text);
}

function readBoolean(bytes: Uint8Array, at: number): boolean | undefined {
  return startsWith(bytes, at, TRUE) ? true : startsWith(bytes, at, FALSE) ? false : undefined;
}

function readActive(bytes: Uint8Array, at: number): number {
  const active = readBoolean(bytes, at);
  NUMBER.active = active === true;
  return active === undefined ? SURPRISE : 2;
}

function readTrunk(bytes: Uint8Array, at: number): number {
  if (startsWith(bytes, at, NULL)) {
    NUMBER.trunkId = null;
    return 4;
  }
  const [a, b, c, d] = [TRUNK_WORDS[0], TRUNK_WORDS[1], TRUNK_WORDS[2], TRUNK_WORDS[3]];
  if (!readUuid(bytes, at, TRUNK_WORDS)) {
    lastTrunk = formatUuid(TRUNK_WORDS.fill(0));
    return SURPRISE;
  }
  // A trunk's numbers often come in a row.
  if (TRUNK_WORDS[3] !== d || TRUNK_WORDS[2] !== c || TRUNK_WORDS[1] !== b || TRUNK_WORDS[0] !== a) lastTrunk = formatUuid(TRUNK_WORDS);
  NUMBER.trunkId = lastTrunk;
  return 4;
}

/** `["DE","US"]`, two capitals each, as the contract has them. */
function readCountries(bytes: Uint8Array, at: number): number {
  NUMBER.countries = null;
  if (startsWith(bytes, at, NULL)) return 8;
  if (bytes[at] !== OPEN_LIST) return SURPRISE;
  const countries: string[] = [];
  for (let next = at + 1; bytes[next] !== CLOSE_LIST; next += bytes[next] === COMMA ? 1 : 0) {
    if (bytes[next] !== QUOTE || bytes[next + 3] !== QUOTE) return SURPRISE;
    countries.push(String.fromCharCode(bytes[next + 1]!, bytes[next + 2]!));
    next += 4;
    if (bytes[next] !== COMMA && bytes[next] !== CLOSE_LIST) return SURPRISE;
  }
  NUMBER.countries = countries;
  return 8;
}

function readTarget(bytes: Uint8Array, at: number): number {
  NUMBER.targetKind = null;
  NUMBER.targetId = 0;
  NUMBER.targetActive = false;
  if (startsWith(bytes, at, NULL)) return 16;
  if (bytes[at] !== OPEN) return SURPRISE;
  let read = 0;
  eachMember(bytes, at, (start, end, value) => {
    const member = readTargetMember(bytes, start, end, value);
    read |= member;
    return member === SURPRISE ? SURPRISE : skipValue(bytes, value);
  });
  return read === 7 ? 16 : SURPRISE;
}

function readTargetMember(bytes: Uint8Array, start: number, end: number, value: number): number {
  if (isText(bytes, start, end, ID)) return readTargetId(bytes, value);
  if (isText(bytes, start, end, KIND_KEY)) {
    NUMBER.targetKind = startsWith(bytes, value, ASSISTANT) ? 'assistant' : startsWith(bytes, value, FLOW) ? 'flow' : null;
    return NUMBER.targetKind === null ? SURPRISE : 2;
  }
  if (!isText(bytes, start, end, IS_ACTIVE)) return 0;
  const active = readBoolean(bytes, value);
  NUMBER.targetActive = active === true;
  return active === undefined ? SURPRISE : 4;
}

function readTargetId(bytes: Uint8Array, at: number): number {
  let id = 0;
  let next = at;
  for (; next < bytes.length && bytes[next]! >= 48 && bytes[next]! <= 57; next++) id = id * 10 + (bytes[next]! - 48);
  NUMBER.targetId = id;
  return next > at && next - at <= 16 && skipValue(bytes, at) === next ? 1 : SURPRISE;
}

/** Where a UUID's 32 digits stand behind its quote. */
const HEX_PLACES = [1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 15, 16, 17, 18, 20, 21, 22, 23, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36];
const HEX_VALUES = new Int8Array(256).fill(-1);
for (let value = 0; value < 16; value++) {
  HEX_VALUES[value.toString(16).charCodeAt(0)] = value;
  HEX_VALUES[value.toString(16).toUpperCase().charCodeAt(0)] = value;
}

function readUuid(bytes: Uint8Array, at: number, into: Uint32Array): boolean {
  if (bytes[at] !== QUOTE || bytes[at + 37] !== QUOTE) return false;
  let bad = 0;
  for (let word = 0; word < 4; word++) {
    let value = 0;
    for (let digit = 0; digit < 8; digit++) {
      const read = HEX_VALUES[bytes[at + HEX_PLACES[word * 8 + digit]!]!]!;
      bad |= read;
      value = value << 4 | read;
    }
    into[word] = value;
  }
  return bad >= 0;
}
