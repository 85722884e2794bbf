import type { Caller } from '../http/caller.js';
import { allowedPools } from './allowed-pools.pg.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import type { FleetBridge } from './fleet.js';
import type { LiveFleet } from './live-fleet.pg.js';

/**
 * The operator sees all bridges. An organisation sees those in the pools that it may use and in its trunks' pools,
 * because its carriers have to allow their addresses. A retired bridge is shown to the operator alone.
 */
export async function visibleBridges(
  store: EventStore,
  fleet: LiveFleet,
  { role, organization }: Caller,
): Promise<FleetBridge[]> {
  const bridges = await fleet.read();
  return role === 'bootstrap' ? bridges : bridgesOfOrganization(store, bridges, organization!.id);
}

export async function bridgesOfOrganization(
  store: EventStore,
  fleet: readonly FleetBridge[],
  organizationId: string,
): Promise<FleetBridge[]> {
  const rows = await store.query<{ bridge_pool: string }>(
    'select distinct bridge_pool from trunks where organization_id = $1',
    [organizationId],
  );
  const pools = new Set([
    ...rows.map(({ bridge_pool }) => bridge_pool),
    ...(await allowedPools(store, organizationId)),
  ]);
  return fleet.filter(({ pool, status }) => pools.has(pool) && status !== 'retired');
}
