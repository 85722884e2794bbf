import {
  getCountryCallingCode,
  isSupportedCountry,
  Metadata,
  parsePhoneNumberFromString,
  type CountryCode,
} from 'libphonenumber-js/core';
import metadata from 'libphonenumber-js/min/metadata';

/**
 * What only the world's numbering plans know. The slow path: 10 to 30 µs a call, so it is asked only where the number's
 * own spelling does not say enough. Numbers are held as integers (E.164 has at most 15 digits, which a double holds
 * exactly); 0 means none.
 */

const CALLING_CODES = metadata.country_calling_codes as Record<string, CountryCode[]>;
const E164_MIN = 1_000_000;
const E164_LIMIT = 1e15;

/** The calling code of a country, or undefined where it has none. */
export function callingCodeOf(country: string): string | undefined {
  return isSupportedCountry(country as CountryCode, metadata)
    ? getCountryCallingCode(country as CountryCode, metadata)
    : undefined;
}

/**
 * Brings a national spelling, or one with the country's own international prefix, to E.164; 0 where the plan has no
 * number of that length.
 */
export function nationalToE164(digits: string, country: string): number {
  if (!isSupportedCountry(country as CountryCode, metadata)) return 0;
  return possible(
    parsePhoneNumberFromString(digits, { defaultCountry: country as CountryCode, extract: false }, metadata),
  );
}

/**
 * A number of the country as it is dialled there, with the trunk prefix of the plan and without separators; undefined
 * where it is another country's.
 */
export function nationalSpelling(e164: string, country: string): string | undefined {
  const code = callingCodeOf(country);
  if (code === undefined || !e164.startsWith(`+${code}`)) return undefined;
  const number = parsePhoneNumberFromString(e164, { extract: false }, metadata);
  return number?.countryCallingCode === code ? number.formatNational().replace(/\D/g, '') : undefined;
}

/** The same where only a calling code is known (`;phone-context=+44`). */
export function localToE164(digits: string, callingCode: string): number {
  if (CALLING_CODES[callingCode] === undefined) return 0;
  return possible(parsePhoneNumberFromString(digits, { defaultCallingCode: callingCode, extract: false }, metadata));
}

/** Whether a number of that length can exist under its calling code. */
export function isPossible(e164: number): boolean {
  return possible(parsePhoneNumberFromString(`+${e164}`, { extract: false }, metadata)) === e164;
}

/** Calling codes have one to three digits, and none is the beginning of another. */
const TWO_DIGIT_CODES: ReadonlySet<number> = new Set(
  Object.keys(CALLING_CODES)
    .filter((code) => code.length === 2)
    .map(Number),
);

/**
 * Calling codes whose plan drops or replaces a zero in front of a national number. Of others (Italy's, San Marino's,
 * Ivory Coast's) it is part of the number, and their numbers are not looked up.
 */
const ZERO_CODES: ReadonlySet<string> = new Set(
  Object.entries(CALLING_CODES)
    .filter(([, [country]]) => hasZeroPrefix(country!))
    .map(([code]) => code),
);

function hasZeroPrefix(country: CountryCode): boolean {
  if (!isSupportedCountry(country, metadata)) return false;
  const plan = new Metadata(metadata) as Metadata & PlanPrefix;
  plan.selectNumberingPlan(country);
  const prefix = plan.numberingPlan?.nationalPrefixForParsing();
  // A pattern; the number 0 is how the metadata writes that there is none.
  return typeof prefix === 'string' && prefix.includes('0');
}

/** What `Metadata` has and its types leave out. */
interface PlanPrefix {
  numberingPlan?: { nationalPrefixForParsing(): unknown };
}

const ZERO = 48;

/**
 * Whether the digits from `from` on are a calling code and a zero that may be the country's trunk prefix.
 * For the hot path: it looks at four digits at most, and hardly any number in E.164 has a zero there.
 */
export function mayHaveTrunkZero(text: string, from: number): boolean {
  const first = text.charCodeAt(from) - ZERO;
  const two = 10 * first + text.charCodeAt(from + 1) - ZERO;
  const length = first === 1 || first === 7 ? 1 : TWO_DIGIT_CODES.has(two) ? 2 : 3;
  return text.charCodeAt(from + length) === ZERO && ZERO_CODES.has(text.slice(from, from + length));
}

/**
 * International digits → E.164 without the trunk prefix that the country's plan says is one; 0 where nothing possible
 * is left, or a number that would be read without yet another zero.
 */
export function withoutTrunkZero(digits: string): number {
  const number = possible(parsePhoneNumberFromString(`+${digits}`, { extract: false }, metadata));
  return mayHaveTrunkZero(String(number), 0) && !isPossible(number) ? 0 : number;
}

function possible(parsed: ReturnType<typeof parsePhoneNumberFromString>): number {
  if (!parsed?.isPossible()) return 0;
  const value = Number(parsed.number.slice(1));
  return value >= E164_MIN && value < E164_LIMIT ? value : 0;
}

/**
 * The country that a number belongs to, or undefined where it belongs to none (satellite, international freephone, no
 * plan at all).
 * `+1` and the other shared codes are divided by area code: +1 242 is the Bahamas, not the United States. What no
 * country of a shared code claims is the code's main country's.
 */
export function countryOf(e164: number): string | undefined {
  const parsed = parsePhoneNumberFromString(`+${e164}`, { extract: false }, metadata);
  return parsed && (parsed.country ?? CALLING_CODES[parsed.countryCallingCode]?.[0]);
}
