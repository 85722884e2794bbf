import { homeOf } from '@trunkmesh/routing/destination.js';

const E164 = /^\+[1-9]\d{6,14}$/;

/** The country that a number belongs to; null where it is not in E.164 or belongs to no country. */
export const countryOf = (number: string): string | null =>
  E164.test(number) ? homeOf(Number(number.slice(1))) : null;
