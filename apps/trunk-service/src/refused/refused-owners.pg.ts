import type { RefusedCallKnownBy } from '@trunkmesh/contracts/refused-call.js';
import { parseAddress } from '@trunkmesh/routing/address.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import {
  calledTrunk,
  claimedOwner,
  claimedUsers,
  type AddressUse,
  type Claiming,
  type TrunkOf,
} from './refused-owner.js';

type Store = Pick<EventStore, 'query'>;
export interface ClaimingRow extends Claiming {
  numbers: readonly string[];
}
/** Whose a row is; all null: nobody's. */
export interface RowOwner {
  organization_id: string | null;
  number: string | null;
  trunk_id: string | null;
  known_by: RefusedCallKnownBy | null;
  /** False: the organisation wants no SIP messages kept. */
  keeps_messages: boolean;
}

const NOBODY: RowOwner = { organization_id: null, number: null, trunk_id: null, known_by: null, keeps_messages: true };

/** The owners of the rows at this moment, in their order. */
export async function ownersOf(store: Store, rows: readonly ClaimingRow[]): Promise<RowOwner[]> {
  const numbers = await numberOwners(store, [...new Set(rows.flatMap((row) => row.numbers))]);
  const byNumber = rows.map((row) => row.numbers.map((number) => numbers.get(number)).find((owner) => owner));
  const unowned = rows.filter((_row, index) => byNumber[index] === undefined);
  const [named, used] = await Promise.all([trunksNamed(store, unowned), addressUses(store, unowned)]);
  const owners = rows.map((row, index): RowOwner => {
    const known = byNumber[index];
    if (known !== undefined) return known;
    const owner = claimedOwner(named(row), used.get(row.source_address));
    return owner === undefined ? NOBODY : { ...NOBODY, ...owner };
  });
  return withSettings(store, owners);
}

async function numberOwners(store: Store, numbers: readonly string[]): Promise<Map<string, RowOwner>> {
  if (numbers.length === 0) return new Map();
  const rows = await store.query<{ phone_number: string; organization_id: string; keeps: boolean | null }>(
    `select phone_number, organization_id, (state->'call_settings'->>'keep_sip_messages')::boolean as keeps
     from numbers where phone_number = any($1::text[])`,
    [numbers],
  );
  return new Map(
    rows.map(({ phone_number, organization_id, keeps }) => [
      phone_number,
      { ...NOBODY, organization_id, number: phone_number, known_by: 'called-number', keeps_messages: keeps ?? true },
    ]),
  );
}

async function trunksNamed(store: Store, rows: readonly ClaimingRow[]): Promise<(row: ClaimingRow) => TrunkOf[]> {
  const users = [...new Set(rows.flatMap(claimedUsers))];
  const ids = [...new Set(rows.flatMap((row) => calledTrunk(row) ?? []))];
  if (users.length === 0 && ids.length === 0) return () => [];
  const trunks = await store.query<TrunkOf & { username: string | null }>(
    `select id, organization_id, lower(state->>'username') as username from trunks
     where lower(state->>'username') = any($1::text[]) or id = any($2::uuid[])`,
    [users, ids],
  );
  return (row) => {
    const [id, wanted] = [calledTrunk(row), claimedUsers(row)];
    if (id !== undefined) return trunks.filter((trunk) => trunk.id === id);
    return trunks.filter(({ username }) => username !== null && wanted.includes(username));
  };
}

/** Who uses the rows' source addresses. */
export async function addressUses(
  store: Store,
  rows: readonly Pick<Claiming, 'source_address'>[],
): Promise<Map<string, AddressUse>> {
  const sources = [...new Set(rows.map(({ source_address }) => source_address))].filter(parseAddress);
  if (sources.length === 0) return new Map();
  const found = await store.query<AddressUse & { source: string }>(
    `select w.source,
       array(select jsonb_build_object('id', t.trunk_id, 'organization_id', t.organization_id) from trunk_claims t
         where t.network >>= w.source::inet) as claims,
       array(select distinct a.organization_id from addresses a where a.network >>= w.source::inet) as proven,
       exists (select from carrier_networks c where c.network >>= w.source::inet) as listed
     from unnest($1::text[]) as w (source)`,
    [sources],
  );
  return new Map(found.map((use) => [use.source, use]));
}

async function withSettings(store: Store, owners: readonly RowOwner[]): Promise<RowOwner[]> {
  const organizations = [...new Set(owners.flatMap(({ organization_id }) => organization_id ?? []))];
  if (organizations.length === 0) return [...owners];
  const off = await store.query<{ id: string }>(
    `select id from organizations where id = any($1::uuid[])
       and (state->'call_settings'->>'keep_sip_messages')::boolean = false`,
    [organizations],
  );
  const silent = new Set(off.map(({ id }) => id));
  return owners.map((owner) => (silent.has(owner.organization_id ?? '') ? { ...owner, keeps_messages: false } : owner));
}
