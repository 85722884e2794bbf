import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { base64Length, decodeBase64, encodeBase64 } from './base64.js';

describe('base64', () => {
  it('writes what Node writes, where it is told, and nothing else', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 500 }), fc.nat(9), (bytes, at) => {
      const target = new Uint8Array(at + base64Length(bytes.length) + 3);
      expect(encodeBase64(bytes, target, at)).toBe(at + base64Length(bytes.length));
      expect(Buffer.from(target).toString('latin1')).toBe('\0'.repeat(at) + Buffer.from(bytes).toString('base64') + '\0\0\0');
    }));
  });

  it('reads what Node writes, with and without padding', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => {
      const text = Buffer.from(bytes).toString('base64');
      for (const form of [text, text.replace(/=+$/, '')]) {
        const target = new Uint8Array(bytes.length + 1).fill(9);
        expect(decodeBase64(form, target)).toBe(bytes.length);
        expect([...target]).toEqual([...bytes, 9]);
      }
    }));
  });

  it('refuses any text that is not base64', () => {
    const target = new Uint8Array(1_000);
    fc.assert(fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }), (text) => {
      const valid = /^(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}(?:==)?|[A-Za-z\d+/]{3}=?)?$/.test(text);
      expect(decodeBase64(text, target) === -1).toBe(!valid);
    }));
  });

  it.each(['A', 'A===', '====', '=', 'AA=', 'AAAAA', 'AA==AA', 'A A=', 'AA-_', 'AAA\n', 'ÿAAA', '\u{1f600}AA', 'A=AA'])('refuses %j', (text) => {
    expect(decodeBase64(text, new Uint8Array(100))).toBe(-1);
  });

  it('refuses what does not fit', () => {
    expect(decodeBase64('AAAA', new Uint8Array(2))).toBe(-1);
    expect(decodeBase64('AAA', new Uint8Array(2))).toBe(2);
    expect(decodeBase64('', new Uint8Array(0))).toBe(0);
  });
});
