import type { PermitAnswer, PermitRequest, ReleaseRequest } from '@trunkmesh/contracts/outbound-call.js';
import type { EntityManager } from 'typeorm';
import type { EventStore } from '../event-store/event-store.pg.js';
import { cpsWindowSeconds, permitted } from './permit.js';

/** A place in the queue is kept for so long without a question. */
const KEPT = `interval '10 seconds'`;
/** A channel whose end nobody reported is free again after this. */
const LEASE = `interval '1 day'`;

/**
 * Decides about one trunk at a time, on whichever copy of the service: a lock of the database for each trunk. Asked
 * again by the same call and attempt it answers as before.
 */
export function askPermit(store: EventStore, request: PermitRequest, bridges: number): Promise<PermitAnswer> {
  const { call_id, attempt, organization_id, trunk_id, channels } = request;
  return store.transaction(async (manager): Promise<PermitAnswer> => {
    await manager.query(`select pg_advisory_xact_lock(hashtextextended('permit ' || $1::text, 0))`, [trunk_id]);
    const [trunk] = (await manager.query(
      `select (state->>'max_channels')::int as max_channels, (state->>'max_cps')::float8 as max_cps
       from trunks where id = $1 and organization_id = $2`,
      [trunk_id, organization_id],
    )) as { max_channels: number | null; max_cps: number | null }[];
    if (trunk === undefined)
      return { outcome: 'refused', reason: 'invalid-request', message: 'The organisation has no such trunk.' };
    await forgetOld(manager, trunk_id);
    const [mine] = (await manager.query(
      `insert into outbound_permits (call_id, attempt, trunk_id, since, asked_at)
       values ($1, $2, $3, clock_timestamp(), clock_timestamp())
       on conflict on constraint outbound_permits_pk do update set asked_at = clock_timestamp()
       returning granted_at is not null as granted`,
      [call_id, attempt, trunk_id],
    )) as { granted: boolean }[];
    if (mine!.granted) return { outcome: 'granted', bridges };
    const [used] = (await manager.query(
      `with mine as (select since from outbound_permits where call_id = $2 and attempt = $3)
       select count(*) filter (where granted_at is not null and released_at is null)::int as channels,
         count(*) filter (where granted_at > clock_timestamp() - make_interval(secs => $4))::int as recent,
         count(*) filter (where granted_at is null and p.since < mine.since)::int as ahead
       from outbound_permits p, mine where p.trunk_id = $1`,
      [trunk_id, call_id, attempt, cpsWindowSeconds(trunk.max_cps)],
    )) as { channels: number; recent: number; ahead: number }[];
    const decision = permitted({ ...trunk, ...used!, channels: used!.channels + channels });
    if (!decision.granted)
      return { outcome: 'wait', retry_after_ms: decision.wait_ms, position: used!.ahead + 1, bridges };
    await manager.query(
      'update outbound_permits set granted_at = clock_timestamp() where call_id = $1 and attempt = $2',
      [call_id, attempt],
    );
    return { outcome: 'granted', bridges };
  });
}

/** Released ones stay for as long as they count as new calls. */
const forgetOld = (manager: EntityManager, trunkId: string) =>
  manager.query(
    `delete from outbound_permits where trunk_id = $1 and (
       (granted_at is null and asked_at < clock_timestamp() - ${KEPT})
       or released_at < clock_timestamp() - ${KEPT} or granted_at < clock_timestamp() - ${LEASE})`,
    [trunkId],
  );

/** The attempt is over, or no longer waits. */
export async function releasePermit(store: EventStore, { call_id, attempt }: ReleaseRequest): Promise<void> {
  await store.query(
    `with gone as (delete from outbound_permits where call_id = $1 and attempt = $2 and granted_at is null)
     update outbound_permits set released_at = now()
     where call_id = $1 and attempt = $2 and granted_at is not null and released_at is null`,
    [call_id, attempt],
  );
}

/** Calls that have ended use no channel any more, whether their bridge said so or not. */
export async function releaseEnded(store: EventStore, callIds: readonly string[]): Promise<void> {
  if (callIds.length === 0) return;
  await store.query(
    'update outbound_permits set released_at = now() where call_id = any($1::uuid[]) and released_at is null',
    [callIds],
  );
}
