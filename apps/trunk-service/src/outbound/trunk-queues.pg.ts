import { QUEUE_KEPT_SECONDS } from '@trunkmesh/contracts/outbound-call.js';
import { OUTBOUND_DEFAULTS } from '@trunkmesh/contracts/outbound-settings.js';
import type { EntityManager } from 'typeorm';
import { preparedIn } from '../event-store/prepared.pg.js';
import type { Queryable } from '../event-store/read-model.js';
import type { CallPlan } from './call-input.js';
import { queueIsFull, retryAfter, type TrunkQueue } from './permit.js';
import type { TrunkTimes } from './dial-until.js';
import { CallNotAccepted } from './refused-event.js';

export const KEPT = `interval '${QUEUE_KEPT_SECONDS} seconds'`;

export interface LimitedTrunk extends TrunkQueue {
  id: string;
  queue_seconds: number;
}

/** The channels of a trunk that inbound calls use, on all bridges. */
export type InboundOn = (trunkId: string) => number;

/** Those of the organisation's trunks that have limits; `callId` is not counted among those that wait. */
export async function limitedTrunks(
  manager: EntityManager,
  { organizationId, trunkIds, callId }: { organizationId: string; trunkIds: readonly string[]; callId: string },
  inboundOn: InboundOn,
): Promise<LimitedTrunk[]> {
  const rows = (await preparedIn(manager.queryRunner!).query(
    `with limited as (
       select id, (state->>'max_channels')::int as max_channels, (state->>'max_cps')::float8 as max_cps,
         coalesce((state->>'queue_seconds')::int, $4) as queue_seconds,
         coalesce((state->>'queue_length')::int, $5) as queue_length
       from trunks where id = any($1::uuid[]) and organization_id = $2
         and (state->>'max_channels' is not null or state->>'max_cps' is not null))
     select l.*, used.channels, used.recent, queue.waiting from limited l,
       lateral (
         select count(*) filter (where granted_at is not null and released_at is null)::int as channels,
           count(*) filter (where granted_at > clock_timestamp()
             - make_interval(secs => coalesce(ceil(l.max_cps) / l.max_cps, 1)))::int as recent
         from outbound_permits where trunk_id = l.id) used,
       lateral (
         select count(*)::int as waiting from (
           select call_id from outbound_calls
           where trunk_id = l.id and permitted_at is null and state in ('requested', 'accepted')
             and answered_at is null and dial_until > now() and call_id <> $3
           union
           select call_id from outbound_permits
           where trunk_id = l.id and granted_at is null and asked_at > clock_timestamp() - ${KEPT}
             and call_id <> $3) w) queue`,
    [trunkIds, organizationId, callId, OUTBOUND_DEFAULTS.queue_seconds, OUTBOUND_DEFAULTS.queue_length],
  )) as LimitedTrunk[];
  return rows.map((row) => ({ ...row, channels: row.channels + inboundOn(row.id) }));
}

/**
 * The attempts whose trunk has no limits, or room in its queue. `limited`: read in the transaction that accepts the
 * call, where one call of an organisation follows the other: so the count is exact.
 *
 * @throws CallNotAccepted queue-full
 */
export function withinQueues(attempts: CallPlan['attempts'], limited: readonly LimitedTrunk[]): CallPlan['attempts'] {
  const full = limited.filter(queueIsFull);
  const isFull = new Set(full.map(({ id }) => id));
  const open = attempts.filter(({ trunk_id }) => !isFull.has(trunk_id));
  if (open.length === 0) throw new CallNotAccepted(fullQueues(full));
  return open;
}

/** Of these trunks in this order, or of all trunks of the organisation. A trunk that is gone takes no time. */
export async function trunkTimes(
  { query }: Queryable,
  organizationId: string,
  trunkIds?: readonly string[],
): Promise<(TrunkTimes & { id: string })[]> {
  const rows = (await query(
    `select id, (state->>'ring_timeout_seconds')::int as ring_seconds,
       case when state->>'max_channels' is not null or state->>'max_cps' is not null
         then coalesce((state->>'queue_seconds')::int, $3) end as queue_seconds
     from trunks where organization_id = $1 and ($2::uuid[] is null or id = any($2::uuid[]))`,
    [organizationId, trunkIds ?? null, OUTBOUND_DEFAULTS.queue_seconds],
  )) as (TrunkTimes & { id: string })[];
  if (trunkIds === undefined) return rows;
  const byId = new Map(rows.map((row) => [row.id, row]));
  return trunkIds.flatMap((id) => byId.get(id) ?? []);
}

const fullQueues = (full: readonly LimitedTrunk[]) => ({
  reason: 'queue-full' as const,
  detail:
    'As many calls wait for the trunk as its "queue_length" allows, and so for every other trunk of the call. ' +
    'Nothing was dialled. Try again later, or raise "queue_length", "max_channels" or "max_cps".',
  retry_after_seconds: Math.min(...full.map(retryAfter)),
});
