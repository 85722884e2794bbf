import { expect, it } from '@jest/globals';
import { countryText } from './country.js';

it.each([
  ['DE', 'DE'],
  ['001', '001, no country (satellite, international networks)'],
  [null, 'not known'],
])('the country %j is shown as %j', (country, text) => expect(countryText(country)).toBe(text));
