import type { SpecialNumber } from '@trunkmesh/contracts/outbound.js';
import { WORLD } from '@trunkmesh/contracts/scalar.js';
import {
  getCountryCallingCode,
  parsePhoneNumberFromString,
  type CountryCode,
  type NumberType,
  type PhoneNumber,
} from 'libphonenumber-js/core';
import metadata from 'libphonenumber-js/max/metadata';
import { NANP_MAIN_COUNTRY, nanpNumber } from './nanp.js';
import { dialectOf, dialledDigits, formatE164, NEUTRAL, toE164 } from './number-format.js';

/** What an outbound call would reach. `country` null: a network of no country (satellite, international freephone). */
export interface Destination {
  readonly number: number;
  readonly country: string | null;
  readonly special: SpecialNumber | null;
}

/**
 * Emergency numbers of the countries (ITU-T E.129 notifications, national regulators). Every other number that is too
 * short to be public is refused as well, so this list only decides what the refusal says.
 */
const EMERGENCY = new Set(
  (
    '000 08 060 065 066 100 101 102 103 104 105 106 108 110 111 112 113 114 115 116 117 118 119 120 122 123 125 127 ' +
    '128 129 130 131 132 133 140 144 150 155 158 166 177 180 185 188 190 191 192 193 194 195 197 198 199 911 917 933 ' +
    '988 990 991 992 993 994 995 996 997 998 999 1122 10111 10177 15 17 18'
  ).split(' '),
);
const LONGEST_SHORT = 6;

/** Ranges of the numbering plans by what a call to them costs. `PERSONAL_NUMBER` shares its revenue (UK 070). */
const SPECIAL_TYPES: Partial<Record<NonNullable<NumberType>, SpecialNumber>> = {
  PREMIUM_RATE: 'premium-rate',
  PERSONAL_NUMBER: 'premium-rate',
  SHARED_COST: 'shared-cost',
};
/** Calling codes of no country (ITU-T E.164, list of assigned codes). */
const SPECIAL_CODES: Readonly<Record<string, SpecialNumber>> = {
  '808': 'shared-cost',
  '870': 'satellite',
  '878': 'premium-rate',
  '881': 'satellite',
  '882': 'satellite',
  '883': 'satellite',
  '979': 'premium-rate',
};

/**
 * Reads the number to call as it is dialled in the country of the number that calls: E.164, or that country's national
 * or international spelling.
 */
export function readDestination(to: string, from: number): Destination | 'emergency-number' | 'not-a-public-number' {
  const home = homeOf(from);
  const dialled = dialledDigits(to.trim());
  if (dialled === undefined) return 'not-a-public-number';
  if (isShort(dialled, home)) return isEmergency(dialled, home) ? 'emergency-number' : 'not-a-public-number';
  const number = toE164(dialled, home === null ? NEUTRAL : dialectOf({ default_country: home, number_rules: [] }));
  return (number === 0 ? undefined : destinationOf(number)) ?? 'not-a-public-number';
}

function destinationOf(number: number): Destination | undefined {
  if (isNanp(number)) {
    const { country = NANP_MAIN_COUNTRY, type } = nanpNumber(String(number).slice(1));
    return { number, country, special: SPECIAL_TYPES[type ?? 'FIXED_LINE'] ?? null };
  }
  const parsed = parsePhoneNumberFromString(formatE164(number), { extract: false }, metadata);
  if (parsed?.isPossible() !== true) return undefined;
  const code = SPECIAL_CODES[parsed.countryCallingCode];
  if (code !== undefined) return { number, country: null, special: code };
  const special = SPECIAL_TYPES[parsed.getType() ?? 'FIXED_LINE'] ?? null;
  return { number, country: countryIn(parsed), special };
}

/** `1` and ten digits, the first of which is 2 to 9. */
const isNanp = (number: number): boolean => number >= 12_000_000_000 && number < 20_000_000_000;

/** As `countryOf` (number-plan.ts), from the metadata that knows the kinds of numbers as well. */
const countryIn = ({ country, countryCallingCode }: PhoneNumber): string | null =>
  country ?? metadata.country_calling_codes[countryCallingCode]?.[0] ?? null;

/** Parsing takes tens of microseconds, and an organisation calls from few numbers. */
const MAX_HOMES = 50_000;
const homes = new Map<number, string | null>();

/** The country of a number that calls; null: it belongs to none. */
export function homeOf(from: number): string | null {
  const home = countryOrWorldOf(from);
  return home === WORLD ? null : home;
}

/** Whom a number belongs to: a country, or `001`, the world, as satellites do; null: nobody, as the plans have it. */
export function countryOrWorldOf(number: number): string | null {
  const known = homes.get(number);
  if (known !== undefined) return known;
  const parsed = parsePhoneNumberFromString(formatE164(number), { extract: false }, metadata);
  const home = parsed === undefined ? null : (countryIn(parsed) ?? (parsed.isNonGeographic() ? WORLD : null));
  if (homes.size >= MAX_HOMES) homes.clear();
  homes.set(number, home);
  return home;
}

/** The digits behind a plus, an international prefix or the calling code: `+49112` is 112 to a carrier. */
function variants(dialled: string, home: string | null): string[] {
  const digits = dialled.replace(/^\+|^00/, '');
  const code = home === null ? undefined : getCountryCallingCode(home as CountryCode, metadata);
  return code !== undefined && digits.startsWith(code) && digits.length > code.length
    ? [dialled, digits, digits.slice(code.length)]
    : [dialled, digits];
}

const isShort = (dialled: string, home: string | null): boolean =>
  variants(dialled, home).some((digits) => digits.length <= LONGEST_SHORT);
const isEmergency = (dialled: string, home: string | null): boolean =>
  variants(dialled, home).some((digits) => EMERGENCY.has(digits));
