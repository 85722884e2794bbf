import type { OutboundPlan } from '@trunkmesh/contracts/outbound.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { preparedIn } from '../event-store/prepared.pg.js';
import { checkCeilings, countCall } from '../outbound/ceilings.pg.js';
import type { Ceilings } from '../outbound/ceilings.js';
import { publishRefusal } from '../outbound/refusals.nats.js';
import { keepRefusal, uncount } from '../outbound/refusals.pg.js';
import type { Known, Refusal } from '../outbound/refused-event.js';

/** The call of a trunk's test; `trunk_id` is the test's own where the trunk is not saved. */
export interface TestCall {
  call_id: string;
  organization_id: string;
  trunk_id: string;
  bridge_id: string;
  to: string;
}

/**
 * Counts it as any outbound call: against the ceilings, and among the calls to the same number. Its bridge reports what
 * becomes of it, and it ends by itself, so that the sweeper has nothing to do.
 *
 * @throws CallNotAccepted
 */
export async function countTestCall(store: EventStore, ceilings: Ceilings, call: TestCall): Promise<void> {
  await store.transaction(async (manager) => {
    await checkCeilings(manager, ceilings, call);
    await countCall(manager, call.organization_id);
    await preparedIn(manager.queryRunner!).query(
      `insert into outbound_calls (call_id, organization_id, to_number, trunk_id, bridge_id, state, requested_at,
         dial_until, permitted_at)
       values ($1, $2, $3, $4, $5, 'accepted', now(), now(), now())`,
      [call.call_id, call.organization_id, call.to, call.trunk_id, call.bridge_id],
    );
  });
}

/** Nothing was dialled after all. */
export async function uncountTestCall(store: EventStore, callId: string): Promise<void> {
  await store.transaction(async (manager) => {
    const { query } = preparedIn(manager.queryRunner!);
    await uncount(query, callId);
    await query('delete from outbound_calls where call_id = $1', [callId]);
  });
}

/** A refusal is an event, as that of any outbound call; the API answers it, so that no status is delivered. */
export async function refuseTestCall(
  { store, nats }: { store: EventStore; nats: NatsLink },
  plan: OutboundPlan,
  asked: { call_id: string; to: string; at: string },
  refusal: Refusal,
): Promise<void> {
  const known: Known = {
    call_id: asked.call_id,
    organization_id: plan.organization_id,
    number_id: plan.outcome === 'call' ? plan.number_id : null,
    from: plan.from,
    to: plan.to ?? asked.to,
    caller_id: null,
    target: null,
    started_at: asked.at,
    trunk_test: true,
  };
  const event = await store.transaction((manager) => keepRefusal(manager, known, { ...refusal, reported: false }));
  await publishRefusal(nats, store, event).catch((error: unknown) =>
    store.logger.warn({ err: error, call_id: asked.call_id }, 'cannot publish a refused call; trying again'),
  );
}
