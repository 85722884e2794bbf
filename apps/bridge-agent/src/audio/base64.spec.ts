import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { base64Length, decodeBase64, encodeBase64 } from './base64.js';

describe('base64', () => {
  it('is written at the given position, and nowhere else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), fc.nat(9), (bytes, at) => {
        const target = Buffer.alloc(at + base64Length(bytes.length) + 3);
        encodeBase64(Buffer.from(bytes), target, at);
        expect(target.toString('latin1')).toBe('\0'.repeat(at) + Buffer.from(bytes).toString('base64') + '\0\0\0');
      }),
    );
  });

  it('is read with and without padding', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => {
        const text = Buffer.from(bytes).toString('base64');
        for (const form of [text, text.replace(/=+$/, ''), Buffer.from(bytes).toString('base64url')]) {
          const target = Buffer.alloc(bytes.length + 1, 9);
          expect(decodeBase64(form, target)).toBe(bytes.length);
          expect([...target]).toEqual([...bytes, 9]);
        }
      }),
    );
  });

  it('is refused when it is none', () => {
    const target = Buffer.alloc(1_000);
    const nearly = fc.string({
      unit: fc.constantFrom('A', 'z', '+', '/', '_', '=', ' ', '\n', '\u00c1'),
      minLength: 1,
      maxLength: 12,
    });
    const any = fc.string({
      unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
      minLength: 1,
      maxLength: 40,
    });
    fc.assert(
      fc.property(fc.oneof(any, nearly), (text) => {
        const valid = /^(?:[\w+/-]{4})*(?:[\w+/-]{2}(?:==)?|[\w+/-]{3}=?)?$/.test(text);
        expect(decodeBase64(text, target) === -1).toBe(!valid);
      }),
      { numRuns: 5_000 },
    );
  });

  it.each(['A', 'A===', '====', '=', 'AA=', 'AAAAA', 'AA==AA', 'A A=', 'AAA\n', 'ÿAAA', 'A=AA', 'AA==AA==', '{"a":1}'])(
    '%j is none',
    (text) => {
      expect(decodeBase64(text, Buffer.alloc(100))).toBe(-1);
    },
  );

  it('is refused when it does not fit', () => {
    expect(decodeBase64('AAAA', Buffer.alloc(2))).toBe(-1);
    expect(decodeBase64('AAA', Buffer.alloc(2))).toBe(2);
    expect(decodeBase64('', Buffer.alloc(0))).toBe(0);
  });
});
