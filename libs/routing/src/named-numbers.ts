import { CALLED_NUMBER_SOURCES } from '@trunkmesh/contracts/routing.js';
import { dialledNumbers, type RawSources } from './called-number.js';
import { toE164, type Dialect } from './number-format.js';
import { findNumber, firstSlot, flagsOf, idWords, nextSlot, organizationOf, PROVEN, rowAt } from './number-table.js';
import type { RouteIndex } from './route-index.js';
import type { OrganizationEntry, Standing } from './route-entries.js';

interface Named {
  readonly row: number;
  readonly proven: boolean;
  readonly inAddress: boolean;
}

/**
 * At a shared address: the organisation whose full public number the call names, read without any organisation's rules;
 * undefined where it names none of an admitted organisation. Where it names numbers of several (a call that was
 * forwarded from one to another, or a number that its owner only claims):
 * - a proven number before an unproven one: anybody may add a number;
 * - among proven ones what the carrier addressed (Request-URI, To) before what a call was forwarded from, then the
 *   sources' order;
 * - among unproven ones the one that was added first, so that a newcomer takes nothing.
 */
export function namedOrganization(
  index: RouteIndex,
  standing: Standing,
  raw: RawSources,
): OrganizationEntry | undefined {
  let best: Named | undefined;
  for (const named of namedNumbers(index, standing, raw))
    if (best === undefined || outranks(index, named, best)) best = named;
  return best && ownerOf(index, best.row);
}

/** In the sources' order, within a source in the order of its values. */
function namedNumbers(index: RouteIndex, { admitted, neutral }: Standing, raw: RawSources): Named[] {
  const found: Named[] = [];
  for (let position = 0; position < CALLED_NUMBER_SOURCES.length; position++) {
    const lines = raw[position];
    const source = CALLED_NUMBER_SOURCES[position]!;
    const inAddress = source === 'Request-URI' || source === 'To';
    const values = lines === undefined ? [] : dialledNumbers(source, lines);
    for (const row of values.flatMap(({ text, context }) => rowsNamed(index, toE164(text, neutral, context)))) {
      if (admitted.has(ownerOf(index, row)))
        found.push({ row, inAddress, proven: (flagsOf(index.numbers, row) & PROVEN) !== 0 });
    }
  }
  return found;
}

const ownerOf = (index: RouteIndex, row: number): OrganizationEntry =>
  index.organizations.values[organizationOf(index.numbers, row)]!;

/** Nearly always none or one; two while a number moves from one organisation to another. */
function rowsNamed({ numbers }: RouteIndex, digits: number): number[] {
  if (digits === 0) return [];
  const rows: number[] = [];
  for (
    let slot = findNumber(numbers, digits, firstSlot(numbers, digits));
    slot >= 0;
    slot = findNumber(numbers, digits, nextSlot(numbers, slot))
  )
    rows.push(rowAt(numbers, slot));
  return rows;
}

/** `a` was found behind `b`, so that of equals `b` stays. */
function outranks(index: RouteIndex, a: Named, b: Named): boolean {
  if (a.proven !== b.proven) return a.proven;
  if (a.proven) return a.inAddress && !b.inAddress;
  return isOlder(idWords(index.numbers, a.row), idWords(index.numbers, b.row));
}

/** UUIDv7 (RFC 9562 §5.7): ids compare as the moments in which they were made. */
function isOlder(a: Uint32Array, b: Uint32Array): boolean {
  for (let word = 0; word < 4; word++) if (a[word] !== b[word]) return a[word]! < b[word]!;
  return false;
}

/** Whether this source names the number in full, read without anybody's rules. */
export function namesInFull(
  position: number,
  raw: RawSources,
  { number, neutral }: { number: number; neutral: Dialect },
): boolean {
  const lines = position < 0 ? undefined : raw[position];
  return (
    lines !== undefined &&
    dialledNumbers(CALLED_NUMBER_SOURCES[position]!, lines).some(
      ({ text, context }) => toE164(text, neutral, context) === number,
    )
  );
}
