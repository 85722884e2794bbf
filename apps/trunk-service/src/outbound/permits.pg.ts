import type { LimitShare, PermitAnswer, PermitRequest, ReleaseRequest } from '@trunkmesh/contracts/outbound-call.js';
import type { TrunkState } from '@trunkmesh/contracts/trunk.js';
import type { EntityManager } from 'typeorm';
import type { EventStore } from '../event-store/event-store.pg.js';
import { permitted, queueIsFull } from './permit.js';
import { KEPT, limitedTrunks } from './trunk-queues.pg.js';

/** A channel whose end nobody reported is free again after this. */
const LEASE = `interval '1 day'`;

/** The bridges that share the trunk's limits. */
export type ShareOf = (trunk: Pick<TrunkState, 'bridge_pool' | 'register'>) => LimitShare;

/**
 * Decides about one trunk at a time, on whichever copy of the service: a lock of the database for each trunk. Asked
 * again by the same call and attempt it answers as before. `inbound`: channels that inbound calls use on all bridges.
 */
export function askPermit(
  store: EventStore,
  request: PermitRequest,
  { shareOf, inbound }: { shareOf: ShareOf; inbound: number },
): Promise<PermitAnswer> {
  const { call_id, attempt, organization_id, trunk_id } = request;
  return store.transaction(async (manager): Promise<PermitAnswer> => {
    await manager.query(`select pg_advisory_xact_lock(hashtextextended('permit ' || $1::text, 0))`, [trunk_id]);
    await forgetOld(manager, trunk_id);
    const [known] = (await manager.query(
      `select t.state->>'bridge_pool' as bridge_pool, t.register, c.call_id is not null as placed,
         p.granted_at is not null as granted, p.call_id is not null as asked
       from trunks t
       left join outbound_calls c on c.call_id = $3 and c.trunk_id = t.id and c.permitted_at is null
       left join outbound_permits p on p.call_id = $3 and p.attempt = $4
       where t.id = $1 and t.organization_id = $2`,
      [trunk_id, organization_id, call_id, attempt],
    )) as (Parameters<ShareOf>[0] & { placed: boolean; granted: boolean; asked: boolean })[];
    if (known === undefined)
      return { outcome: 'refused', reason: 'invalid-request', message: 'The organisation has no such trunk.' };
    const share = shareOf(known);
    if (known.granted) return { outcome: 'granted', ...share };
    await manager.query(
      `insert into outbound_permits (call_id, attempt, trunk_id, since, asked_at)
       values ($1, $2, $3, clock_timestamp(), clock_timestamp())
       on conflict on constraint outbound_permits_pk do update set asked_at = clock_timestamp()`,
      [call_id, attempt, trunk_id],
    );
    const [trunk] = await limitedTrunks(
      manager,
      { organizationId: organization_id, trunkIds: [trunk_id], callId: call_id },
      () => inbound,
    );
    const ahead = await aheadOf(manager, request);
    const decision = trunk === undefined ? ({ granted: true } as const) : permitted({ ...trunk, ahead });
    if (decision.granted) {
      await grant(manager, request);
      return { outcome: 'granted', ...share };
    }
    // A call that was accepted for this trunk has its place; one that comes from another trunk needs one.
    if (!known.placed && !known.asked && queueIsFull(trunk!)) {
      await leaveQueue(manager, request);
      return { outcome: 'refused', reason: 'queue-full', message: 'As many calls wait as "queue_length" allows.' };
    }
    return { outcome: 'wait', retry_after_ms: decision.wait_ms, position: ahead + 1, ...share };
  });
}

async function aheadOf(manager: EntityManager, { call_id, attempt, trunk_id }: PermitRequest): Promise<number> {
  const [row] = (await manager.query(
    `select count(*)::int as ahead from outbound_permits p, outbound_permits mine
     where mine.call_id = $2 and mine.attempt = $3 and p.trunk_id = $1 and p.granted_at is null
       and p.since < mine.since`,
    [trunk_id, call_id, attempt],
  )) as { ahead: number }[];
  return row!.ahead;
}

/** In one statement: a call waits, or has its channel. */
const grant = (manager: EntityManager, { call_id, attempt }: PermitRequest) =>
  manager.query(
    `with noted as (
       update outbound_calls set permitted_at = clock_timestamp() where call_id = $1 and permitted_at is null)
     update outbound_permits set granted_at = clock_timestamp() where call_id = $1 and attempt = $2`,
    [call_id, attempt],
  );

const leaveQueue = (manager: EntityManager, { call_id, attempt }: ReleaseRequest) =>
  manager.query('delete from outbound_permits where call_id = $1 and attempt = $2 and granted_at is null', [
    call_id,
    attempt,
  ]);

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
    `with gone as (delete from outbound_permits where call_id = $1 and attempt = $2 and granted_at is null),
       noted as (update outbound_calls set permitted_at = now() where call_id = $1 and permitted_at is null)
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
