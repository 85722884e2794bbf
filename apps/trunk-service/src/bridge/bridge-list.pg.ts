import { bridgeState, type BridgeState } from '@trunkmesh/contracts/bridge.js';
import { lastPerSubject, type ReadModel } from '../event-store/read-model.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { bridgeNotFound } from './bridge.js';

const UPSERT = `
  insert into bridges (id, pool, status, version, state)
  select state->>'id', state->>'pool', state->>'status', version, state
  from jsonb_to_recordset($1::jsonb) as row (version int, state jsonb)
  on conflict (id) do update set pool = excluded.pool, status = excluded.status, version = excluded.version, state =
    excluded.state`;

/** A retired bridge stays: its id is known for what it was. */
export const bridgeReadModel: ReadModel = {
  kind: 'bridge',
  tables: ['bridges'],
  project: async (transaction, events) => {
    await transaction.query(UPSERT, [
      JSON.stringify(
        lastPerSubject(events).map(({ entityversion, data }) => ({ version: entityversion, state: data.state })),
      ),
    ]);
  },
  violations: {},
};

export interface BridgeRow {
  version: number;
  state: BridgeState;
}

export async function listBridges(store: Pick<EventStore, 'query'>): Promise<BridgeState[]> {
  const rows = await store.query<BridgeRow>('select version, state from bridges order by id');
  return rows.map(({ state }) => bridgeState.parse(state));
}

export async function findBridge(store: Pick<EventStore, 'query'>, id: string): Promise<BridgeRow> {
  const [row] = await store.query<BridgeRow>('select version, state from bridges where id = $1', [id]);
  if (row === undefined) throw bridgeNotFound();
  return { version: row.version, state: bridgeState.parse(row.state) };
}

/** How many enabled, registering trunks each bridge owns. */
export async function loadOfBridges(store: EventStore): Promise<Map<string, number>> {
  const rows = await store.query<{ bridge_id: string; count: string }>(
    'select bridge_id, count(*) as count from trunks where enabled and register and bridge_id is not null group ' +
      'by bridge_id',
  );
  return new Map(rows.map(({ bridge_id, count }) => [bridge_id, Number(count)]));
}
