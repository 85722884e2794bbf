/** Of numbers that belong to no country (UN M.49). */
const WORLD = '001';

/** A country as its code; null: it is not known. */
export const countryText = (country: string | null): string =>
  country === WORLD ? '001, no country (satellite, international networks)' : (country ?? 'not known');
