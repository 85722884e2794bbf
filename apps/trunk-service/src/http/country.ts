import { countryCode, WORLD } from '@trunkmesh/contracts/scalar.js';
import { getCountries } from 'libphonenumber-js';
import { z } from 'zod';

const COUNTRIES: ReadonlySet<string> = new Set(getCountries());

/**
 * A country that has telephone numbers. Lower case is brought to upper case: there is nothing else that it could mean.
 */
export const existingCountry = z
  .string()
  .toUpperCase()
  .pipe(
    countryCode.refine((code) => COUNTRIES.has(code), {
      error: 'is not a country that has telephone numbers',
      abort: true,
    }),
  );

/** The same, or `001`: numbers of no country. */
export const existingCountryOrWorld = z.literal(WORLD).or(existingCountry);

/** Each once, in the order given. */
export const countryCodes = z
  .array(existingCountry)
  .max(COUNTRIES.size)
  .transform((codes) => [...new Set(codes)]);
