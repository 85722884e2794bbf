import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CsvLines, type Cell } from './csv-lines.js';

const encoded = (text: string) => new TextEncoder().encode(text);
const decoded = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
function linesOf(cells: readonly Cell[], rows: readonly string[], maxBytes = 10_000) {
  const lines = new CsvLines(cells, new Uint8Array(maxBytes));
  const taken = rows.map((row) => lines.add(encoded(row)));
  return { text: decoded(lines.linesAfter(new Uint8Array())), taken, lines };
}
const one = (cell: Cell, value: string) => linesOf([cell], [`${value}\n`]).text;

/** As COPY writes a text. */
const LETTERS: Record<string, string> = {
  '\b': 'b',
  '\f': 'f',
  '\n': 'n',
  '\r': 'r',
  '\t': 't',
  '\v': 'v',
  '\\': '\\',
};
const copied = (text: string) => [...text].map((one) => (one in LETTERS ? `\\${LETTERS[one]}` : one)).join('');
function cellOf(text: string): string {
  const safe = /^[=@\t\r]|^[+-](?!\d+$)/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

describe('the lines of a CSV file', () => {
  it.each<[Cell, string, string]>([
    ['plain', '-25000', '-25000'],
    ['plain', '', ''],
    ['time', '2026-11-23 10:01:00+00', '2026-11-23T10:01:00.000000Z'],
    ['time', '2026-11-23 10:01:00.5+00', '2026-11-23T10:01:00.500000Z'],
    ['time', '9999-12-31 23:59:59.999999+00', '9999-12-31T23:59:59.999999Z'],
    ['time', '10000-01-01 00:00:00.000001+00', '10000-01-01T00:00:00.000001Z'],
    ['call-sid', '0190a5b2-7c00-7000-8000-0000000000aa', 'CA0190a5b27c0070008000' + '0000000000aa'],
    ['text', '+15551234567', '+15551234567'],
    ['text', '-1', '-1'],
    ['text', '+', "'+"],
    ['text', '+1+cmd', "'+1+cmd"],
    ['text', '=A1', "'=A1"],
    ['text', '@x', "'@x"],
    ['text', '\\tx', "'\tx"],
    ['text', '\\rx', '"\'\rx"'],
    ['text', 'a, "b"', '"a, ""b"""'],
    ['text', '\\\\N', '\\N'],
    ['text', '=1,\\n"', '"\'=1,\n"""'],
  ])('have a %s of %j as %j', (cell, value, expected) => {
    expect(one(cell, value)).toBe(`${expected}\r\n`);
  });

  it.each<Cell>(['plain', 'time', 'call-sid', 'text'])('have nothing for a %s that is NULL', (cell) => {
    expect(linesOf(['plain', cell, 'plain'], ['1\t\\N\t2\n']).text).toBe('1,,2\r\n');
  });

  it('end with the row, whatever it holds', () => {
    expect(
      linesOf(['plain', 'time', 'call-sid', 'text'], ['1\n', '1\tinfinity\n', '']).text.split('\r\n'),
    ).toHaveLength(4);
  });

  it('have any text as RFC 4180 says, in its place', () => {
    const hostile = fc.string({
      unit: fc.oneof(fc.constantFrom(...'=@+-01\t\r\n",\\N\b\f\v\u001f'), fc.string({ unit: 'binary', maxLength: 1 })),
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(hostile, hostile)), (rows) => {
        const { text } = linesOf(
          ['text', 'plain', 'text'],
          rows.map(([a, b]) => `${copied(a)}\t7\t${copied(b)}\n`),
        );
        const readable = (value: string) => decoded(encoded(value));
        expect(text).toBe(rows.map(([a, b]) => `${cellOf(readable(a))},7,${cellOf(readable(b))}\r\n`).join(''));
      }),
    );
  });

  it('are as many as fit, and at least one', () => {
    const long = `${'x'.repeat(60)}\n`;
    expect(linesOf(['text'], [long, long], 100)).toMatchObject({ text: `${'x'.repeat(60)}\r\n`, taken: [true, false] });
    expect(linesOf(['text'], [long, long], 124).taken).toEqual([true, true]);
    expect(linesOf(['text'], [long], 10).text).toBe(`${'x'.repeat(60)}\r\n`);
  });

  it('come after what is said of them', () => {
    const lines = new CsvLines(['plain'], new Uint8Array(20), { first: 10 });
    expect(['1\n', '1234567\n', '2\n'].map((row) => lines.add(encoded(row)))).toEqual([true, false, true]);
    expect(decoded(lines.linesAfter(encoded('{}\n')))).toBe('{}\n1\r\n2\r\n');
    const long = new CsvLines(['plain'], new Uint8Array(20), { first: 10 });
    expect([long.add(encoded('123456789\n')), decoded(long.linesAfter(encoded('{}\n')))]).toEqual([
      true,
      '{}\n123456789\r\n',
    ]);
  });

  it('are in pieces of whole lines, each once, with nothing after the head', () => {
    const lines = new CsvLines(['plain'], new Uint8Array(16), { first: 4 });
    const taken = ['1\n', '22\n', '333\n', '4444\n'].map((row) => [lines.add(encoded(row)), lines.piece(5)] as const);
    expect(taken.map(([added, piece]) => [added, piece && decoded(piece)])).toEqual([
      [true, undefined],
      [true, '1\r\n22\r\n'],
      [true, '333\r\n'],
      [false, undefined],
    ]);
    expect([lines.piece(1), decoded(lines.linesAfter(encoded('{}\n')))]).toEqual([undefined, '{}\n']);
  });

  it('leave the head as it is where there are none: the memory for them may be used again', () => {
    const head = encoded('{}\n');
    expect(new CsvLines(['plain'], new Uint8Array(16), { first: 4 }).linesAfter(head)).toBe(head);
  });

  it('are in no piece that is too long, where more would fit', () => {
    const lines = new CsvLines(['plain'], new Uint8Array(100), { first: 4, maxPieceBytes: 8 });
    const taken = ['1\n', '22\n', '333\n'].map((row) => lines.add(encoded(row)));
    expect([taken, decoded(lines.piece(1)!)]).toEqual([[true, true, false], '1\r\n22\r\n']);
    expect([lines.add(encoded('333\n')), decoded(lines.piece(1)!)]).toEqual([true, '333\r\n']);
    // The first line of a part has to go some time.
    const long = new CsvLines(['plain'], new Uint8Array(100), { maxPieceBytes: 8 });
    expect([long.add(encoded('123456789\n')), long.add(encoded('1\n'))]).toEqual([true, false]);
  });

  it('say what the last one has that was taken', () => {
    const { lines: full } = linesOf(['plain', 'text'], [`1\t${'x'.repeat(60)}\n`, `2\t${'x'.repeat(60)}\n`], 100);
    expect(full.lastCell(0)).toBe('1');
    const { lines } = linesOf(['plain', 'text', 'time'], ['1\ta\t2026-01-01 00:00:00+00\n', '2\tb\t\\N\n']);
    expect([lines.lastCell(0), lines.lastCell(2)]).toEqual(['2', '']);
    expect(linesOf(['time', 'plain'], ['2026-01-01 00:00:00+00\t5\n']).lines.lastCell(0)).toBe(
      '2026-01-01T00:00:00.000000Z',
    );
  });
});
