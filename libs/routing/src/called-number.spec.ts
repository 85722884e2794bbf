import { describe, expect, it } from '@jest/globals';
import { CALLED_NUMBER_SOURCES, type CalledNumberSource } from '@trunkmesh/contracts/routing.js';
import fc from 'fast-check';
import { dialledNumbers, rawSources, rawText } from './called-number.js';
import { compareIndex, parseElement, splitList } from './sip-value.js';

const texts = (source: CalledNumberSource, ...lines: string[]) =>
  dialledNumbers(source, lines).map((value) => value.text);

describe('one value', () => {
  it.each([
    ['<sip:+15551234567@pbx.example.com>;reason=unconditional', '+15551234567'],
    ['"Doe, John <sip:9@h>" <sip:+15551234567@h>', '+15551234567'],
    ['"a \\" b" <sip:1@h>', '1'],
    ['John Doe <sips:+15551234567@h;user=phone>', '+15551234567'],
    ['<sip:%2B15551234567@h>', '+15551234567'],
    ['<sip:+15551234567;npdi;rn=+15550000000@h;user=phone>', '+15551234567'],
    ['<sip:+15551234567:secret@h>', '+15551234567'],
    ['<sip:9228@pbx.example.com?Reason=SIP;cause=302>', '9228'],
    ['<sip:9228@h?Diversion=%3Csip:1@h%3E>', '9228'],
    ['SIP:+15551234567@h;tag=x', '+15551234567'],
    ['<tel:+1-555-123-4567>', '+1-555-123-4567'],
    ['tel:+15551234567;isub=1', '+15551234567'],
    ['+15551234567', '+15551234567'],
    ['+15551234567;reason=x', '+15551234567'],
    ['15551234567@h', '15551234567'],
    ['<+15551234567>', '+15551234567'],
    ['<sip:+15551234567>', '+15551234567'],
    ['sip:15551234567:5060', '15551234567'],
    ['<sip:alice@h>', 'alice'],
  ])('%s dials %s', (element, expected) => expect(parseElement(element)?.text).toBe(expected));

  it.each([
    '<sip:',
    '<sip:+1555@h',
    '"unclosed <sip:1@h>',
    '"only a name"',
    '<sip:example.com>',
    'sip:192.0.2.1',
    '<mailto:1@h>',
    '<>',
    '<sip:>',
    '<sip:@h>',
    '<tel:>',
    'urn:service:sos',
  ])('%s dials nothing', (element) => {
    const value = parseElement(element);
    expect(value === undefined || value.text === '').toBe(true);
  });

  it('keeps the context of a local number, in a tel: URI and in a user part', () => {
    for (const element of [
      '<tel:1234;phone-context=+1555>',
      'tel:1234;PHONE-CONTEXT=%2B1555',
      '<sip:1234;phone-context=+1555@h;user=phone>',
    ]) {
      expect(parseElement(element)).toEqual({ text: '1234', context: '+1555' });
    }
  });

  it("keeps History-Info's index", () => {
    expect(parseElement('<sip:1@h>;index=1.2.10;rc=1')?.index).toEqual([1, 2, 10]);
    expect(parseElement('<sip:1@h>;text="a;index=7, \\";index=8";index=1')?.index).toEqual([1]);
    expect(parseElement('<sip:1@h?Reason=SIP;cause=302;text="a>b">;index=1.3')?.index).toEqual([1, 3]);
    expect(parseElement('sip:1@h;user=phone;index=1.1')?.index).toEqual([1, 1]);
    for (const bad of ['', 'x', '1.', '.1', '1..2', '-1', '1'.repeat(10)])
      expect(parseElement(`<sip:1@h>;index=${bad}`)?.index).toBeUndefined();
  });
});

describe('a list', () => {
  it.each([
    ['<sip:1@h>, <sip:2@h>,<sip:3@h>', ['<sip:1@h>', '<sip:2@h>', '<sip:3@h>']],
    ['"a, b" <sip:1,2@h>;x="c,d", e', ['"a, b" <sip:1,2@h>;x="c,d"', 'e']],
    ['"\\"," <sip:1@h>, 2', ['"\\"," <sip:1@h>', '2']],
    [' , ,, 1 ,', ['1']],
    ['"unclosed, <sip:1@h>', ['"unclosed, <sip:1@h>']],
    ['<unclosed, 1', ['<unclosed, 1']],
    ['', []],
  ])('%s', (value, expected) => expect(splitList(value)).toEqual(expected));
});

describe('a source', () => {
  it('Diversion gives the bottom-most first, over lines and lists', () => {
    expect(texts('Diversion', '<sip:1@h>, <sip:2@h>', '<sip:3@h>')).toEqual(['3', '2', '1']);
    expect(texts('Diversion', 'ARRAY::<sip:1@h>|:<sip:2@h>, <sip:3@h>')).toEqual(['3', '2', '1']);
  });

  it('History-Info gives the lowest index first, compared number by number, those without one last', () => {
    expect(
      texts(
        'History-Info',
        '<sip:e@h>, <sip:d@h>;index=1.10',
        '<sip:c@h>;index=1.2.1, <sip:a@h>;index=1, <sip:b@h>;index=1.2',
      ),
    ).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('any other gives its values as they came', () =>
    expect(texts('X-Original-To', '2, 1', '3')).toEqual(['2', '1', '3']));

  it('that is flooded gives its first twenty, the original ones', () => {
    const many = Array.from({ length: 1000 }, (_, at) => `<sip:${at}@h>;index=1.${at}`).join(', ');
    expect(texts('Diversion', many)).toEqual(Array.from({ length: 20 }, (_, at) => String(999 - at)));
    expect(texts('History-Info', many)).toEqual(Array.from({ length: 20 }, (_, at) => String(at)));
  });

  it('is found by its name in any case, absent without a value', () => {
    const raw = rawSources({
      headers: [
        ['diversion', '1'],
        ['DIVERSION', '2'],
        ['To', '3'],
        ['toString', '4'],
        ['__proto__', '5'],
      ],
      request_uri_user: '',
      to_user: 'x',
    });
    expect(raw).toEqual([
      ['1', '2'],
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      ['x'],
    ]);
    expect(raw.map(rawText)).toEqual(['1, 2', null, null, null, null, null, null, null, 'x']);
  });

  it('never throws, and reads a number out of nothing but itself', () => {
    const piece = fc.oneof(
      fc.string({ maxLength: 8 }),
      fc.constantFrom(
        '<',
        '>',
        '"',
        '\\',
        ',',
        ';',
        '@',
        'sip:',
        'tel:',
        '%',
        '%2B',
        ':',
        '?',
        '+1555',
        ';index=1.',
        'ARRAY::',
        '|:',
      ),
    );
    const value = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(
        fc.constantFrom(...CALLED_NUMBER_SOURCES),
        fc.array(value, { minLength: 1, maxLength: 4 }),
        (source, lines) => {
          const values = dialledNumbers(source, lines);
          expect(values.length).toBeLessThanOrEqual(20);
          const all = lines.join();
          for (const { text } of values)
            expect(/^\+?\d+$/.test(text) ? all.includes(text.replace('+', '')) : true).toBe(true);
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('compares indexes as an order', () => {
    const index = fc.option(fc.array(fc.nat(12), { minLength: 1, maxLength: 4 }), { nil: undefined });
    fc.assert(
      fc.property(index, index, index, (a, b, c) => {
        expect(Math.sign(compareIndex(a, b))).toBe(-Math.sign(compareIndex(b, a)) + 0);
        if (compareIndex(a, b) <= 0 && compareIndex(b, c) <= 0) expect(compareIndex(a, c)).toBeLessThanOrEqual(0);
      }),
    );
  });
});
