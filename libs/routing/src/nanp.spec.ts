import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parsePhoneNumberFromString, type NumberType } from 'libphonenumber-js/core';
import metadata from 'libphonenumber-js/max/metadata';
import { nanpNumber } from './nanp.js';

/** Fixed lines and mobiles are one in this plan. */
const kind = (type: NumberType | undefined) =>
  type === 'FIXED_LINE' || type === 'MOBILE' || type === 'FIXED_LINE_OR_MOBILE' ? 'LINE' : type;

/** Area codes at which countries and kinds of numbers meet. */
const AREAS =
  '201 204 212 226 242 246 264 268 284 310 340 345 441 473 500 521 522 523 524 533 544 556 600 622 649 658 664 670 ' +
  '671 684 700 710 721 758 767 784 787 800 809 829 833 849 855 868 869 876 888 900 907 939 976';

it('says of a North American number what libphonenumber says', () => {
  const digits = (length: number) =>
    fc.array(fc.integer({ min: 0, max: 9 }), { minLength: length, maxLength: length }).map((list) => list.join(''));
  const number = fc.oneof(
    fc.tuple(fc.constantFrom(...AREAS.split(' ')), digits(7)).map((parts) => parts.join('')),
    fc.tuple(fc.integer({ min: 2, max: 9 }), digits(9)).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(number, (national) => {
      const parsed = parsePhoneNumberFromString(`+1${national}`, { extract: false }, metadata);
      expect(parsed?.isPossible()).toBe(true);
      const { country, type } = nanpNumber(national);
      expect({ country, type: kind(type) }).toEqual({ country: parsed?.country, type: kind(parsed?.getType()) });
    }),
    { numRuns: 1_500 },
  );
});
