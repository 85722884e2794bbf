import {
  asciiBytes,
  CLOSE,
  CLOSE_LIST,
  COMMA,
  find,
  OPEN_LIST,
  patternOf,
  QUOTE,
  skipValue,
  startsWith,
  SURPRISE,
} from './json-skim.js';
import { applyEvent, type StateEvent } from './route-events.js';
import type { RouteIndex } from './route-index.js';
import { deleteNumber, putNumber, putNumberOf, type RoutedNumber } from './route-numbers.js';
import { cachedTrunk, cacheTrunk, createTrunkCache } from './trunk-cache.js';
import { formatUuid } from './uuid-words.js';
import type { TrunkEntry } from './route-entries.js';

/**
 * `applyEvent` from an event's bytes. A cold start reads millions of number events; parsing each into objects would
 * take longer than the stream needs to deliver it. So a number's event is skimmed for the six members that routing
 * keeps. Whatever is not spelled as expected goes the usual way.
 */
export function applyEventBytes(index: RouteIndex, subject: string, bytes: Uint8Array): boolean {
  const digits = digitsOfNumberSubject(subject);
  if (digits !== 0) {
    const read = skim(bytes);
    if (read === 'removed') deleteNumber(index, subject.slice(ORG_START, ORG_END), digits);
    if (read === 'state') {
      NUMBER.digits = digits;
      putSkimmed(index, subject);
    }
    if (read !== 'unread') return true;
  }
  return applyEvent(index, subject, JSON.parse(UTF8.decode(bytes)) as StateEvent);
}

/** Nearly always the number's trunk is known and of the subject's organisation. */
function putSkimmed(index: RouteIndex, subject: string): void {
  const trunk = hasTrunk ? trunkByWords(index, TRUNK_WORDS) : undefined;
  if (trunk !== undefined && subject.slice(ORG_START, ORG_END) === trunk.organization.id)
    return putNumberOf(index, trunk, NUMBER);
  NUMBER.trunkId = hasTrunk ? formatUuid(TRUNK_WORDS) : null;
  putNumber(index, subject.slice(ORG_START, ORG_END), NUMBER);
}

function trunkByWords(index: RouteIndex, words: Uint32Array): TrunkEntry | undefined {
  const cache = (index.trunkCache ??= createTrunkCache());
  const cached = cachedTrunk(cache, words);
  if (cached !== undefined) return cached;
  const trunk = index.trunks.get(formatUuid(words));
  if (trunk !== undefined) cacheTrunk(cache, words, trunk);
  return trunk;
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
    if (digit < 0 || digit > 9 || (digits === 0 && digit === 0)) return 0;
    digits = digits * 10 + digit;
  }
  return digits;
}

/** Filled by `skim` and used up within one call; so are the two below. */
const NUMBER: RoutedNumber = {
  digits: 0,
  id: new Uint32Array(4),
  active: false,
  trunkId: null,
  countries: null,
  targetKind: null,
  targetId: 0,
  targetActive: false,
  proven: false,
  verified: false,
};
const TRUNK_WORDS = new Uint32Array(4);
let hasTrunk = false;

/**
 * Where an event's state is: CloudEvents allows no objects before `data`, and within a string every quote is escaped,
 * so the first place that reads so is `data` itself. An envelope is not shorter than that; one that is goes the usual
 * way.
 */
const DATA = patternOf('"data":{"change":');
const SHORTEST_ENVELOPE = 200;
const STATE = asciiBytes(',"state":');
/** Optional, so its place after the other members varies. Within a string its quotes would be escaped. */
const PROOF = patternOf(',"proof":{');
/** Members in the contract's order (number.ts). Name and provider are skipped; from `is_active` on all are adjacent. */
const ID = asciiBytes('{"id":');
const IS_ACTIVE = patternOf(',"is_active":');
const [TRUNK_ID, COUNTRIES, VERIFIED, CAPABILITIES, TARGET] = [
  ',"sip_trunk_id":',
  ',"allowed_country_codes":',
  ',"is_verified_caller_id":',
  ',"capabilities":',
  ',"target":',
].map(asciiBytes) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array];
const BEFORE_NAME = (
  '{"id":"01900000-0000-7000-8000-000000000000",' +
  '"organization_id":"01900000-0000-7000-8000-000000000000","phone_number":"+1555123"'
).length;
const [TRUE, FALSE, NULL] = ['true', 'false', 'null'].map(asciiBytes) as [Uint8Array, Uint8Array, Uint8Array];
const [ASSISTANT, FLOW] = ['"assistant"', '"flow"'].map(asciiBytes) as [Uint8Array, Uint8Array];

function skim(bytes: Uint8Array): 'state' | 'removed' | 'unread' {
  const data = find(bytes, DATA, SHORTEST_ENVELOPE);
  const change = data < 0 ? SURPRISE : skipValue(bytes, data + DATA.text.length);
  if (change < 0 || !startsWith(bytes, change, STATE)) return 'unread';
  const state = change + STATE.length;
  if (startsWith(bytes, state, NULL)) return 'removed';
  return skimState(bytes, state) ? 'state' : 'unread';
}

function skimState(bytes: Uint8Array, state: number): boolean {
  if (member(bytes, state, ID, readId) < 0) return false;
  const active = find(bytes, IS_ACTIVE, state + BEFORE_NAME);
  const trunk = member(bytes, active, IS_ACTIVE.text, readActive);
  const countries = member(bytes, trunk, TRUNK_ID, readTrunk);
  const verified = member(bytes, countries, COUNTRIES, readCountries);
  const capabilities = member(bytes, verified, VERIFIED, readVerified);
  const target = member(bytes, capabilities, CAPABILITIES, skipValue);
  const end = member(bytes, target, TARGET, readTarget);
  NUMBER.proven = end > 0 && find(bytes, PROOF, end) > 0;
  return end > 0;
}

/** Gives the place behind the value that begins at `at`, or SURPRISE. */
type Read = (bytes: Uint8Array, at: number) => number;

/** `at` may be a SURPRISE of before. */
function member(bytes: Uint8Array, at: number, key: Uint8Array, read: Read): number {
  return at > 0 && startsWith(bytes, at, key) ? read(bytes, at + key.length) : SURPRISE;
}

function readId(bytes: Uint8Array, at: number): number {
  return readUuid(bytes, at, NUMBER.id);
}

function readActive(bytes: Uint8Array, at: number): number {
  NUMBER.active = startsWith(bytes, at, TRUE);
  return behindBoolean(bytes, at, NUMBER.active);
}

function readVerified(bytes: Uint8Array, at: number): number {
  NUMBER.verified = startsWith(bytes, at, TRUE);
  return behindBoolean(bytes, at, NUMBER.verified);
}

const behindBoolean = (bytes: Uint8Array, at: number, value: boolean): number =>
  value ? at + TRUE.length : startsWith(bytes, at, FALSE) ? at + FALSE.length : SURPRISE;

function readTrunk(bytes: Uint8Array, at: number): number {
  hasTrunk = !startsWith(bytes, at, NULL);
  return hasTrunk ? readUuid(bytes, at, TRUNK_WORDS) : at + NULL.length;
}

/** `["DE","US"]`, two characters each, as the contract has them. */
function readCountries(bytes: Uint8Array, at: number): number {
  NUMBER.countries = null;
  if (startsWith(bytes, at, NULL)) return at + NULL.length;
  if (bytes[at] !== OPEN_LIST) return SURPRISE;
  const countries: string[] = [];
  let next = at + 1;
  while (bytes[next] !== CLOSE_LIST) {
    if (bytes[next] !== QUOTE || bytes[next + 3] !== QUOTE) return SURPRISE;
    countries.push(String.fromCharCode(bytes[next + 1]!, bytes[next + 2]!));
    next += 4;
    if (bytes[next] === COMMA) next++;
    else if (bytes[next] !== CLOSE_LIST) return SURPRISE;
  }
  NUMBER.countries = countries;
  return next + 1;
}

/** `{"kind":…,"id":…,"name":…,"is_active":…}`. */
function readTarget(bytes: Uint8Array, at: number): number {
  NUMBER.targetKind = null;
  NUMBER.targetId = 0;
  NUMBER.targetActive = false;
  if (startsWith(bytes, at, NULL)) return at + NULL.length;
  const id = member(bytes, at, TARGET_KIND, readTargetKind);
  const name = member(bytes, id, TARGET_ID, readTargetId);
  const active = member(bytes, name, TARGET_NAME, skipValue);
  return member(bytes, active, TARGET_ACTIVE, readTargetActive);
}

const [TARGET_KIND, TARGET_ID, TARGET_NAME, TARGET_ACTIVE] = ['{"kind":', ',"id":', ',"name":', ',"is_active":'].map(
  asciiBytes,
) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];

function readTargetKind(bytes: Uint8Array, at: number): number {
  NUMBER.targetKind = startsWith(bytes, at, ASSISTANT) ? 'assistant' : startsWith(bytes, at, FLOW) ? 'flow' : null;
  if (NUMBER.targetKind === null) return SURPRISE;
  return at + (NUMBER.targetKind === 'assistant' ? ASSISTANT.length : FLOW.length);
}

function readTargetActive(bytes: Uint8Array, at: number): number {
  NUMBER.targetActive = startsWith(bytes, at, TRUE);
  return behindBoolean(bytes, at, NUMBER.targetActive);
}

/** Digits alone, up to the 16 of the largest safe integer. */
function readTargetId(bytes: Uint8Array, at: number): number {
  let id = 0;
  let next = at;
  for (; bytes[next]! >= 48 && bytes[next]! <= 57; next++) id = id * 10 + (bytes[next]! - 48);
  NUMBER.targetId = id;
  return next > at && next - at <= 16 && (bytes[next] === COMMA || bytes[next] === CLOSE) ? next : SURPRISE;
}

/** -1 for what is no digit: or-ed into a group, it makes the group negative. */
const HEX = new Int8Array(256).fill(-1);
for (let value = 0; value < 16; value++) {
  HEX[value.toString(16).charCodeAt(0)] = value;
  HEX[value.toString(16).toUpperCase().charCodeAt(0)] = value;
}

const group = (bytes: Uint8Array, at: number): number =>
  (HEX[bytes[at]!]! << 12) | (HEX[bytes[at + 1]!]! << 8) | (HEX[bytes[at + 2]!]! << 4) | HEX[bytes[at + 3]!]!;

/**
 * Past the UUID, whose words are then in `into`. Its groups of four digits begin at 1, 5, 10, 15, 20, 25, 29 and 33.
 */
function readUuid(bytes: Uint8Array, at: number, into: Uint32Array): number {
  if (bytes[at] !== QUOTE || bytes[at + 37] !== QUOTE) return SURPRISE;
  const [a, b, c, d] = [group(bytes, at + 1), group(bytes, at + 5), group(bytes, at + 10), group(bytes, at + 15)];
  const [e, f, g, h] = [group(bytes, at + 20), group(bytes, at + 25), group(bytes, at + 29), group(bytes, at + 33)];
  into[0] = (a << 16) | b;
  into[1] = (c << 16) | d;
  into[2] = (e << 16) | f;
  into[3] = (g << 16) | h;
  return (a | b | c | d | e | f | g | h) < 0 ? SURPRISE : at + 38;
}
