import { expect, it } from '@jest/globals';
import { countryOf } from './country.js';

it.each([
  ['+4930123456', 'DE'],
  ['+870773000000', '001'],
  ['+881612345678', '001'],
  ['+88213612345', '001'],
  ['+883510012345678', '001'],
  ['+979123456789', '001'],
  ['+80012345678', '001'],
  ['+999123456789', null],
  ['anonymous', null],
  ['', null],
])('the number %j belongs to %j', (number, country) => expect(countryOf(number)).toBe(country));
