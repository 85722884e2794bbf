import { describe, expect, it } from '@jest/globals';
import { csvHeader, csvRow, delimiterOf } from './import-row.js';
import { numberEntry } from './number-input.js';

describe('a CSV line of an import', () => {
  const { columns } = csvHeader(['Phone Number', 'friendly_name', 'is_active', 'Assistant-ID', 'allowed_country_codes', 'capabilities', 'sip_trunk']);

  it('becomes what the same schema judges as it does JSON', () => expect(numberEntry.parse(csvRow(columns, ['+1 555 123 4567', ' Main ', 'TRUE', '42', 'us; de', 'voice sms', 'Carrier'])))
    .toEqual({ phone_number: '+15551234567', friendly_name: 'Main', is_active: true, set_target: { kind: 'assistant', id: 42 }, allowed_country_codes: ['US', 'DE'], capabilities: { voice: true, sms: true }, sip_trunk: 'Carrier' }));
  it('leaves out what is empty or missing', () => expect(csvRow(columns, ['+15551234567', '', '  '])).toEqual({ phone_number: '+15551234567' }));

  it.each([
    ['is_active', 'maybe', /^is_active/], ['assistant_id', '4.2', /^assistant_id/], ['assistant_id', '0', /^assistant_id/], ['allowed_country_codes', 'USA', /^allowed_country_codes/],
  ])('with %s %s is refused there', (name, cell, where) => {
    const result = numberEntry.safeParse(csvRow(['phone_number', name], ['+15551234567', cell]));
    expect(result.error?.issues.map((issue) => issue.path.join('/'))).toEqual(expect.arrayContaining([expect.stringMatching(where)]));
  });
});

describe('a CSV header', () => {
  it.each([
    [['phone_number'], []],
    [['friendly_name'], [/phone_number/]],
    [['phone_number', 'phone number'], [/twice/]],
    [['phone_number', 'colour'], [/no column "colour"/]],
    [['+15551234567'], [/no column/, /must be a header/]],
    [['phone_number', '__proto__'], [/no column "__proto__"/]],
  ])('%j', (cells, problems) => expect(csvHeader(cells).problems).toEqual(problems.map((each) => expect.stringMatching(each))));

  it.each([['phone_number,a', ','], ['phone_number;a', ';'], ['phone_number\ta', '\t'], ['phone_number', ',']])('%j is separated by %j', (line, delimiter) => expect(delimiterOf(line)).toBe(delimiter));
});
