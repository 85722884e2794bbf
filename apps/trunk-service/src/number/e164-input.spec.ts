import { describe, expect, it } from '@jest/globals';
import { NEUTRAL, toE164 } from '@trunkmesh/routing/number-format.js';
import fc from 'fast-check';
import metadata from 'libphonenumber-js/min/metadata';
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
    ['+49 00 30 1234567', /more than one trunk zero/],
    ['+1555123\u00004567', /known country code/],
  ])('%j is refused', (text, message) =>
    expect(parsePhoneNumber(text)).toEqual({ ok: false, message: expect.stringMatching(message) }),
  );

  it.each([
    ['+44(0)2079460000', 442079460000],
    ['+44 (0)20 7946 0000', 442079460000],
    ['+4402079460000', 442079460000],
    ['+49030123456', 4930123456],
    ['+33 (0)1 23 45 67 89', 33123456789],
    ['+4903012345678901', 493012345678901],
    ['+360612345678', 3612345678],
    ['+860110000000000', 86110000000000],
    ['+390612345678', 390612345678],
    ['+39 (06) 12345678', 390612345678],
    ['+3780549882345', 3780549882345],
    ['+390669812345', 390669812345],
    ['+2250707123456', 2250707123456],
  ])('%s is stored as the number that a call to it reads', (text, number) => {
    expect(parsePhoneNumber(text)).toEqual({ ok: true, number: `+${number}` });
    expect(toE164(text, NEUTRAL)).toBe(number);
  });

  it('is found by a call, as it is stored and with the zero with which it was written, whatever the country', () => {
    // Not +1, whose trunk prefix is a 1.
    const codes = Object.keys(metadata.country_calling_codes).filter((code) => code !== '1');
    const zeros = fc.constantFrom('0', '(0)', ' (0) ', '00');
    const written = fc.tuple(fc.constantFrom(...codes), zeros, fc.stringMatching(/^[1-9]\d{4,12}$/));
    fc.assert(
      fc.property(
        written.map((parts) => `+${parts.join('')}`),
        (text) => {
          const stored = parsePhoneNumber(text);
          if (!stored.ok) return;
          expect(toE164(stored.number, NEUTRAL)).toBe(Number(stored.number));
          expect(toE164(text, NEUTRAL)).toBe(Number(stored.number));
        },
      ),
      { numRuns: 50_000 },
    );
  });

  it('takes a number of the North American plan as libphonenumber would', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[2-9]\d{9}$/), (national) => {
        // The space keeps it from the short way.
        expect(parsePhoneNumber(`+1${national}`)).toEqual(parsePhoneNumber(`+1 ${national}`));
      }),
      { numRuns: 500 },
    );
  });

  it('never answers with anything but E.164, and an accepted number is its own canonical form', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\+[\d ()-]{5,20}$/)), (text) => {
        const parsed = parsePhoneNumber(text);
        if (!parsed.ok) return;
        expect(parsed.number).toMatch(/^\+[1-9]\d{6,14}$/);
        expect(parsePhoneNumber(parsed.number)).toEqual(parsed);
      }),
    );
  });
});
