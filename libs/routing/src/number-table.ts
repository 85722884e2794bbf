/**
 * The numbers, in typed arrays: 45 bytes a number and 4 a hash slot, so that millions fit beside each other and the garbage collector sees a handful of objects.
 * Rows live in pages that never move; a number's row is its handle until it is removed. The hash is open addressing (linear probing, backward shift on removal,
 * no tombstones) over the digits. Two organisations may have the same digits for the moment in which a number moves from one to the other and the two events have
 * not both arrived: then both rows are there, and `findNumber` gives both.
 */

const PAGE_BITS = 13;
const PAGE_ROWS = 1 << PAGE_BITS;
const PAGE_MASK = PAGE_ROWS - 1;
/** Probes stay short and growth is rare: at this load a miss looks at about six slots. */
const MAX_LOAD = 0.7;
const FIRST_SLOTS = 1024;

interface Page {
  digits: Float64Array;
  target: Float64Array;
  /** Four words a number: the number's id. */
  id: Uint32Array;
  organization: Uint32Array;
  /** The trunk's handle, or NONE. */
  trunk: Uint32Array;
  /** The handle of the allowed countries, or NONE: all. */
  countries: Uint32Array;
  flags: Uint8Array;
}

export interface NumberTable {
  readonly pages: Page[];
  slots: Uint32Array;
  size: number;
  /** Rows handed out so far; those in `free` are to be used first. */
  rows: number;
  readonly free: number[];
}

export const NONE = 0xffffffff;
/** Flags of a row. */
export const ACTIVE = 1;
export const HAS_TARGET = 2;
export const TARGET_IS_FLOW = 4;
export const TARGET_ACTIVE = 8;

/** One number as the table holds it. `id`: four 32-bit words. */
export interface NumberRow {
  digits: number;
  id: Uint32Array;
  organization: number;
  trunk: number;
  countries: number;
  target: number;
  flags: number;
}

export function createNumberTable(): NumberTable {
  return { pages: [], slots: new Uint32Array(FIRST_SLOTS), size: 0, rows: 0, free: [] };
}

function createPage(): Page {
  return {
    digits: new Float64Array(PAGE_ROWS), target: new Float64Array(PAGE_ROWS), id: new Uint32Array(PAGE_ROWS * 4),
    organization: new Uint32Array(PAGE_ROWS), trunk: new Uint32Array(PAGE_ROWS), countries: new Uint32Array(PAGE_ROWS), flags: new Uint8Array(PAGE_ROWS),
  };
}

function hash(digits: number): number {
  const low = digits >>> 0;
  const high = digits / 4294967296 >>> 0;
  let mixed = Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b);
  mixed = Math.imul(mixed ^ mixed >>> 15, 0xc2b2ae35);
  return (mixed ^ mixed >>> 16) >>> 0;
}

const digitsOf = (table: NumberTable, row: number): number => table.pages[row >>> PAGE_BITS]!.digits[row & PAGE_MASK]!;

/** The slot of the first row with these digits at or after `slot` in probe order, or -1. Begin with `firstSlot`; go on with the slot behind the last hit. */
export function findNumber(table: NumberTable, digits: number, slot: number): number {
  const { slots } = table;
  const mask = slots.length - 1;
  for (let at = slot & mask; ; at = at + 1 & mask) {
    const held = slots[at]!;
    if (held === 0) return -1;
    if (digitsOf(table, held - 1) === digits) return at;
  }
}

export const firstSlot = (table: NumberTable, digits: number): number => hash(digits) & table.slots.length - 1;
export const rowAt = (table: NumberTable, slot: number): number => table.slots[slot]! - 1;
export const nextSlot = (table: NumberTable, slot: number): number => slot + 1 & table.slots.length - 1;

/** The row of an organisation's number, or -1. */
export function rowOf(table: NumberTable, digits: number, organization: number): number {
  for (let slot = findNumber(table, digits, firstSlot(table, digits)); slot >= 0; slot = findNumber(table, digits, nextSlot(table, slot))) {
    const row = rowAt(table, slot);
    if (organizationOf(table, row) === organization) return row;
  }
  return -1;
}

export const organizationOf = (table: NumberTable, row: number): number => table.pages[row >>> PAGE_BITS]!.organization[row & PAGE_MASK]!;
export const trunkOf = (table: NumberTable, row: number): number => table.pages[row >>> PAGE_BITS]!.trunk[row & PAGE_MASK]!;
export const flagsOf = (table: NumberTable, row: number): number => table.pages[row >>> PAGE_BITS]!.flags[row & PAGE_MASK]!;
export const countriesOf = (table: NumberTable, row: number): number => table.pages[row >>> PAGE_BITS]!.countries[row & PAGE_MASK]!;
export const targetOf = (table: NumberTable, row: number): number => table.pages[row >>> PAGE_BITS]!.target[row & PAGE_MASK]!;
export { digitsOf };

export function idWords(table: NumberTable, row: number): Uint32Array {
  const at = (row & PAGE_MASK) * 4;
  return table.pages[row >>> PAGE_BITS]!.id.subarray(at, at + 4);
}

/** Adds a number that is not there yet. */
export function insertNumber(table: NumberTable, number: NumberRow): number {
  if (table.size + 1 > table.slots.length * MAX_LOAD) grow(table);
  const row = table.free.pop() ?? table.rows++;
  if (row >>> PAGE_BITS === table.pages.length) table.pages.push(createPage());
  writeNumber(table, row, number);
  place(table.slots, hash(number.digits), row);
  table.size++;
  return row;
}

/** Replaces everything but the digits, which the row is found by. */
export function writeNumber(table: NumberTable, row: number, number: NumberRow): void {
  const page = table.pages[row >>> PAGE_BITS]!;
  const at = row & PAGE_MASK;
  page.digits[at] = number.digits;
  page.target[at] = number.target;
  for (let word = 0; word < 4; word++) page.id[at * 4 + word] = number.id[word]!;
  page.organization[at] = number.organization;
  page.trunk[at] = number.trunk;
  page.countries[at] = number.countries;
  page.flags[at] = number.flags;
}

function place(slots: Uint32Array, from: number, row: number): void {
  const mask = slots.length - 1;
  let at = from & mask;
  while (slots[at] !== 0) at = at + 1 & mask;
  slots[at] = row + 1;
}

/** Doubles the slots (4 bytes each), never the rows. */
function grow(table: NumberTable): void {
  const slots = new Uint32Array(table.slots.length * 2);
  for (const held of table.slots) if (held !== 0) place(slots, hash(digitsOf(table, held - 1)), held - 1);
  table.slots = slots;
}

export function removeNumber(table: NumberTable, row: number): void {
  const { slots } = table;
  const mask = slots.length - 1;
  let hole = firstSlot(table, digitsOf(table, row));
  while (slots[hole] !== row + 1) hole = hole + 1 & mask;
  // Close the gap: whatever stands behind it and may stand in it moves up, so that no probe ends early.
  for (let at = hole + 1 & mask; slots[at] !== 0; at = at + 1 & mask) {
    const home = firstSlot(table, digitsOf(table, slots[at]! - 1));
    if ((at - home & mask) < (at - hole & mask)) continue;
    slots[hole] = slots[at]!;
    hole = at;
  }
  slots[hole] = 0;
  table.pages[row >>> PAGE_BITS]!.digits[row & PAGE_MASK] = 0;
  table.free.push(row);
  table.size--;
}

/** The rows in use, for the rare walk over all of them. */
export function* rowsOf(table: NumberTable): Generator<number> {
  for (let row = 0; row < table.rows; row++) if (digitsOf(table, row) !== 0) yield row;
}
