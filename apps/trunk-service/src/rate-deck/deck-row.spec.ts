import { describe, expect, it } from '@jest/globals';
import { dayReader } from '../http/given-time.js';
import { deckCells, deckHeader, deckLine, decimalOf, DECK_COLUMNS } from './deck-row.js';

const line = (...cells: string[]) => deckLine(DECK_COLUMNS, cells, dayReader('UTC'));
const lineIn = (timeZone: string, date: string) => deckLine(DECK_COLUMNS, ['', '49', date, '1'], dayReader(timeZone));

describe('a line of a rate deck', () => {
  it('has defaults, and is written as it is read', () => {
    const rate = {
      direction: 'outbound',
      prefix: '4915',
      effective_from: '2026-12-01T00:00:00.000Z',
      rate_per_minute_micros: '12500',
      increments: '30/6',
      minimum_seconds: 6,
    } as const;
    expect(line('Outbound', '+4915', '2026-12-01', '0.0125', '30/6', '6')).toEqual({ rate });
    expect(deckCells(rate)).toEqual({
      direction: 'outbound',
      prefix: '4915',
      effective_from: rate.effective_from,
      rate_per_minute: '0.0125',
      increments: '30/6',
      minimum_seconds: 6,
    });
    expect(line('', '0049', '', '1')).toEqual({
      rate: {
        direction: 'outbound',
        prefix: '49',
        effective_from: '2000-01-01T00:00:00.000Z',
        rate_per_minute_micros: '1000000',
        increments: '60/60',
        minimum_seconds: 0,
      },
    });
  });

  it("has its date in the organisation's time zone, and its instant in any", () => {
    const begins = (effective_from: string) => ({ rate: expect.objectContaining({ effective_from }) });
    expect(lineIn('Europe/Berlin', '2026-12-01')).toEqual(begins('2026-11-30T23:00:00.000Z'));
    expect(lineIn('Europe/Berlin', '2026-07-01')).toEqual(begins('2026-06-30T22:00:00.000Z'));
    expect(lineIn('Europe/Berlin', '2026-07-01T00:00:00Z')).toEqual(begins('2026-07-01T00:00:00.000Z'));
  });

  it.each<[string, string[]]>([
    ['direction', ['sideways', '49', '', '1']],
    ['prefix', ['', '', '', '1']],
    ['prefix', ['', '4.9E+3', '', '1']],
    ['effective_from', ['', '49', '2026-06-31', '1']],
    ['effective_from', ['', '49', 'soon', '1']],
    ['rate_per_minute', ['', '49', '', '']],
    ['rate_per_minute', ['', '49', '', '-1']],
    ['rate_per_minute', ['', '49', '', '=1+1']],
    ['increments', ['', '49', '', '1', '0/6']],
    ['increments', ['', '49', '', '1', '6/3601']],
    ['minimum_seconds', ['', '49', '', '1', '', '1.5']],
  ])('names what is wrong with its %s: %j', (column, cells) =>
    expect(line(...cells)).toEqual({ problems: [{ column, message: expect.stringMatching(/^must be/) }] }),
  );

  it('needs a header', () => {
    expect(deckHeader(['Country', 'PREFIX', 'Rate per minute'])).toEqual({
      columns: [undefined, 'prefix', 'rate_per_minute'],
    });
    expect(deckHeader(['49', '0.01'])).toEqual({
      problem: expect.stringMatching(/^has no column prefix and rate_per/),
    });
    expect(deckHeader(['prefix', 'rate_per_minute', 'prefix'])).toEqual({ problem: 'has the column prefix twice' });
  });

  it.each([
    ['12500', '0.0125'],
    ['1000000', '1'],
    ['1', '0.000001'],
    ['0', '0'],
    ['1234567890', '1234.56789'],
  ])('%s micro-units are %s', (micros, text) => expect(decimalOf(micros)).toBe(text));
});
