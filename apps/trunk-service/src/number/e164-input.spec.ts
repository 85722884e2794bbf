import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parsePhoneNumber } from './e164-input.js';

describe('a phone number as people write it', () => {
  it.each([
    ['+15551234567', '+15551234567'],
    ['+1 555 123 4567', '+15551234567'],
    ['  +1 (555) 123-4567 ', '+15551234567'],
    ['+1.555.123.4567', '+15551234567'],
    ['+44 20 7946 0018', '+442079460018'],
  ])('%s is %s', (text, number) => expect(parsePhoneNumber(text)).toEqual({ ok: true, number }));

  it.each([
    ['', /empty/],
    ['15551234567', /begin with "\+"/],
    ['tel:+15551234567', /begin with "\+"/],
    ['+999123456', /known country code/],
    ['+1-555-FLOWERS', /known country code/],
    ['+15551234567 ext 5', /extension/],
    ['+1555123456', /wrong number of digits for country code \+1/],
    ['+155512345678', /wrong number of digits for country code \+1/],
    [`+1${'5'.repeat(60)}`, /longer than 40/],
    ['+1555123\u00004567', /known country code/],
  ])('%j is refused', (text, message) => expect(parsePhoneNumber(text)).toEqual({ ok: false, message: expect.stringMatching(message) }));

  it('takes a number of the North American plan as libphonenumber would', () => {
    fc.assert(fc.property(fc.stringMatching(/^[2-9]\d{9}$/), (national) => {
      // The space keeps it from the short way.
      expect(parsePhoneNumber(`+1${national}`)).toEqual(parsePhoneNumber(`+1 ${national}`));
    }), { numRuns: 500 });
  });

  it('never answers with anything but E.164, and an accepted number is its own canonical form', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\+[\d ()-]{5,20}$/)), (text) => {
      const parsed = parsePhoneNumber(text);
      if (!parsed.ok) return;
      expect(parsed.number).toMatch(/^\+[1-9]\d{6,14}$/);
      expect(parsePhoneNumber(parsed.number)).toEqual(parsed);
    }));
  });
});
