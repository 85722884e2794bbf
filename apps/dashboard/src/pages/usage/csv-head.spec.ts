import { describe, expect, it } from '@jest/globals';
import { cellsOf, csvHead, suits } from './csv-head.js';

describe('the head of a carrier’s file', () => {
  it('has its columns and an example, whatever separates them', () => {
    expect(csvHead('\uFEFFA-Number;B-Number;"Beginn; Tag"\r\n+15550100200;+15559870001;01.11.2026\r\n')).toEqual({
      columns: ['A-Number', 'B-Number', 'Beginn; Tag'],
      example: ['+15550100200', '+15559870001', '01.11.2026'],
    });
    expect(cellsOf('"say ""hello""",2', ',')).toEqual(['say "hello"', '2']);
    expect(csvHead('')).toEqual({ columns: [], example: [''] });
  });

  it('suits a format that knows its columns', () => {
    const head = csvHead('From Number,to_number,Start,Seconds\n');
    const known = { from: ['from_number'], to: ['to number'], time: ['time', 'start'], duration: ['seconds'] };
    expect(suits(head, { ...known, amount: null })).toBe(true);
    expect(suits(head, { ...known, to: ['callee'] })).toBe(false);
  });
});
