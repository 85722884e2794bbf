import { ratePlan, type RatePlan } from '@trunkmesh/contracts/rate-plan.js';
import { entityOfSubject } from '@trunkmesh/contracts/subjects.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { lastPerSubject, type Queryable, type ReadModel } from '../event-store/read-model.js';

const DELETE = `
  delete from rate_plans as plan using unnest($1::uuid[], $2::text[]) as gone (organization_id, effective_from)
  where plan.organization_id = gone.organization_id and plan.effective_from = gone.effective_from`;
const INSERT = `
  insert into rate_plans (organization_id, effective_from, version, state)
  select (state->>'organization_id')::uuid, state->>'effective_from', version, state
  from jsonb_to_recordset($1::jsonb) as row (version int, state jsonb)`;

export const ratePlanReadModel: ReadModel = {
  kind: 'rate-plan',
  tables: ['rate_plans'],
  project: async (transaction: Queryable, events) => {
    const last = lastPerSubject(events);
    const plans = last.map(({ subject }) => entityOfSubject(subject)).filter((entity) => entity?.kind === 'rate-plan');
    await transaction.query(DELETE, [plans.map(({ org }) => org), plans.map((plan) => plan.effectiveFrom)]);
    const rows = last
      .filter(({ data }) => data.state !== null)
      .map(({ entityversion, data }) => ({ version: entityversion, state: data.state }));
    await transaction.query(INSERT, [JSON.stringify(rows)]);
  },
  violations: {},
};

/** In the order in which they begin. */
export async function listRatePlans(store: EventStore, organizationId: string): Promise<RatePlan[]> {
  const rows = await store.query<{ state: RatePlan }>(
    'select state from rate_plans where organization_id = $1 order by effective_from',
    [organizationId],
  );
  return rows.map(({ state }) => ratePlan.parse(state));
}
