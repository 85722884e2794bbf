/**
 * The numbers, in typed arrays: 48 bytes a number and 4 a hash slot, so that millions fit beside each other and the
 * garbage collector sees a handful of objects. Rows live in pages that never move; a number's row is its handle until
 * it is removed, and its words stand together, so that a lookup misses the cache once or twice. The hash is open
 * addressing (linear probing, backward shift on removal, no tombstones) over the digits. Two organisations may have the
 * same digits for the moment in which a number moves from one to the other and the two events have not both arrived:
 * then both rows are there, and `findNumber` gives both.
 */

const PAGE_BITS = 13;
const PAGE_ROWS = 1 << PAGE_BITS;
const PAGE_MASK = PAGE_ROWS - 1;
/** Probes stay short and growth is rare: at this load a miss looks at about six slots. */
const MAX_LOAD = 0.7;
const FIRST_SLOTS = 1024;

/** The words of a row. Digits and target have 53 bits at most: the low word, and what is above it. */
const WORDS = 12;
const [DIGITS, DIGITS_HIGH, TARGET, TARGET_HIGH, ID, ORGANIZATION, TRUNK, COUNTRIES, FLAGS] = [
  0, 1, 2, 3, 4, 8, 9, 10, 11,
] as const;
const HIGH = 2 ** 32;

export interface NumberTable {
  readonly pages: Uint32Array[];
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
export const PROVEN = 16;
export const VERIFIED = 32;

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

function hash(digits: number): number {
  const low = digits >>> 0;
  const high = (digits / HIGH) >>> 0;
  let mixed = Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

const wordAt = (table: NumberTable, row: number, word: number): number =>
  table.pages[row >>> PAGE_BITS]![(row & PAGE_MASK) * WORDS + word]!;

export const digitsOf = (table: NumberTable, row: number): number =>
  wordAt(table, row, DIGITS) + wordAt(table, row, DIGITS_HIGH) * HIGH;
export const targetOf = (table: NumberTable, row: number): number =>
  wordAt(table, row, TARGET) + wordAt(table, row, TARGET_HIGH) * HIGH;
export const organizationOf = (table: NumberTable, row: number): number => wordAt(table, row, ORGANIZATION);
export const trunkOf = (table: NumberTable, row: number): number => wordAt(table, row, TRUNK);
export const countriesOf = (table: NumberTable, row: number): number => wordAt(table, row, COUNTRIES);
export const flagsOf = (table: NumberTable, row: number): number => wordAt(table, row, FLAGS);

export function idWords(table: NumberTable, row: number): Uint32Array {
  const at = (row & PAGE_MASK) * WORDS + ID;
  return table.pages[row >>> PAGE_BITS]!.subarray(at, at + 4);
}

/**
 * A slot: the row plus one in the low bits (0: empty), and in the high ones six bits of the hash, so that a probe
 * passes by what is something else without fetching its row from memory.
 */
const TAG_SHIFT = 26;
const ROW_MASK = (1 << TAG_SHIFT) - 1;
const tagged = (row: number, hashed: number): number => ((row + 1) | ((hashed >>> TAG_SHIFT) << TAG_SHIFT)) >>> 0;

/**
 * The slot of the first row with these digits at or after `slot` in probe order, or -1. Begin with `firstSlot`; go on
 * with the slot behind the last hit.
 */
export function findNumber(table: NumberTable, digits: number, slot: number): number {
  const { slots } = table;
  const mask = slots.length - 1;
  const tag = hash(digits) >>> TAG_SHIFT;
  for (let at = slot & mask; ; at = (at + 1) & mask) {
    const held = slots[at]!;
    if (held === 0) return -1;
    if (held >>> TAG_SHIFT === tag && digitsOf(table, (held & ROW_MASK) - 1) === digits) return at;
  }
}

export const firstSlot = (table: NumberTable, digits: number): number => hash(digits) & (table.slots.length - 1);
export const rowAt = (table: NumberTable, slot: number): number => (table.slots[slot]! & ROW_MASK) - 1;
export const nextSlot = (table: NumberTable, slot: number): number => (slot + 1) & (table.slots.length - 1);

/** The row of an organisation's number, or -1. */
export function rowOf(table: NumberTable, digits: number, organization: number): number {
  for (
    let slot = findNumber(table, digits, firstSlot(table, digits));
    slot >= 0;
    slot = findNumber(table, digits, nextSlot(table, slot))
  ) {
    const row = rowAt(table, slot);
    if (organizationOf(table, row) === organization) return row;
  }
  return -1;
}

/** Adds a number that is not there yet. */
export function insertNumber(table: NumberTable, number: NumberRow): number {
  if (table.size + 1 > table.slots.length * MAX_LOAD) grow(table);
  if (table.size >= ROW_MASK - 1) throw new RangeError(`no more than ${ROW_MASK - 1} numbers`);
  const row = table.free.pop() ?? table.rows++;
  if (row >>> PAGE_BITS === table.pages.length) table.pages.push(new Uint32Array(PAGE_ROWS * WORDS));
  writeNumber(table, row, number);
  place(table.slots, hash(number.digits), row);
  table.size++;
  return row;
}

/** Replaces everything but the digits, which the row is found by. */
export function writeNumber(table: NumberTable, row: number, number: NumberRow): void {
  const page = table.pages[row >>> PAGE_BITS]!;
  const at = (row & PAGE_MASK) * WORDS;
  page[at + DIGITS] = number.digits;
  page[at + DIGITS_HIGH] = number.digits / HIGH;
  page[at + TARGET] = number.target;
  page[at + TARGET_HIGH] = number.target / HIGH;
  for (let word = 0; word < 4; word++) page[at + ID + word] = number.id[word]!;
  page[at + ORGANIZATION] = number.organization;
  page[at + TRUNK] = number.trunk;
  page[at + COUNTRIES] = number.countries;
  page[at + FLAGS] = number.flags;
}

function place(slots: Uint32Array, hashed: number, row: number): void {
  const mask = slots.length - 1;
  let at = hashed & mask;
  while (slots[at] !== 0) at = (at + 1) & mask;
  slots[at] = tagged(row, hashed);
}

/** Doubles the slots (4 bytes each), never the rows. */
function grow(table: NumberTable): void {
  table.slots = new Uint32Array(table.slots.length * 2);
  for (const row of rowsOf(table)) place(table.slots, hash(digitsOf(table, row)), row);
}

export function removeNumber(table: NumberTable, row: number): void {
  const { slots } = table;
  const mask = slots.length - 1;
  let hole = firstSlot(table, digitsOf(table, row));
  while (rowAt(table, hole) !== row) hole = (hole + 1) & mask;
  // Close the gap: later entries that may occupy it move up, so that no probe ends early.
  for (let at = (hole + 1) & mask; slots[at] !== 0; at = (at + 1) & mask) {
    const home = firstSlot(table, digitsOf(table, rowAt(table, at)));
    if (((at - home) & mask) < ((at - hole) & mask)) continue;
    slots[hole] = slots[at]!;
    hole = at;
  }
  slots[hole] = 0;
  table.pages[row >>> PAGE_BITS]!.fill(0, (row & PAGE_MASK) * WORDS, (row & PAGE_MASK) * WORDS + WORDS);
  table.free.push(row);
  table.size--;
}

/** The rows in use, for the rare walk over all of them. */
export function* rowsOf(table: NumberTable): Generator<number> {
  for (let row = 0; row < table.rows; row++) if (digitsOf(table, row) !== 0) yield row;
}
