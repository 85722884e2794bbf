import type { EntityManager } from 'typeorm';
import { preparedIn } from '../event-store/prepared.pg.js';
import { ceilingReached, type Ceilings, type OutboundUse } from './ceilings.js';
import { CallNotAccepted } from './refused-event.js';

/**
 * Checks a call against what its organisation may have: its own quotas, else the installation's. In the transaction
 * that counts the call, one call of an organisation after the other until that ends: so the count is exact, however
 * many arrive at once and on however many copies of the service. What is sent over the connection after it waits for
 * its turn, too.
 *
 * @throws CallNotAccepted calls-per-hour, calls-per-day, minutes-per-hour, minutes-per-day, same-destination
 */
export async function checkCeilings(
  manager: EntityManager,
  standard: Ceilings,
  { organization_id, to }: { organization_id: string; to: string },
): Promise<void> {
  const db = preparedIn(manager.queryRunner!);
  // Sent together: one packet, and one wait.
  const [, rows] = await Promise.all([
    db.query(`select pg_advisory_xact_lock(hashtextextended('outbound ' || $1::text, 0))`, [organization_id]),
    db.query(USED, [organization_id, to]) as Promise<(OutboundUse & { quotas: Partial<Ceilings> | null })[]>,
  ]);
  const used = rows[0]!;
  const refusal = ceilingReached({ ...standard, ...used.quotas }, used);
  if (refusal !== undefined) throw new CallNotAccepted(refusal);
}

const USED = `with finished as (
     select sum(calls) filter (where minute > now() - interval '1 hour') as calls_hour, sum(calls) as calls_day,
       sum(billable_ms) filter (where minute > now() - interval '1 hour') as ms_hour, sum(billable_ms) as ms_day
     from outbound_minutes where organization_id = $1 and minute > now() - interval '1 day'),
   open as (
     select sum(extract(epoch from now() - answered_at)) * 1000 as ms from outbound_calls
     where organization_id = $1 and state in ('requested', 'accepted') and answered_at is not null)
   select (select state->'quotas' from organizations where id = $1) as quotas,
     coalesce(calls_hour, 0)::float8 as calls_hour, coalesce(calls_day, 0)::float8 as calls_day,
     ((coalesce(ms_hour, 0) + coalesce(open.ms, 0)) / 60000)::float8 as minutes_hour,
     ((coalesce(ms_day, 0) + coalesce(open.ms, 0)) / 60000)::float8 as minutes_day,
     (select count(*) from outbound_calls where organization_id = $1 and to_number = $2
       and requested_at > now() - interval '1 hour' and state <> 'refused')::float8 as destination_hour
   from finished, open`;

/** After `checkCeilings`, in the same transaction. */
export async function countCall(manager: EntityManager, organizationId: string): Promise<void> {
  await preparedIn(manager.queryRunner!).query(
    `insert into outbound_minutes (organization_id, minute, calls) values ($1, date_trunc('minute', now()), 1)
     on conflict on constraint outbound_minutes_pk do update set calls = outbound_minutes.calls + 1`,
    [organizationId],
  );
}
