import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  createNumberTable,
  findNumber,
  firstSlot,
  insertNumber,
  nextSlot,
  NONE,
  organizationOf,
  removeNumber,
  rowAt,
  rowOf,
  rowsOf,
  type NumberRow,
  type NumberTable,
} from './number-table.js';

const row = (digits: number, organization: number): NumberRow => ({
  digits,
  id: new Uint32Array([digits, 0, 0, organization]),
  organization,
  trunk: NONE,
  countries: NONE,
  target: 0,
  flags: 0,
});

function organizationsOf(table: NumberTable, digits: number): number[] {
  const found: number[] = [];
  for (
    let slot = findNumber(table, digits, firstSlot(table, digits));
    slot >= 0;
    slot = findNumber(table, digits, nextSlot(table, slot))
  )
    found.push(organizationOf(table, rowAt(table, slot)));
  return found.sort();
}

describe('the number table', () => {
  it('finds what was inserted and not removed, with digits in common or not', () => {
    const key = fc.record({
      digits: fc.oneof(
        fc.integer({ min: 1_000_000, max: 1_000_040 }),
        fc.integer({ min: 1, max: 999_999 }).map((n) => n * 1e9),
      ),
      organization: fc.nat(2),
    });
    fc.assert(
      fc.property(fc.array(fc.record({ key, remove: fc.boolean() }), { maxLength: 300 }), (steps) => {
        const table = createNumberTable();
        const model = new Map<string, { digits: number; organization: number }>();
        for (const {
          key: { digits, organization },
          remove,
        } of steps) {
          const at = rowOf(table, digits, organization);
          expect(at >= 0).toBe(model.has(`${digits}/${organization}`));
          if (remove && at >= 0) {
            removeNumber(table, at);
            model.delete(`${digits}/${organization}`);
          } else if (!remove && at < 0) {
            insertNumber(table, row(digits, organization));
            model.set(`${digits}/${organization}`, { digits, organization });
          }
        }
        expect(table.size).toBe(model.size);
        expect([...rowsOf(table)]).toHaveLength(model.size);
        for (const digits of new Set(steps.map((step) => step.key.digits))) {
          expect(organizationsOf(table, digits)).toEqual(
            [...model.values()]
              .filter((of) => of.digits === digits)
              .map((of) => of.organization)
              .sort(),
          );
        }
      }),
    );
  });

  it('grows, shrinks and takes freed rows again, at the size of a city', () => {
    const table = createNumberTable();
    const digitsAt = (n: number) => 15_550_000_000 + n * 7;
    for (let n = 0; n < 100_000; n++) insertNumber(table, row(digitsAt(n), 1));
    for (let n = 0; n < 100_000; n += 2) removeNumber(table, rowOf(table, digitsAt(n), 1));
    const rows = table.rows;
    for (let n = 0; n < 100_000; n += 4) insertNumber(table, row(digitsAt(n), 2));
    expect(table.rows).toBe(rows);
    expect(table.size).toBe(75_000);
    let wrong = 0;
    for (let n = 0; n < 100_000; n++) {
      const expected = n % 4 === 0 ? 2 : n % 2 === 1 ? 1 : -1;
      const at = findNumber(table, digitsAt(n), firstSlot(table, digitsAt(n)));
      if ((at < 0 ? -1 : organizationOf(table, rowAt(table, at))) !== expected) wrong++;
    }
    expect(wrong).toBe(0);
  });
});
