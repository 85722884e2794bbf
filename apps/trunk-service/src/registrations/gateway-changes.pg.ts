import { gatewayStateChanged, type GatewayStateChanged } from '@trunkmesh/contracts/bridge.js';
import type { EventStore } from '../event-store/event-store.pg.js';

type Store = Pick<EventStore, 'query'>;

/** Up: calls can use it. A trunk by address is NOREG; one that is asked by OPTIONS must answer. */
const UP: ReadonlySet<string> = new Set(['REGED', 'NOREG']);
/** As long as the stream keeps them. */
const KEPT = '90 days';

interface Row {
  event_id: string;
  organization_id: string;
  trunk_id: string;
  bridge_id: string;
  at: string;
  state: string;
  present: boolean;
  up: boolean;
  ping: string | null;
  sip_status: number | null;
  sip_phrase: string | null;
}

const ROW = `row (event_id uuid, organization_id uuid, trunk_id uuid, bridge_id text, at timestamptz, state text,
  present boolean, up boolean, ping text, sip_status int, sip_phrase text)`;

/** Each event once, in whatever order and however often they come. What cannot be read is left out. */
export async function storeGatewayChanges(store: Store, messages: readonly unknown[]): Promise<void> {
  const rows = messages.flatMap((message) => {
    const { data } = gatewayStateChanged.safeParse(message);
    return data === undefined ? [] : [rowOf(data)];
  });
  if (rows.length === 0) return;
  await store.query(
    `insert into gateway_changes (event_id, organization_id, trunk_id, bridge_id, at, state, present, up, ping,
       sip_status, sip_phrase)
     select event_id, organization_id, trunk_id, bridge_id, at, state, present, up, ping, sip_status, sip_phrase
     from jsonb_to_recordset($1::jsonb) as ${ROW} on conflict do nothing`,
    [JSON.stringify(rows)],
  );
  await store.query(
    `insert into gateway_states as known (trunk_id, bridge_id, organization_id, at, since, state, present, up,
       sip_status, sip_phrase)
     select distinct on (trunk_id, bridge_id) trunk_id, bridge_id, organization_id, at, at, state, present, up,
       sip_status, sip_phrase
     from jsonb_to_recordset($1::jsonb) as ${ROW} order by trunk_id, bridge_id, at desc
     on conflict on constraint gateway_states_pkey do update set
       since = case when known.up = excluded.up then known.since else excluded.since end,
       at = excluded.at, state = excluded.state, present = excluded.present, up = excluded.up,
       sip_status = excluded.sip_status, sip_phrase = excluded.sip_phrase
     where excluded.at > known.at`,
    [JSON.stringify(rows)],
  );
}

function rowOf({ id, time, data: { state } }: GatewayStateChanged): Row {
  return {
    event_id: id,
    organization_id: state.organization_id,
    trunk_id: state.trunk_id,
    bridge_id: state.bridge_id,
    at: time,
    state: state.state ?? 'DOWN',
    present: state.applied_revision !== null,
    up: state.state !== null && UP.has(state.state) && state.ping !== 'down',
    ping: state.ping,
    sip_status: state.sip_status,
    sip_phrase: state.sip_phrase?.replace(/\p{Cc}/gu, ' ') ?? null,
  };
}

/** What is too old, and the states of trunks that are gone. */
export async function forgetGatewayChanges(store: Store): Promise<void> {
  // The last change of a gateway holds for as long as the trunk exists, however old it is.
  await store.query(
    `delete from gateway_changes as old where at < now() - interval '${KEPT}' and exists (
       select from gateway_changes as later where later.trunk_id = old.trunk_id and later.bridge_id = old.bridge_id
         and later.at > old.at and later.at < now() - interval '${KEPT}')`,
  );
  await store.query('delete from gateway_changes where not exists (select from trunks where id = trunk_id)');
  await store.query('delete from gateway_states where not exists (select from trunks where id = trunk_id)');
  await store.query(`delete from bridge_presence where until < now() - interval '${KEPT}'`);
}
