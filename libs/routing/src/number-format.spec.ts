import { describe, expect, it } from '@jest/globals';
import type { NumberRule } from '@trunkmesh/contracts/number-rule.js';
import fc from 'fast-check';
import metadata from 'libphonenumber-js/min/metadata';
import { dialectOf, dialledDigits, looksPublic, toE164 } from './number-format.js';
import { countryOf } from './number-plan.js';

const rule = (with_: Partial<NumberRule>): NumberRule => ({
  direction: 'inbound',
  prefix: '',
  min_length: 0,
  max_length: 32,
  strip: 0,
  add: '',
  ...with_,
});
const inCountry = (country: string | null, ...rules: NumberRule[]) =>
  dialectOf({ default_country: country, number_rules: rules });

describe('what a carrier wrote', () => {
  it.each<[string, string | null, string, number]>([
    ['E.164', null, '+15551234567', 15551234567],
    ['E.164 with separators', null, '+1 (555) 123-4567', 15551234567],
    ['the longest E.164', null, '+999999999999999', 999999999999999],
    ['the international prefix', null, '0015551234567', 15551234567],
    ['the international prefix, where the country has one too', 'DE', '0015551234567', 15551234567],
    ["a country's other international prefix", 'AU', '0011442071234567', 442071234567],
    ['the North American international prefix', 'US', '011442071234567', 442071234567],
    ['no plus, North American', null, '15551234567', 15551234567],
    ['no plus, any country', null, '442071234567', 442071234567],
    ["no plus, another country's than the default", 'US', '442071234567', 442071234567],
    ["no plus, another country's than the default", 'GB', '15551234567', 15551234567],
    ['ten digits in North America', 'US', '5551234567', 15551234567],
    ['ten digits in the Caribbean', 'JM', '8765551234', 18765551234],
    ['eleven digits in North America', 'CA', '15551234567', 15551234567],
    ['a trunk prefix', 'GB', '02071234567', 442071234567],
    ['no trunk prefix', 'GB', '2071234567', 442071234567],
    ['its own country code', 'GB', '442071234567', 442071234567],
    ['a zero that belongs to the number', 'IT', '0612345678', 390612345678],
    ['a closed plan', 'NO', '22123456', 4722123456],
    ['an open plan', 'DE', '030/123456', 4930123456],
    ['a trunk zero in brackets behind the country code', null, '+44(0)2079460000', 442079460000],
    ['a trunk zero in brackets, with spaces', 'GB', '+44 (0)20 7946 0000', 442079460000],
    ['a trunk zero behind the country code', 'US', '+4402079460000', 442079460000],
    ['a trunk zero behind the country code, without a plus', 'GB', '4402079460000', 442079460000],
    ['a trunk zero behind the international prefix', null, '004402079460000', 442079460000],
    ['a trunk zero behind the North American international prefix', 'US', '0114402079460000', 442079460000],
    ['a trunk zero where the length is possible with it too', null, '+49030123456', 4930123456],
    ['a trunk zero of France', null, '+33 (0)1 23 45 67 89', 33123456789],
    ['a trunk zero behind a code of three digits', null, '+3800441234567', 380441234567],
    ['a trunk prefix of two digits', null, '+360612345678', 3612345678],
    ['sixteen digits, of which one is a trunk zero', null, '+4903012345678901', 493012345678901],
    ['two zeros, of which one cannot be a trunk zero', null, '+4900301234567', 4900301234567],
    ['a zero that belongs to the number, behind the country code', null, '+390612345678', 390612345678],
    ['the same in brackets', null, '+39 (06) 12345678', 390612345678],
    ['a zero of San Marino', null, '+3780549882345', 3780549882345],
    ['a zero of the Vatican', null, '+390669812345', 390669812345],
    ['a zero that belongs to the number, behind a code of three digits', null, '+2250707123456', 2250707123456],
  ])('%s (%s): %s', (_what, country, written, expected) => expect(toE164(written, inCountry(country))).toBe(expected));

  it.each<[string, string | null, string]>([
    ['nothing', null, ''],
    ['a plus', null, '+'],
    ['too short', null, '+123456'],
    ['too long', null, '+1234567890123456'],
    ['a leading zero', null, '+0155512345'],
    ['too long without its trunk zero', null, '+49030123456789012'],
    ['no digits behind a trunk zero', null, '+440*2079460000'],
    ['North American digits that look like a trunk zero behind a country code', null, '4402079460'],
    ['a word', null, 'alice'],
    ['a number in a word', null, '+15551234567x'],
    ['an IPv4 address', null, '192.168.100.100'],
    ['a short extension', 'US', '9228'],
    ['a short extension where four digits may be a number', 'DE', '9228'],
    ['a local number', 'US', '5551234'],
    ['ten digits of nowhere', null, '8005551234'],
    ['a national number of nowhere', null, '02071234567'],
    ['too many digits for the country', 'US', '0442071234567'],
    ['a service code', 'US', '*2115551234567'],
    ['an unknown country', 'ZZ', '02071234567'],
    ['two pluses', null, '++15551234567'],
    ['a plus inside', null, '1+5551234567'],
    ['endless', null, '1'.repeat(1000)],
  ])('%s (%s) is no public number: %s', (_what, country, written) =>
    expect(toE164(written, inCountry(country))).toBe(0),
  );

  it('is brought to E.164 by the first inbound rule that matches, and by that one only', () => {
    const rules = [
      rule({ direction: 'outbound', add: '9' }),
      rule({ prefix: '9011', strip: 4, add: '+' }),
      rule({ prefix: '#', strip: 1 }),
      rule({ min_length: 3, max_length: 4, add: '+1555123' }),
      rule({ prefix: '+', strip: 1, add: '0' }),
    ];
    const dialect = inCountry('GB', ...rules);
    expect(toE164('9011 44 2071234567', dialect)).toBe(442071234567);
    expect(toE164('#02071234567', dialect)).toBe(442071234567);
    expect(toE164('0042', dialect)).toBe(15551230042);
    expect(toE164('+2071234567', dialect)).toBe(442071234567);
    expect(toE164('02071234567', dialect)).toBe(442071234567);
    expect(toE164('#', dialect)).toBe(0);
  });

  it.each([
    ['5551234', '+1555', 15555551234],
    ['02071234567', '+44', 442071234567],
    ['2071234567', '+44', 442071234567],
    ['+15551234567', '+44', 15551234567],
    ['02071234567', 'ims.example.com', 442071234567],
    ['123', '+44', 0],
    ['123456', '+', 0],
    ['123456', '+4x', 0],
    ['5551234', '+999', 9995551234],
  ])('%s in the context %s is %d', (written, context, expected) =>
    expect(toE164(written, inCountry('GB'), context)).toBe(expected),
  );

  it('ends in E.164 or in nothing, whatever it is', () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^[+\d*# ().-]{0,24}$/));
    const rules = fc.array(
      fc.record({
        direction: fc.constant('inbound' as const),
        prefix: fc.stringMatching(/^[+\d*#]{0,3}$/),
        min_length: fc.nat(8),
        max_length: fc.integer({ min: 1, max: 32 }),
        strip: fc.nat(6),
        add: fc.stringMatching(/^[+\d*#]{0,4}$/),
      }),
      { maxLength: 3 },
    );
    fc.assert(
      fc.property(
        text,
        rules,
        fc.constantFrom(null, 'US', 'GB', 'DE', 'AU'),
        fc.option(text, { nil: undefined }),
        (written, list, country, context) => {
          const read = toE164(written, inCountry(country, ...list), context);
          expect(read === 0 || (Number.isInteger(read) && /^[1-9]\d{6,14}$/.test(String(read)))).toBe(true);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it.each([null, 'GB', 'IT', 'US'])('is read again as it was read, with its zero or without (%s)', (country) => {
    const codes = Object.keys(metadata.country_calling_codes);
    const zeros = fc.constantFrom('', '0', '(0)', '00');
    const written = fc.tuple(fc.constantFrom(...codes), zeros, fc.stringMatching(/^[1-9]\d{4,12}$/));
    fc.assert(
      fc.property(
        written.map((parts) => `+${parts.join('')}`),
        (text) => {
          const read = toE164(text, inCountry(country));
          if (read !== 0) expect(toE164(`+${read}`, inCountry(null))).toBe(read);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('of dialects that write alike has one key', () => {
    expect(inCountry('US', rule({ direction: 'outbound', add: '9' })).key).toBe(inCountry('US').key);
    expect(
      new Set(
        [
          inCountry('US'),
          inCountry(null),
          inCountry('US', rule({ add: '1' })),
          inCountry('US', rule({ prefix: '1' })),
        ].map((dialect) => dialect.key),
      ).size,
    ).toBe(4);
  });
});

describe('digits as dialled', () => {
  it.each([
    ['+1-555.123(45) 67/8', '+155512345678'],
    ['9228', '9228'],
    ['*21#', '*21#'],
  ])('%s is %s', (value, expected) => expect(dialledDigits(value)).toBe(expected));
  it.each(['', 'x', '1;2', '192.0.2.1', '１２３', '1\u00002', '1'.repeat(41)])('%j is none', (value) =>
    expect(dialledDigits(value)).toBeUndefined(),
  );
  it.each([
    ['+1555123', true],
    ['5551234', true],
    ['555-12-34', true],
    ['555123', false],
    ['+555123', false],
    ['*5551234', false],
    ['alice', false],
  ])('%s looks public: %s', (value, expected) => expect(looksPublic(value)).toBe(expected));
});

describe('the country of a number', () => {
  it.each([
    ['+12125551234', 'US'],
    ['+14165551234', 'CA'],
    ['+12423221234', 'BS'],
    ['+15559876543', 'US'],
    ['+442071234567', 'GB'],
    ['+441481960123', 'GG'],
    ['+77012345678', 'KZ'],
    ['+79161234567', 'RU'],
    ['+4930123456', 'DE'],
  ])('%s is %s', (phone, country) => expect(countryOf(Number(phone))).toBe(country));
  it.each(['+80012345678', '+870301234567', '+9991234567', '+1'])("%s is nobody's", (phone) =>
    expect(['001', undefined]).toContain(countryOf(Number(phone))),
  );
});
