import type { CallRefused } from '@trunkmesh/contracts/call.js';
import { currentTraceparent } from '@trunkmesh/runtime/trace.otel.js';
import type { EntityManager } from 'typeorm';
import { uuidv7 } from 'uuidv7';
import type { IdempotencyKey } from '../http/idempotency.pg.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { preparedIn } from '../event-store/prepared.pg.js';
import type { Queryable } from '../event-store/read-model.js';
import type { RequestedCall } from './outbound-calls.pg.js';
import { knownOfRequest, refusedEvent, type Refusal } from './refused-event.js';

/**
 * Kept with what it ends, and published afterwards (refusals.nats.ts). A call is refused once. `reported`: whoever
 * requested the call learns it from the call's statuses alone, because no answer of the API says it. `at`: when it is
 * published, unless the call has an event by then.
 */
export async function keepRefusal(
  manager: EntityManager,
  known: Parameters<typeof refusedEvent>[0],
  refusal: Refusal & { reported: boolean },
  at = new Date(),
): Promise<CallRefused> {
  const event = refusedEvent(known, refusal, {
    id: uuidv7(),
    at: at.toISOString(),
    traceparent: currentTraceparent(),
  });
  await preparedIn(manager.queryRunner!).query(
    `insert into outbound_refusals (call_id, organization_id, event, report_at, publish_at)
     values ($1, $2, $3, case when $4::boolean then now() end, greatest(now(), $5::timestamptz))
     on conflict on constraint outbound_refusals_pk do nothing`,
    [known.call_id, known.organization_id, JSON.stringify(event), refusal.reported, at.toISOString()],
  );
  return event;
}

/**
 * Ends a call that certainly no bridge has. Undefined: it has an end already, or somebody else works on it now.
 * `key`: the request is answered with this refusal, so that the same key may be used for another try.
 */
export function refuseCall(
  store: EventStore,
  call: RequestedCall,
  refusal: Refusal & { reported: boolean },
  key?: IdempotencyKey,
): Promise<CallRefused | undefined> {
  return store.transaction(async (manager) => {
    const { query } = preparedIn(manager.queryRunner!);
    const ended = (await query(
      `update outbound_calls set state = 'refused', ended_at = now(), request = null, look_at = null, bridge_id = null
       where call_id = $1 and turn = $2 and state = 'requested' returning call_id`,
      [call.call_id, call.turn],
    )) as unknown[];
    if (ended.length === 0) return undefined;
    await uncount(query, call.call_id);
    if (key !== undefined)
      await query('delete from idempotency_keys where organization_id = $1 and key = $2', [
        key.organizationId,
        key.key,
      ]);
    return keepRefusal(manager, knownOfRequest(call.request), refusal);
  });
}

/** Nothing was dialled: it counts for no ceiling. */
export async function uncount(query: Queryable['query'], callId: string): Promise<void> {
  await query(
    `update outbound_minutes m set calls = greatest(m.calls - 1, 0) from outbound_calls c
     where c.call_id = $1 and m.organization_id = c.organization_id
       and m.minute = date_trunc('minute', c.requested_at)`,
    [callId],
  );
}

export interface LeftRefusal {
  call_id: string;
  /** JSON, as it was kept. */
  event: string;
}

/** Oldest first, a moment after they were written: whoever wrote them publishes them at once. */
export function unpublishedRefusals(store: EventStore, limit: number): Promise<LeftRefusal[]> {
  return store.query<LeftRefusal>(
    `select call_id, event from outbound_refusals
     where published_at is null and publish_at <= now() and created_at < now() - interval '2 seconds'
     order by publish_at limit $1`,
    [limit],
  );
}

/** It cannot be published now: the others go before it, and it is tried less and less often. */
export async function putOffPublication(store: EventStore, callId: string): Promise<void> {
  await store.query(
    `update outbound_refusals
     set publish_at = now() + least(greatest(now() - created_at, interval '10 seconds'), interval '10 minutes')
     where call_id = $1`,
    [callId],
  );
}

/**
 * `first`: it is the call's first event, so that the call of a trunk's test is over as well: its row has no request.
 * Otherwise a bridge has the call, and delivers its statuses.
 */
export async function markPublished(store: EventStore, callId: string, first: boolean): Promise<void> {
  await store.query(
    `with published as (
       update outbound_refusals set published_at = coalesce(published_at, now()),
         report_at = case when $2::boolean then report_at end
       where call_id = $1)
     update outbound_calls set state = 'refused', ended_at = now()
     where call_id = $1 and $2::boolean and state = 'accepted' and request is null`,
    [callId, first],
  );
}
