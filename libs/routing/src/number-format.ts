import type { NumberRule } from '@trunkmesh/contracts/number-rule.js';
import {
  callingCodeOf,
  isPossible,
  localToE164,
  mayHaveTrunkZero,
  nationalToE164,
  withoutTrunkZero,
} from './number-plan.js';

/**
 * How a trunk's carrier writes numbers towards us. Trunks that write alike share one dialect, so that a call from a
 * shared address is read once a dialect.
 */
export interface Dialect {
  /** Equal for equal dialects. */
  readonly key: string;
  readonly rules: readonly NumberRule[];
  readonly country: string | null;
  readonly callingCode: string | undefined;
}

export function dialectOf(trunk: { default_country: string | null; number_rules: readonly NumberRule[] }): Dialect {
  const rules = trunk.number_rules.filter((rule) => rule.direction === 'inbound');
  const parts = rules.map((rule) => [rule.prefix, rule.min_length, rule.max_length, rule.strip, rule.add]);
  return {
    key: JSON.stringify([trunk.default_country, parts]),
    rules,
    country: trunk.default_country,
    callingCode: trunk.default_country === null ? undefined : callingCodeOf(trunk.default_country),
  };
}

/** Nobody's rules: E.164 with or without its plus, or behind `00`. */
export const NEUTRAL = dialectOf({ default_country: null, number_rules: [] });

/** Longer than any number with its prefixes; what is longer is not looked at. */
const MAX_DIALLED = 40;
const E164_MIN_DIGITS = 7;
const E164_MAX_DIGITS = 15;
const PLUS = 43;
const ZERO = 48;
const ONE = 49;
const DIALLED = /^\+?[\d*#]+$/;
/** Visual separators: RFC 3966 §5.1.1, and the space and slash that people write. */
const SEPARATORS = /[-.() /]/g;
const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;

/**
 * Drops the visual separators. `undefined` where anything else is in it than digits, `*`, `#` and one leading `+`, or
 * where it is an IPv4 address, whose digits would read as a number.
 */
export function dialledDigits(value: string): string | undefined {
  if (value.length > MAX_DIALLED) return undefined;
  if (DIALLED.test(value)) return value;
  const bare = value.replace(SEPARATORS, '');
  return DIALLED.test(bare) && !IPV4.test(value) ? bare : undefined;
}

/** Digits from `from` on as a number in E.164, or 0 where they are none. */
function e164Digits(text: string, from: number): number {
  const length = text.length - from;
  if (length < E164_MIN_DIGITS || length > E164_MAX_DIGITS || text.charCodeAt(from) === ZERO) return 0;
  let value = 0;
  for (let at = from; at < text.length; at++) {
    const digit = text.charCodeAt(at) - ZERO;
    if (digit < 0 || digit > 9) return 0;
    value = value * 10 + digit;
  }
  return value;
}

const DIGITS = /^\d{7,20}$/;

/**
 * The same behind a plus or an international prefix, where many people write the trunk prefix of the national
 * spelling behind the calling code: `+44 (0)20 …`. The 15 digits of E.164 are counted without it.
 */
function internationalDigits(text: string, from: number): number {
  if (!mayHaveTrunkZero(text, from)) return e164Digits(text, from);
  const digits = text.slice(from);
  const number = DIGITS.test(digits) ? withoutTrunkZero(digits) : 0;
  return number !== 0 ? number : e164Digits(text, from);
}

function applyRules(dialled: string, rules: readonly NumberRule[]): string {
  for (const rule of rules) {
    if (dialled.length >= rule.min_length && dialled.length <= rule.max_length && dialled.startsWith(rule.prefix))
      return rule.add + dialled.slice(rule.strip);
  }
  return dialled;
}

/** E.164 as a trunk's carrier wants it: the first outbound rule that fits. */
export const carrierSpelling = (e164: string, rules: readonly NumberRule[]): string =>
  rules.length === 0
    ? e164
    : applyRules(
        e164,
        rules.filter(({ direction }) => direction === 'outbound'),
      );

/**
 * What a carrier wrote → E.164 as an integer; 0 where it is not a public number. One reading or none: a value that two
 * plans read differently would be a guess.
 * `context`: an RFC 3966 `phone-context`, which makes a local number global.
 */
export function toE164(value: string, dialect: Dialect, context?: string): number {
  if (dialect.rules.length === 0 && value.charCodeAt(0) === PLUS) {
    const direct = internationalDigits(value, 1);
    if (direct !== 0) return direct;
  }
  const dialled = dialledDigits(value);
  if (dialled === undefined) return 0;
  const local = context === undefined || dialled.charCodeAt(0) === PLUS ? 0 : inContext(dialled, context);
  return local !== 0 ? local : fromDialled(applyRules(dialled, dialect.rules), dialect);
}

function fromDialled(dialled: string, dialect: Dialect): number {
  if (dialled.charCodeAt(0) === PLUS) return internationalDigits(dialled, 1);
  // Not a digit in it anywhere else than where e164Digits says so: `*21*15551234567#` is a service code.
  if (dialled.includes('*') || dialled.includes('#')) return 0;
  if (dialled.startsWith('00')) return internationalAccess(dialled, dialect);
  // Six digits and fewer are an extension or a local number, which no plan brings to E.164 without a guess of the area.
  const national =
    dialect.country === null || dialled.length < E164_MIN_DIGITS
      ? 0
      : fromNational(dialled, dialect.country, dialect.callingCode);
  return national !== 0 ? national : bareInternational(dialled);
}

/**
 * `00` is the international prefix nearly everywhere; where a country has another that begins so (`0011` in
 * Australia), its plan is asked first.
 */
function internationalAccess(dialled: string, dialect: Dialect): number {
  const direct = internationalDigits(dialled, 2);
  if (direct !== 0 && isPossible(direct)) return direct;
  const national = dialect.country === null ? 0 : nationalToE164(dialled, dialect.country);
  return national !== 0 ? national : direct;
}

function fromNational(dialled: string, country: string, callingCode: string | undefined): number {
  if (callingCode === '1') return fromNanp(dialled);
  return nationalToE164(dialled, country);
}

/**
 * The North American plan by hand, for it is the hot one: ten digits, eleven with the 1, and `011` before another
 * country's number.
 */
function fromNanp(dialled: string): number {
  if (dialled.length === 10 && dialled.charCodeAt(0) > ONE) return e164Digits(`1${dialled}`, 0);
  if (dialled.length === 11 && dialled.charCodeAt(0) === ONE) return e164Digits(dialled, 0);
  return dialled.startsWith('011') ? internationalDigits(dialled, 3) : 0;
}

/**
 * E.164 without its plus, as many carriers write it: only where a number of that length exists under the calling code.
 * A trunk zero is not looked for: `4405551234` may as well be North American without its 1.
 */
function bareInternational(dialled: string): number {
  if (dialled.length < 8) return 0;
  const value = e164Digits(dialled, 0);
  if (value === 0 || (dialled.length === 11 && dialled.charCodeAt(0) === ONE)) return value;
  return isPossible(value) ? value : 0;
}

/**
 * RFC 3966 §5.1.5: a context that is the beginning of a global number. A bare calling code means a national spelling,
 * which may carry the trunk prefix (`020…;phone-context=+44`); a longer one is a prefix. A domain as context says
 * nothing about the number.
 */
function inContext(dialled: string, context: string): number {
  if (context.charCodeAt(0) !== PLUS) return 0;
  const prefix = dialledDigits(context);
  if (prefix === undefined) return 0;
  const national = prefix.length <= 4 ? localToE164(dialled, prefix.slice(1)) : 0;
  return national !== 0 ? national : e164Digits(prefix + dialled, 1);
}

/** Full public numbers are as long as this; a short extension is shorter. */
const SHORTEST_PUBLIC = E164_MIN_DIGITS;

/**
 * Whether a Request-URI's or To's user may be a full public number of any holder. Wider than `toE164` on purpose:
 * ten digits without a country cannot be assigned to a holder, but to treat them as an extension would be a guess.
 */
export function looksPublic(value: string): boolean {
  const dialled = dialledDigits(value);
  if (dialled === undefined || dialled.includes('*') || dialled.includes('#')) return false;
  return dialled.length - (dialled.charCodeAt(0) === PLUS ? 1 : 0) >= SHORTEST_PUBLIC;
}

export const formatE164 = (number: number): string => `+${number}`;
