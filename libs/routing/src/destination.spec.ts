import { describe, expect, it } from '@jest/globals';
import { readDestination } from './destination.js';

const US = 15550100000;
const UK = 442079460000;
const DE = 4930123456;

describe('the number to call', () => {
  it.each([
    ['+4930123456', US, { number: 4930123456, country: 'DE', special: null }],
    ['(555) 123-4567', US, { number: 15551234567, country: 'US', special: null }],
    ['011 44 20 7946 0958', US, { number: 442079460958, country: 'GB', special: null }],
    ['020 7946 0958', UK, { number: 442079460958, country: 'GB', special: null }],
    ['030 123456', DE, { number: 4930123456, country: 'DE', special: null }],
    ['0044 20 7946 0958', DE, { number: 442079460958, country: 'GB', special: null }],
    ['+12425550100', US, { number: 12425550100, country: 'BS', special: null }],
    ['+449098790123', UK, { number: 449098790123, country: 'GB', special: 'premium-rate' }],
    ['+19005550100', US, { number: 19005550100, country: 'US', special: 'premium-rate' }],
    ['+447010000000', UK, { number: 447010000000, country: 'GB', special: 'premium-rate' }],
    ['+491805000000', DE, { number: 491805000000, country: 'DE', special: 'shared-cost' }],
    ['+870773000000', US, { number: 870773000000, country: null, special: 'satellite' }],
    ['+881612345678', US, { number: 881612345678, country: null, special: 'satellite' }],
    ['+979123456789', US, { number: 979123456789, country: null, special: 'premium-rate' }],
    ['+80012345678', US, { number: 80012345678, country: null, special: null }],
  ])('%s, dialled from %i', (to, from, destination) => expect(readDestination(to, from)).toEqual(destination));

  it.each([
    ['911', US],
    ['112', UK],
    ['999', UK],
    ['+1911', US],
    ['+44999', UK],
    ['0049112', DE],
    ['1 1 2', DE],
    ['10111', 27100000000],
  ])('%s from %i is an emergency number', (to, from) => expect(readDestination(to, from)).toBe('emergency-number'));

  it.each([
    '',
    '9228',
    'alice',
    '12345',
    '*21*15551234567#',
    '+0155512345',
    '+155512345678901234',
    "+1555'; originate",
    '198.51.100.7',
  ])('%j is not a public number', (to) => expect(readDestination(to, US)).toBe('not-a-public-number'));
});
