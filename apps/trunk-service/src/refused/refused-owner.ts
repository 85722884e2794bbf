import { parseGatewayName } from '@trunkmesh/contracts/trunk.js';
import type { RefusedCallKnownBy } from '@trunkmesh/contracts/refused-call.js';

/** What of a refused call may name a trunk. */
export interface Claiming {
  /** The Request-URI's user. */
  called: string;
  /** In lower case: also those of From, Contact and credentials. */
  users: readonly string[];
  source_address: string;
}

/** What a PBX writes without being told: it names no trunk. */
const USUAL_USERS = new Set([
  'anonymous',
  'asterisk',
  'freeswitch',
  'invalid',
  'mod_sofia',
  'pbx',
  'restricted',
  'unavailable',
  'unknown',
]);
const FULL_NUMBER = /^\+?\d{7,}$/;
const DIGITS = /^\+?\d*$/;

/**
 * User names of trunks that a call may give, in lower case. A full number says nothing: numbers have owners, and are
 * looked up as numbers. Other digits count in the Request-URI alone: elsewhere they are the caller's extension.
 */
export function claimedUsers({ called, users }: Pick<Claiming, 'called' | 'users'>): string[] {
  const dialled = called.toLowerCase();
  const others = users.filter((user) => user !== dialled && !DIGITS.test(user) && !USUAL_USERS.has(user));
  return [...(dialled === '' || FULL_NUMBER.test(dialled) ? [] : [dialled]), ...others];
}

/** The trunk whose gateway's contact (`gw+NAME`) is called. Its id is nobody's guess. */
export const calledTrunk = ({ called }: Pick<Claiming, 'called'>): string | undefined =>
  called.startsWith('gw+') ? parseGatewayName(called.slice(3))?.id : undefined;

/** Whether the trunk is called by the contact of its gateway or by its user name. */
export function namesTrunk(trunk: { id: string; username: string | null }, claiming: Claiming): boolean {
  if (calledTrunk(claiming) === trunk.id) return true;
  return trunk.username !== null && claimedUsers(claiming).includes(trunk.username.toLowerCase());
}

export interface TrunkOf {
  id: string;
  organization_id: string;
}
/** Who uses a source address. */
export interface AddressUse {
  claims: readonly TrunkOf[];
  /** Organisations with evidence that they are served from it. */
  proven: readonly string[];
  /** An operator's list says that many customers of a carrier share it. */
  listed: boolean;
}
export interface Owner {
  organization_id: string;
  trunk_id: string | null;
  known_by: RefusedCallKnownBy;
}

const UNUSED: AddressUse = { claims: [], proven: [], listed: false };

/**
 * The organisation whose trunk a call claims that names nobody's number; undefined: none, or not certainly one alone.
 * Evidence goes before claims, and an address before a user name of another's, so what one organisation configures
 * takes nothing from another.
 */
export function claimedOwner(named: readonly TrunkOf[], use: AddressUse = UNUSED): Owner | undefined {
  const users = new Set(use.proven.length > 0 ? use.proven : use.claims.map((trunk) => trunk.organization_id));
  const byUser = soleOf(named);
  if (byUser !== undefined && [...users].every((organization) => organization === byUser.organization_id))
    return { ...byUser, known_by: 'trunk-user' };
  if (use.listed || users.size !== 1) return undefined;
  const [organization] = users;
  const byAddress = soleOf(use.claims.filter(({ organization_id }) => organization_id === organization));
  return byAddress && { ...byAddress, known_by: 'announced-address' };
}

function soleOf(trunks: readonly TrunkOf[]): Omit<Owner, 'known_by'> | undefined {
  const [first] = trunks;
  if (first === undefined || trunks.some(({ organization_id }) => organization_id !== first.organization_id))
    return undefined;
  return { organization_id: first.organization_id, trunk_id: trunks.length === 1 ? first.id : null };
}
