import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { sealed as sealedSchema } from '@trunkmesh/contracts/trunk.js';
import fc from 'fast-check';
import { KeyRingError, open, parseKeyRing, SealBrokenError, sealedWith, UnknownKeyError } from './key-ring.js';
import { seal } from './seal.process.js';

const key = (fill: number) => Buffer.alloc(32, fill).toString('base64');
const ring = parseKeyRing(`new:${key(1)},old:${key(2)}`);
const old = parseKeyRing(`old:${key(2)}`);
const text = fc.string({ unit: 'grapheme', maxLength: 200 });

describe('seal and open', () => {
  it('gives back what was sealed, in the form of the contract', () => {
    fc.assert(
      fc.property(text, text, (plain, boundTo) => {
        const sealed = seal(ring, plain, boundTo);
        expect(sealed).toMatch(/^v1\.new\./);
        expect(sealedSchema.safeParse(sealed).success).toBe(true);
        expect(open(ring, sealed, boundTo)).toBe(plain);
      }),
    );
  });

  it('never seals twice to the same text', () => {
    expect(seal(ring, 'x', 't')).not.toBe(seal(ring, 'x', 't'));
  });

  it('opens what an older key of the ring sealed, and says which key that was', () => {
    const sealed = seal(old, 'p', 't');
    expect(sealedWith(sealed)).toBe('old');
    expect(open(ring, sealed, 't')).toBe('p');
  });

  it('refuses another record, and any change of any character, without showing the secret', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, maxLength: 40 }),
        fc.nat(),
        fc.constantFrom(...'Aa0_-.'),
        (plain, at, character) => {
          const sealed = seal(ring, `S3CR3T${plain}`, 'trunk-1');
          expect(() => open(ring, sealed, 'trunk-2')).toThrow(SealBrokenError);
          const place = at % sealed.length;
          const changed = sealed.slice(0, place) + character + sealed.slice(place + 1);
          if (changed === sealed) return;
          try {
            open(ring, changed, 'trunk-1');
            throw new Error(`opened although changed at ${place}`);
          } catch (error) {
            expect(error instanceof SealBrokenError || error instanceof UnknownKeyError).toBe(true);
            expect(inspect(error)).not.toContain('S3CR3T');
          }
        },
      ),
    );
  });

  it.each([
    '',
    'v1',
    'v2.new.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAA',
    'v1.new.AAAA.AAAAAAAAAAAAAAAAAAAAAAAA',
    'v1.new.AAAAAAAAAAAAAAAA.AAAA',
    'plain',
  ])('refuses %j', (sealed) => {
    expect(() => open(ring, sealed, 't')).toThrow(SealBrokenError);
  });

  it('throws a distinct error for a key that is not in the ring', () => {
    expect(() => open(old, seal(ring, 'p', 't'), 't')).toThrow(UnknownKeyError);
  });
});

describe('parseKeyRing', () => {
  it.each([
    ['', /^SECRET_KEYS, entry 1/],
    ['nocolon', /entry 1/],
    [`a:${key(1)},b:${Buffer.alloc(16).toString('base64')}`, /entry 2.*32 bytes/],
    [`a:${key(1)},a:${key(2)}`, /entry 2.*twice/],
    [`a b:${key(1)}`, /entry 1/],
  ])('refuses %j', (given, message) => {
    expect(() => parseKeyRing(given)).toThrow(KeyRingError);
    expect(() => parseKeyRing(given)).toThrow(message);
  });

  it('shows no key when the ring is inspected or printed', () => {
    const shown = inspect(ring, { depth: 10 }) + JSON.stringify([...ring.keys]);
    expect(shown).not.toContain(key(1));
    expect(shown).not.toContain('01 01 01');
  });
});
