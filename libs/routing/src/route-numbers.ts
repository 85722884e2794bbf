import { acquire, release } from './interned.js';
import {
  ACTIVE,
  countriesOf,
  digitsOf,
  flagsOf,
  HAS_TARGET,
  insertNumber,
  NONE,
  organizationOf,
  PROVEN,
  removeNumber,
  rowOf,
  rowsOf,
  TARGET_ACTIVE,
  TARGET_IS_FLOW,
  trunkOf,
  VERIFIED,
  writeNumber,
} from './number-table.js';
import { holdOrganization, holdTrunk, releaseOrganization, releaseTrunk, type RouteIndex } from './route-index.js';
import type { OrganizationEntry, TrunkEntry } from './route-entries.js';

/**
 * What routing needs of a number. Filled by hand from bytes in a cold start, so nothing here is an object that it
 * would have to make for each.
 */
export interface RoutedNumber {
  digits: number;
  /** The number's id as four words (uuid-words.ts). Copied. */
  id: Uint32Array;
  active: boolean;
  trunkId: string | null;
  /** Who may call; `null`: all. */
  countries: readonly string[] | null;
  targetKind: 'assistant' | 'flow' | null;
  targetId: number;
  targetActive: boolean;
  proven: boolean;
  /** May be shown as the caller of an outbound call although it is not active. */
  verified: boolean;
}

export function putNumber(index: RouteIndex, organizationId: string, number: RoutedNumber): void {
  const organization = holdOrganization(index, organizationId);
  if (index.only !== undefined && organization.trunks.length === 0) return releaseOrganization(index, organization);
  put(
    index,
    organization,
    number.trunkId === null ? undefined : holdTrunk(index, organization, number.trunkId),
    number,
  );
}

/** The same for a number whose trunk is at hand: nothing has to be looked up. */
export function putNumberOf(index: RouteIndex, trunk: TrunkEntry, number: RoutedNumber): void {
  index.organizations.uses[trunk.organization.handle]!++;
  index.trunkEntries.uses[trunk.handle]!++;
  put(index, trunk.organization, trunk, number);
}

/**
 * The new organisation and trunk are already held: they are taken before the old ones are released, so that an entry
 * that only this number holds is not created again.
 */
function put(
  index: RouteIndex,
  organization: OrganizationEntry,
  trunk: TrunkEntry | undefined,
  number: RoutedNumber,
): void {
  const { numbers } = index;
  const countries = number.countries === null ? NONE : holdCountries(index, number.countries);
  const row = {
    digits: number.digits,
    id: number.id,
    organization: organization.handle,
    trunk: trunk?.handle ?? NONE,
    countries,
    target: number.targetId,
    flags: flagsFor(number),
  };
  let at = rowOf(numbers, number.digits, organization.handle);
  if (at < 0) {
    at = insertNumber(numbers, row);
  } else {
    unlink(index, at);
    writeNumber(numbers, at, row);
  }
  if (trunk !== undefined && number.active) {
    trunk.activeNumbers++;
    trunk.activeRows ^= at;
  }
}

export function deleteNumber(index: RouteIndex, organizationId: string, digits: number): void {
  const organization = index.organizations.handles.get(organizationId);
  const row = organization === undefined ? -1 : rowOf(index.numbers, digits, organization);
  if (row < 0) return;
  unlink(index, row);
  removeNumber(index.numbers, row);
}

/** A walk over every number: for the moment in which a bridge's last trunk of an organisation goes. */
export function dropNumbers(index: RouteIndex, organization: OrganizationEntry): void {
  for (const row of rowsOf(index.numbers)) {
    if (organizationOf(index.numbers, row) === organization.handle)
      deleteNumber(index, organization.id, digitsOf(index.numbers, row));
  }
}

function flagsFor(number: RoutedNumber): number {
  return (
    (number.active ? ACTIVE : 0) |
    (number.targetKind === null ? 0 : HAS_TARGET) |
    (number.targetKind === 'flow' ? TARGET_IS_FLOW : 0) |
    (number.targetActive ? TARGET_ACTIVE : 0) |
    (number.proven ? PROVEN : 0) |
    (number.verified ? VERIFIED : 0)
  );
}

function holdCountries(index: RouteIndex, codes: readonly string[]): number {
  const sorted = codes.length < 2 ? codes : [...codes].sort();
  return acquire(index.countries, sorted.join(), () => new Set(sorted));
}

/** Gives back what a row refers to; its place in the hash stays. */
function unlink(index: RouteIndex, row: number): void {
  const { numbers } = index;
  const countries = countriesOf(numbers, row);
  if (countries !== NONE) release(index.countries, countries);
  const handle = trunkOf(numbers, row);
  if (handle !== NONE) {
    const trunk = index.trunkEntries.values[handle]!;
    if ((flagsOf(numbers, row) & ACTIVE) !== 0) {
      trunk.activeNumbers--;
      trunk.activeRows ^= row;
    }
    releaseTrunk(index, trunk);
  }
  releaseOrganization(index, index.organizations.values[organizationOf(numbers, row)]!);
}
