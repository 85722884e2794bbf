import type { CallEnded } from '@trunkmesh/contracts/call.js';
import type { RatePlan } from '@trunkmesh/contracts/rate-plan.js';
import { callEnded, ORG } from '@trunkmesh/testkit/call-events.js';
import type { DataSource } from 'typeorm';
import { applyPlans } from './rating/rate-plans.pg.js';
import { settle } from './rating/settle.pg.js';

const OCTOBER = '2026-10-01T00:00:00.000Z';

/** The record of a call of 61 seconds that began then. */
export const endedAt = (n: number, started_at: string, data: Partial<CallEnded['data']> = {}): CallEnded => {
  const event = callEnded(n);
  return { ...event, data: { ...event.data, started_at, billable_ms: 61_000, ...data } };
};

/** A second record of the same call, with a record number of its own. */
export const endedAgain = (n: number, started_at: string, data: Partial<CallEnded['data']> = {}): CallEnded => ({
  ...endedAt(n, started_at, { record_number: n + 900_000, ...data }),
  id: `0190a5b2-7c00-7000-8f00-${String(n).padStart(12, '0')}`,
});

/** A plan of 0.03 USD a minute; `settled`: what it changes is corrected at once. */
export async function setPlan(
  db: DataSource,
  version: number,
  { settled = true, ...over }: Partial<RatePlan> & { settled?: boolean } = {},
): Promise<void> {
  const plan: RatePlan = {
    organization_id: ORG,
    effective_from: OCTOBER,
    currency: 'USD',
    rate_per_minute_micros: 30_000,
    increments: '60/60',
    minimum_seconds: 0,
    free_minutes_per_month: 0,
    rates: [],
    created_at: OCTOBER,
    updated_at: OCTOBER,
    ...over,
  };
  const { organization_id, effective_from } = plan;
  await applyPlans(db, [{ organization_id, effective_from, version, plan }]);
  if (settled) await settle(db, { now: () => new Date('2026-11-29T00:00:00.000Z') });
}
