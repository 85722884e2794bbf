import { describe, expect, it } from '@jest/globals';
import { csvHeader, csvRow, delimiterOf } from './import-row.js';
import { NUMBER_SCHEMAS } from './number-input.js';

const { entry: numberEntry } = NUMBER_SCHEMAS;

describe('a CSV line of an import', () => {
  const { columns } = csvHeader([
    'Phone Number',
    'friendly_name',
    'is_active',
    'Assistant-ID',
    'allowed_country_codes',
    'capabilities',
    'sip_trunk',
  ]);

  it('becomes what the same schema judges as it does JSON', () =>
    expect(
      numberEntry.parse(csvRow(columns, ['+1 555 123 4567', ' Main ', 'TRUE', '42', 'us; de', 'voice sms', 'Carrier'])),
    ).toEqual({
      phone_number: '+15551234567',
      friendly_name: 'Main',
      is_active: true,
      set_target: { kind: 'assistant', id: 42 },
      allowed_country_codes: ['US', 'DE'],
      capabilities: { voice: true, sms: true },
      sip_trunk: 'Carrier',
    }));
  it('has the call settings as a number of its own has them', () => {
    const { columns } = csvHeader([
      'phone_number',
      'media_url',
      'prewarm_url',
      'status_url',
      'signing_secret',
      'answer_deadline_ms',
      'Max Call Seconds',
      'record',
    ]);
    const cells = [
      '+15551234567',
      'wss://a.example.com',
      'https://a.example.com/prewarm',
      'https://a.example.com/status',
      'a-secret-of-a-test',
      '4000',
      '600',
      'yes',
    ];
    expect(numberEntry.parse(csvRow(columns, cells)).settings).toEqual({
      media_url: cells[1],
      prewarm_url: cells[2],
      status_url: cells[3],
      signing_secret: cells[4],
      answer_deadline_ms: 4000,
      max_call_seconds: 600,
      record: true,
    });
    expect(numberEntry.parse(csvRow(columns, cells.slice(0, 1))).settings).toBeUndefined();
  });
  it('leaves out what is empty or missing', () =>
    expect(csvRow(columns, ['+15551234567', '', '  '])).toEqual({ phone_number: '+15551234567' }));

  it.each([
    ['is_active', 'maybe', /^is_active/],
    ['record', 'sometimes', /^record/],
    ['media_url', 'https://a.example.com', /^media_url/],
    ['max_call_seconds', '1h', /^max_call_seconds/],
    ['assistant_id', '4.2', /^assistant_id/],
    ['assistant_id', '0', /^assistant_id/],
    ['allowed_country_codes', 'USA', /^allowed_country_codes/],
  ])('with %s %s is refused there', (name, cell, where) => {
    const result = numberEntry.safeParse(csvRow(['phone_number', name], ['+15551234567', cell]));
    expect(result.error?.issues.map((issue) => issue.path.join('/'))).toEqual(
      expect.arrayContaining([expect.stringMatching(where)]),
    );
  });
});

describe('a CSV header', () => {
  it('passes over columns without a name at its end', () => {
    expect(csvHeader(['phone_number', 'provider', '', ' '])).toEqual({
      columns: ['phone_number', 'provider'],
      problems: [],
    });
    expect(csvHeader(['phone_number', '', 'provider']).problems).toHaveLength(1);
  });

  it.each([
    [['phone_number'], []],
    [['friendly_name'], [/phone_number/]],
    [['phone_number', 'phone number'], [/twice/]],
    [['phone_number', 'colour'], [/no column "colour"/]],
    [['+15551234567'], [/no column/, /must be a header/]],
    [['phone_number', '__proto__'], [/no column "__proto__"/]],
  ])('%j', (cells, problems) =>
    expect(csvHeader(cells).problems).toEqual(problems.map((each) => expect.stringMatching(each))),
  );

  it('that is missing does not tell what stands in its place', () => {
    const { problems } = csvHeader([
      '+15551234567',
      'Correct-Horse-Battery-Staple',
      'Correct-Horse-Battery-Staple',
      'CorrectHorse2026',
      'wss://a.example.com/?key=1',
    ]);
    expect(problems.join()).not.toMatch(/horse|example/i);
    expect(problems).toHaveLength(6);
  });

  it.each([
    ['phone_number,a', ','],
    ['phone_number;a', ';'],
    ['phone_number\ta', '\t'],
    ['phone_number', ','],
  ])('%j is separated by %j', (line, delimiter) => expect(delimiterOf(line)).toBe(delimiter));
});
