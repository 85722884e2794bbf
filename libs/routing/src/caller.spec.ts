import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { callerOf, isWithheld } from './caller.js';

const [NUMBER, FROM] = ['+12015550123', 'anonymous'];

describe('who calls', () => {
  it.each<[string, string[], string]>([
    ["a header's value", [`<sip:${NUMBER}@carrier.example.com>`], NUMBER],
    ['without brackets', [`sip:${NUMBER}@carrier.example.com;user=phone`], NUMBER],
    ['with a display name', [`"Doe, <John>" <sips:${NUMBER}@carrier.example.com;user=phone>`], NUMBER],
    ['a tel: URI', [`<tel:${NUMBER}>`], NUMBER],
    ['what FreeSWITCH makes of it: the user alone', [NUMBER], NUMBER],
    ['with visual separators', ['<tel:+1-201-555-0123>'], '+1-201-555-0123'],
    ['without parameters of other things', [`<sip:${NUMBER};cpc=ordinary@carrier.example.com>`], NUMBER],
    ['the context of a local number is kept', ['<tel:2015550123;phone-context=+1>'], '2015550123;phone-context=+1'],
    ['escapes', ['<sip:%2B12015550123@carrier.example.com>'], NUMBER],
    ['of two in one line the one that is a number', [`<sip:alice@carrier.example.com>, <tel:${NUMBER}>`], NUMBER],
    ['of two lines as well', ['<sip:alice@carrier.example.com>', `<tel:${NUMBER}>`], NUMBER],
    ['of two numbers the first', [`<sip:${NUMBER}@carrier.example.com>`, '<tel:+12015550199>'], NUMBER],
    ['a name is none', ['<sip:alice@carrier.example.com>'], FROM],
    ['nor is an address without a user', ['<sip:carrier.example.com>'], FROM],
    ['nor what cannot be read', ['"<sip:', '<sip:', ''], FROM],
    ['nothing asserted', [], FROM],
  ])('%s', (_case, asserted, expected) => {
    expect(callerOf(asserted, FROM)).toBe(expected);
  });

  it('is never longer than the contract allows', () => {
    const hostile = fc.string({ unit: 'binary', maxLength: 600 });
    fc.assert(
      fc.property(fc.array(hostile), hostile, (asserted, from) => {
        expect(callerOf(asserted, from).length).toBeLessThanOrEqual(256);
      }),
    );
    expect(callerOf([`<tel:${'1'.repeat(999)}>`], '').length).toBe(256);
  });
});

describe('a caller who does not want to be known', () => {
  it.each<[string[], boolean]>([
    [['id'], true],
    [['user'], true],
    [['header'], true],
    [['ID'], true],
    [['user;id;critical'], true],
    [['session', 'id'], true],
    [[' header ; session'], true],
    [['none;id'], true],
    [['user, id'], true],
    [['none'], false],
    [['session'], false],
    [['history'], false],
    [['critical'], false],
    [['identity'], false],
    [[''], false],
    [[], false],
  ])('Privacy: %j is one: %s', (privacy, expected) => {
    expect(isWithheld(privacy)).toBe(expected);
  });
});
