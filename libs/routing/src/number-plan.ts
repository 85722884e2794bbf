import { getCountryCallingCode, isSupportedCountry, parsePhoneNumberFromString, type CountryCode } from 'libphonenumber-js/core';
import metadata from 'libphonenumber-js/min/metadata';

/**
 * What only the world's numbering plans know. The slow path: 10 to 30 µs a call, so it is asked only where the number's own spelling does not say enough.
 * Numbers are held as integers (E.164 has at most 15 digits, which a double holds exactly); 0 means none.
 */

const CALLING_CODES = metadata.country_calling_codes as Record<string, CountryCode[]>;
const E164_MIN = 1_000_000;
const E164_LIMIT = 1e15;

/** The calling code of a country, or undefined where it has none of its own. */
export function callingCodeOf(country: string): string | undefined {
  return isSupportedCountry(country as CountryCode, metadata) ? getCountryCallingCode(country as CountryCode, metadata) : undefined;
}

/** Brings a national spelling, or one with the country's own international prefix, to E.164; 0 where the plan has no number of that length. */
export function nationalToE164(digits: string, country: string): number {
  if (!isSupportedCountry(country as CountryCode, metadata)) return 0;
  return possible(parsePhoneNumberFromString(digits, { defaultCountry: country as CountryCode, extract: false }, metadata));
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

function possible(parsed: ReturnType<typeof parsePhoneNumberFromString>): number {
  if (!parsed?.isPossible()) return 0;
  const value = Number(parsed.number.slice(1));
  return value >= E164_MIN && value < E164_LIMIT ? value : 0;
}

/**
 * The country that a number belongs to, or undefined where it belongs to none (satellite, international freephone, no plan at all).
 * `+1` and the other shared codes are told apart by area code: +1 242 is the Bahamas, not the United States. What no country of a shared code claims is the
 * code's main country's.
 */
export function countryOf(e164: number): string | undefined {
  const parsed = parsePhoneNumberFromString(`+${e164}`, { extract: false }, metadata);
  return parsed && (parsed.country ?? CALLING_CODES[parsed.countryCallingCode]?.[0]);
}
