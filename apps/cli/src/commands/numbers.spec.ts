import { describe, expect, it } from '@jest/globals';
import { imported } from './numbers.js';

const counts = { total: 2, added: 1, updated: 0, unchanged: 0, skipped: 0 };
const preview = { error_count: 0, lines_with_errors: 0, cut_short: false, errors: [], lines: [] };
const error = { line: 3, pointer: '/phone_number', detail: 'must begin with "+"' };

describe('an import', () => {
  it('says what was written', () => {
    const view = imported(counts);
    expect(view.text).toMatch(/^total +2\nadded +1/);
    expect(view.bad).toBeUndefined();
  });

  it('as a trial says that nothing was', () => {
    const view = imported({ ...counts, preview });
    expect(view.text).toMatch(/^Nothing was imported\.[\s\S]*added +1[\s\S]*No problem was found\.$/);
    expect(view.bad).toBe(false);
  });

  it('as a trial lists the problems by line, and is bad news', () => {
    const view = imported({ ...counts, preview: { ...preview, error_count: 2, errors: [error] } });
    expect(view.text).toContain('The first 1 of 2 problems:');
    expect(view.text).toMatch(/3 +phone_number +must begin with "\+"$/);
    expect(view.bad).toBe(true);
  });
});
