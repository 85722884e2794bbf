import { carrierState, type CarrierState } from '@trunkmesh/contracts/carrier.js';
import { entityOfSubject } from '@trunkmesh/contracts/subjects.js';
import { lastPerSubject, type Queryable, type ReadModel } from '../event-store/read-model.js';
import type { EventStore } from '../event-store/event-store.pg.js';

const UPSERT = `
  insert into carriers (id, version, state) select state->>'id', version, state from jsonb_to_recordset($1::jsonb) as
    row (version int, state jsonb)
  on conflict (id) do update set version = excluded.version, state = excluded.state`;

const NETWORKS = `
  insert into carrier_networks (carrier_id, network)
  select distinct state->>'id', n.network::inet from jsonb_to_recordset($1::jsonb) as row (state jsonb),
    jsonb_array_elements_text(state->'networks') as n (network)`;

export const carrierReadModel: ReadModel = {
  kind: 'carrier',
  tables: ['carriers', 'carrier_networks'],
  project: async (transaction: Queryable, events) => {
    const last = lastPerSubject(events);
    const ids = last
      .map(({ subject }) => entityOfSubject(subject))
      .filter((entity) => entity?.kind === 'carrier')
      .map(({ carrier }) => carrier);
    const rows = JSON.stringify(
      last
        .filter(({ data }) => data.state !== null)
        .map(({ entityversion, data }) => ({ version: entityversion, state: data.state })),
    );
    await transaction.query('delete from carrier_networks where carrier_id = any($1::text[])', [ids]);
    await transaction.query('delete from carriers where id = any($1::text[])', [ids]);
    await transaction.query(UPSERT, [rows]);
    await transaction.query(NETWORKS, [rows]);
  },
  violations: {},
};

export interface CarrierRow {
  version: number;
  state: CarrierState;
}

export async function listCarriers(store: EventStore): Promise<CarrierState[]> {
  const rows = await store.query<CarrierRow>('select version, state from carriers order by id');
  return rows.map(({ state }) => carrierState.parse(state));
}

export async function carrierRow(store: EventStore, id: string): Promise<CarrierRow | undefined> {
  const [row] = await store.query<CarrierRow>('select version, state from carriers where id = $1', [id]);
  return row && { version: row.version, state: carrierState.parse(row.state) };
}
