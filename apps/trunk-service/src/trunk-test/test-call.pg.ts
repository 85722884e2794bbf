import type { OutboundPlan } from '@trunkmesh/contracts/outbound.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { preparedIn } from '../event-store/prepared.pg.js';
import { checkCeilings, countCall } from '../outbound/ceilings.pg.js';
import type { Ceilings } from '../outbound/ceilings.js';
import { publishRefusal } from '../outbound/refusals.nats.js';
import { keepRefusal, uncount } from '../outbound/refusals.pg.js';
import type { Refusal } from '../outbound/refused-event.js';

/** The call of a trunk's test; `trunk_id` is the test's own where the trunk is not saved. */
export interface TestCall {
  call_id: string;
  organization_id: string;
  number_id: string | null;
  trunk_id: string;
  bridge_id: string;
  from: string;
  to: string;
  at: Date;
}

/** Longer than a test and a late answer of the carrier take together, milliseconds. */
const REPORTED_WITHIN_MS = 180_000;

/**
 * Counts it as any outbound call: against the ceilings, and among the calls to the same number. Its bridge reports what
 * becomes of it, and it ends by itself. Where the bridge reports nothing, whichever process runs by then publishes that
 * its result is not known.
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
    const refusal = { reason: 'inconclusive' as const, detail: notReported(call), reported: false };
    await keepRefusal(manager, knownOf(call), refusal, new Date(call.at.getTime() + REPORTED_WITHIN_MS));
  });
}

const notReported = ({ bridge_id }: TestCall): string =>
  `Bridge ${bridge_id} did not report what became of this test call. It may or may not have been placed: compare ` +
  "with the carrier's bill, and test again.";

const knownOf = ({ call_id, organization_id, number_id, from, to, at }: Omit<TestCall, 'bridge_id' | 'trunk_id'>) => ({
  ...{ call_id, organization_id, number_id, from, to, caller_id: null, target: null },
  started_at: at.toISOString(),
  trunk_test: true as const,
});

/** Longer than it takes until the log has the call, once the stream can be written, milliseconds. */
const LOGGED_WITHIN_MS = 900_000;

/**
 * The bridge has answered: what it placed, it reports. Where the log has no event of the call even then, because the
 * bridge was lost before it could write one, its result is published as not known.
 */
export async function expectReport(store: EventStore, callId: string): Promise<void> {
  await store.query(
    `update outbound_refusals set publish_at = now() + $2::float8 * interval '1 millisecond'
     where call_id = $1 and published_at is null`,
    [callId, LOGGED_WITHIN_MS],
  );
}

/** Nothing was dialled after all. */
export async function uncountTestCall(store: EventStore, callId: string): Promise<void> {
  await store.transaction(async (manager) => {
    const { query } = preparedIn(manager.queryRunner!);
    await uncount(query, callId);
    await query('delete from outbound_calls where call_id = $1', [callId]);
    await query('delete from outbound_refusals where call_id = $1 and published_at is null', [callId]);
  });
}

/** A refusal is an event, as that of any outbound call; the API answers it, so that no status is delivered. */
export async function refuseTestCall(
  { store, nats }: { store: EventStore; nats: NatsLink },
  plan: OutboundPlan,
  asked: { call_id: string; to: string; at: Date },
  refusal: Refusal,
): Promise<void> {
  const { organization_id, from } = plan;
  const number_id = plan.outcome === 'call' ? plan.number_id : null;
  const known = knownOf({ ...asked, organization_id, number_id, from, to: plan.to ?? asked.to });
  const event = await store.transaction((manager) => keepRefusal(manager, known, { ...refusal, reported: false }));
  await publishRefusal(nats, store, event).catch((error: unknown) =>
    store.logger.warn({ err: error, call_id: asked.call_id }, 'cannot publish a refused call; trying again'),
  );
}
