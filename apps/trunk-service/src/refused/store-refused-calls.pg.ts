import type { CallsRefused, RefusedInvite } from '@trunkmesh/contracts/refused-call.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { ownersOf, type RowOwner } from './refused-owners.pg.js';

type Row = CallsRefused['data'];

const keyOf = ({ bridge_id, minute, source_address, called, numbers, users, reason, sip_status }: Row): string =>
  JSON.stringify([bridge_id, minute, source_address, called, numbers, users ?? [], reason, sip_status]);

/**
 * Each event has the minute's count so far: the highest one counts, in whatever order and however often they come.
 * The owner of a call is looked up now, and stays. Resolves with the organisations that own them.
 */
export async function storeRefusedCalls(
  store: Pick<EventStore, 'query'>,
  rows: readonly Row[],
): Promise<ReadonlySet<string>> {
  const highest = new Map<string, Row>();
  for (const row of rows) if ((highest.get(keyOf(row))?.count ?? 0) < row.count) highest.set(keyOf(row), row);
  if (highest.size === 0) return new Set();
  const counted = [...highest.values()].map((row) => ({ ...row, users: row.users ?? [] }));
  const owners = await ownersOf(store, counted);
  await store.query(
    `
    insert into refused_calls (bridge_id, minute, source_address, called, numbers, users, reason, sip_status, detail,
                               count, first_at, last_at, number, organization_id, trunk_id, known_by, first_invite,
                               last_invite)
    select row.bridge_id, row.minute, row.source_address, row.called, array_to_string(row.numbers, ','),
           array_to_string(row.users, ','), row.reason, row.sip_status, row.detail, row.count, row.first_at,
           row.last_at, row.number, row.organization_id, row.trunk_id, row.known_by, row.first_invite, row.last_invite
    from jsonb_to_recordset($1::jsonb) as row (
      bridge_id text, minute timestamptz, source_address text, called text, numbers text[], users text[], reason text,
      sip_status int, detail text, count int, first_at timestamptz, last_at timestamptz, number text,
      organization_id uuid, trunk_id uuid, known_by text, first_invite jsonb, last_invite jsonb)
    on conflict on constraint refused_calls_row do update set
      count = greatest(refused_calls.count, excluded.count),
      first_at = least(refused_calls.first_at, excluded.first_at),
      last_at = greatest(refused_calls.last_at, excluded.last_at),
      first_invite = coalesce(refused_calls.first_invite, excluded.first_invite),
      last_invite = case when excluded.last_at >= refused_calls.last_at
        then coalesce(excluded.last_invite, refused_calls.last_invite) else refused_calls.last_invite end`,
    [JSON.stringify(counted.map((row, index) => stored(row, owners[index]!)))],
  );
  return new Set(owners.map(({ organization_id }) => organization_id).filter((id) => id !== null));
}

function stored(row: Row, { keeps_messages, ...owner }: RowOwner) {
  const kept = (invite: RefusedInvite | undefined) =>
    invite === undefined || keeps_messages ? invite : { ...invite, text: null, truncated: false };
  return { ...row, ...owner, first_invite: kept(row.first_invite), last_invite: kept(row.last_invite) };
}
