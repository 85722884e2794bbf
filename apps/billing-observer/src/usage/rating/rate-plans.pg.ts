import type { RatePlan } from '@trunkmesh/contracts/rate-plan.js';
import type { DataSource, EntityManager } from 'typeorm';
import { lockExclusive } from '../ledger/lock.pg.js';

/** Each organisation's plans, the earliest first. */
export async function loadPlans(
  tx: EntityManager,
  organizationIds: readonly string[],
): Promise<ReadonlyMap<string, RatePlan[]>> {
  const rows: { plan: string }[] = await tx.query(
    'SELECT plan FROM rate_plans WHERE organization_id = ANY($1::uuid[]) AND plan IS NOT NULL ORDER BY effective_from',
    [[...new Set(organizationIds)]],
  );
  const plans = new Map<string, RatePlan[]>();
  for (const { plan } of rows) {
    const parsed = JSON.parse(plan) as RatePlan;
    const ofOrganization = plans.get(parsed.organization_id);
    if (ofOrganization === undefined) plans.set(parsed.organization_id, [parsed]);
    else ofOrganization.push(parsed);
  }
  return plans;
}

/** What an event says of a plan. */
export interface PlanChange {
  organization_id: string;
  effective_from: string;
  version: number;
  plan: RatePlan | null;
}

/** Takes over what is newer than what is known. Returns whether anything was. */
export async function applyPlans(dataSource: DataSource, changes: readonly PlanChange[]): Promise<boolean> {
  const given = [
    changes.map((change) => change.organization_id),
    changes.map((change) => change.effective_from),
    changes.map((change) => change.version),
  ];
  const known: { organization_id: string; effective_from: Date; version: string }[] = await dataSource.query(
    `SELECT plan.organization_id, plan.effective_from, plan.version FROM rate_plans AS plan
      JOIN unnest($1::uuid[], $2::timestamptz[], $3::bigint[]) AS given (organization_id, effective_from, version)
        USING (organization_id, effective_from) WHERE plan.version >= given.version`,
    given,
  );
  const old = new Set(known.map((row) => `${row.organization_id} ${row.effective_from.toISOString()}`));
  const fresh = changes.filter((change) => !old.has(`${change.organization_id} ${change.effective_from}`));
  if (fresh.length === 0) return false;
  await dataSource.transaction(async (tx) => {
    await lockExclusive(tx);
    await tx.query(
      `INSERT INTO rate_plans (organization_id, effective_from, version, plan, unsettled)
      SELECT *, true FROM unnest($1::uuid[], $2::timestamptz[], $3::bigint[], $4::text[])
      ON CONFLICT (organization_id, effective_from) DO UPDATE SET version = excluded.version, plan = excluded.plan,
        unsettled = true WHERE rate_plans.version < excluded.version`,
      [
        fresh.map((change) => change.organization_id),
        fresh.map((change) => change.effective_from),
        fresh.map((change) => change.version),
        fresh.map((change) => (change.plan === null ? null : JSON.stringify(change.plan))),
      ],
    );
  });
  return true;
}
