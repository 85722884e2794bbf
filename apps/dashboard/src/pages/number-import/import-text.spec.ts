import { describe, expect, it } from '@jest/globals';
import { answeredBy, toImport, totals, verdict } from './import-text.js';

const preview = { error_count: 0, lines_with_errors: 0, cut_short: false, errors: [], lines: [] };
const report = { total: 3, added: 1, updated: 1, unchanged: 0, skipped: 1, preview };
const wrong = (lines: number, cut_short = false) => ({
  ...report,
  preview: { ...preview, error_count: lines + 1, lines_with_errors: lines, cut_short },
});

describe('the trial of an import', () => {
  it.each([
    [report, 2, 'Nothing is changed yet'],
    [wrong(1), 0, 'One line has a problem'],
    [wrong(7), 0, '7 lines have a problem'],
    [wrong(7, true), 0, 'At least 7 lines have a problem'],
    [{ ...report, added: 0, updated: 0 }, 0, 'Nothing would be changed'],
    [{ ...report, total: 0, added: 0, updated: 0 }, 0, 'no line below the names of the columns'],
  ])('says what was found %#', (found, numbers, text) => {
    expect(toImport(found)).toBe(numbers);
    expect(verdict(found)).toContain(text);
  });

  it('counts the lines of each kind', () =>
    expect(totals(wrong(1_000))).toBe(
      '3 lines: 1 new, 1 changed, 0 without a change, 1 skipped, 1,000 with a problem.',
    ));

  it.each([
    [{ assistant_id: 17, flow_id: null }, 'assistant 17'],
    [{ assistant_id: null, flow_id: 4 }, 'flow 4'],
    [{ assistant_id: null, flow_id: null }, '–'],
  ])('says who would answer %#', (line, text) => expect(answeredBy(line)).toBe(text));
});
