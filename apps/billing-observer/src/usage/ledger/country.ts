import { countryOrWorldOf } from '@trunkmesh/routing/destination.js';

const E164 = /^\+[1-9]\d{6,14}$/;

/** The country that a number belongs to, or `001` (`WORLD`); null where it is not in E.164 or nobody's. */
export const countryOf = (number: string): string | null =>
  E164.test(number) ? countryOrWorldOf(Number(number.slice(1))) : null;
