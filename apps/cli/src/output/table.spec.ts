import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { safeJson } from './safe-text.js';
import { facts, table } from './table.js';

/** What could move a cursor, colour text, ring or turn the direction of text. */
// eslint-disable-next-line no-control-regex -- exactly those must not come out
const STEERING = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
const anyText = fc.string({ unit: 'binary' });

describe('a table', () => {
  it('has columns of equal width, whatever the script', () => {
    const rows = [
      { name: 'PBX', state: 'live' },
      { name: '電話', state: null },
    ];
    const columns = { name: (row: (typeof rows)[0]) => row.name, state: (row: (typeof rows)[0]) => row.state };
    expect(table(rows, columns, '').split('\n')).toEqual(['NAME  STATE', 'PBX   live', '電話  –']);
  });

  it('says what to do where there is nothing', () => {
    expect(table([], { name: () => '' }, 'Nothing yet.')).toBe('Nothing yet.');
  });

  it('holds nothing that a terminal would obey, and one line a row', () => {
    fc.assert(
      fc.property(fc.array(anyText, { minLength: 1 }), (texts) => {
        const shown = table(texts, { text: (text) => text, list: (text) => [text] }, '');
        expect(shown).not.toMatch(STEERING);
        expect(shown.split('\n')).toHaveLength(texts.length + 1);
        expect(facts({ text: texts[0] })).not.toMatch(STEERING);
      }),
    );
  });
});

describe('JSON for programs', () => {
  it('is the value itself, without anything that a terminal would obey', () => {
    fc.assert(
      fc.property(fc.jsonValue(), anyText, (value, text) => {
        const shown = safeJson({ value, text });
        expect(JSON.parse(shown)).toEqual(JSON.parse(JSON.stringify({ value, text })));
        expect(shown).not.toMatch(STEERING);
      }),
    );
  });
});
