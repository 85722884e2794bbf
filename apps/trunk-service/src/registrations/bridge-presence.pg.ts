import type { BridgeHeartbeat } from '@trunkmesh/contracts/bridge.js';
import type { EventStore } from '../event-store/event-store.pg.js';

const PRESENT = `beat (bridge_id text, instance text, connected_since timestamptz, at timestamptz, runs boolean)`;

/**
 * Notes what heartbeats say: a process of a bridge with a FreeSWITCH that runs, since when and until when. A process
 * that goes on reports every change of its gateways, also late, so the time between two of its heartbeats is known
 * however long NATS or this service was down. Every copy may do it.
 */
export async function notePresence(
  store: Pick<EventStore, 'query'>,
  heartbeats: readonly BridgeHeartbeat[],
): Promise<void> {
  if (heartbeats.length === 0) return;
  const beats = JSON.stringify(
    heartbeats.map(({ bridge_id, instance_id, started_at, freeswitch, at }) => ({
      bridge_id,
      instance: instance_id ?? started_at,
      connected_since: freeswitch.since,
      at,
      runs: freeswitch.connected && freeswitch.profile_running && freeswitch.since !== null,
    })),
  );
  await store.query(
    `update bridge_presence as known set closed = true from jsonb_to_recordset($1::jsonb) as ${PRESENT}
     where not beat.runs and known.bridge_id = beat.bridge_id and known.instance = beat.instance and not closed`,
    [beats],
  );
  await store.query(
    `with beat as (select * from jsonb_to_recordset($1::jsonb) as ${PRESENT} where runs),
     extended as (
       update bridge_presence as known set until = greatest(until, beat.at) from beat
       where known.bridge_id = beat.bridge_id and known.instance = beat.instance and not closed
         and known.since >= beat.connected_since
       returning known.bridge_id
     )
     insert into bridge_presence (bridge_id, instance, since, until)
     select bridge_id, instance, case when exists (
         select from bridge_presence as before where before.bridge_id = beat.bridge_id
           and before.instance = beat.instance and before.until >= beat.connected_since)
       then beat.at else least(beat.connected_since, beat.at) end, beat.at
     from beat where bridge_id not in (select bridge_id from extended)
     on conflict do nothing`,
    [beats],
  );
}
