import { parsePhoneNumberFromString, type PhoneNumber } from 'libphonenumber-js';

/** Longer than any number with its punctuation; libphonenumber gives up at 250. */
const MAX_LENGTH = 40;

const MANY_ZEROS = 'has more than one trunk zero behind the country code; leave them out, for example +442079460000';

export type PhoneNumberInput = { ok: true; number: string } | { ok: false; message: string };

/**
 * Brings what a person wrote (`+1 (555) 123-4567`) to E.164. Possible, not valid: reserved ranges such as +1555… and
 * numbers newer than the metadata must be accepted, because the carrier and not our copy of the numbering plans decides
 * what exists.
 */
export function parsePhoneNumber(text: string): PhoneNumberInput {
  const trimmed = text.trim();
  // Nothing that libphonenumber could find or change, and half of the time of a large import.
  if (/^\+1[2-9]\d{9}$/.test(trimmed)) return { ok: true, number: trimmed };
  if (trimmed === '') return { ok: false, message: 'is empty; give the number in E.164, for example +15551234567' };
  if (trimmed.length > MAX_LENGTH)
    return {
      ok: false,
      message: `is longer than ${MAX_LENGTH} characters; give the number in E.164, for example +15551234567`,
    };
  if (!trimmed.startsWith('+'))
    return { ok: false, message: 'must begin with "+" and the country code, for example +15551234567' };
  const parsed = parsePhoneNumberFromString(trimmed, { extract: false });
  if (parsed === undefined)
    return {
      ok: false,
      message: 'is not a phone number with a known country code; give it in E.164, for example +15551234567',
    };
  if (parsed.ext !== undefined) return { ok: false, message: 'must not have an extension' };
  if (!parsed.isPossible())
    return { ok: false, message: `has the wrong number of digits for country code +${parsed.countryCallingCode}` };
  if (!/^\+[1-9]\d{6,14}$/.test(parsed.number)) return { ok: false, message: 'must have 7 to 15 digits after the "+"' };
  if (!readsAsItself(parsed)) return { ok: false, message: MANY_ZEROS };
  return { ok: true, number: parsed.number };
}

/**
 * Of two trunk zeros (`+49 00 30 …`) libphonenumber drops one; a call to what is left would be read without the other.
 */
const readsAsItself = ({ number, nationalNumber }: PhoneNumber): boolean =>
  !nationalNumber.startsWith('0') || parsePhoneNumberFromString(number, { extract: false })?.number === number;
