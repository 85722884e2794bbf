import { DomainError } from '@trunkmesh/contracts/problem.js';
import { ratePlan, type RatePlan, type RatePlanEvent } from '@trunkmesh/contracts/rate-plan.js';

/** A rate plan's event before it has an envelope. */
export type RatePlanChange = {
  [E in RatePlanEvent as E['type']]: { type: E['type'] } & E['data'];
}[RatePlanEvent['type']];

export type RatePlanFields = Omit<RatePlan, 'organization_id' | 'effective_from' | 'created_at' | 'updated_at'>;

export type RatePlanCommand =
  | { type: 'PutRatePlan'; organization_id: string; effective_from: string; fields: RatePlanFields; at: string }
  | { type: 'RemoveRatePlan' };

export function decide(state: RatePlan | null, command: RatePlanCommand): RatePlanChange[] {
  switch (command.type) {
    case 'PutRatePlan':
      return put(state, command);
    case 'RemoveRatePlan': {
      if (state === null) throw ratePlanNotFound();
      return [{ type: 'RatePlanRemoved', change: {}, state: null }];
    }
  }
}

export const evolve = (_state: RatePlan | null, event: RatePlanChange): RatePlan | null => event.state;

export const ratePlanNotFound = () =>
  new DomainError('rate-plan-not-found', 'The organisation has no rate plan that begins then.');

const FIELDS = ratePlan
  .omit({ organization_id: true, effective_from: true, created_at: true, updated_at: true })
  .keyof().options;

function put(
  state: RatePlan | null,
  { organization_id, effective_from, fields, at }: Extract<RatePlanCommand, { type: 'PutRatePlan' }>,
): RatePlanChange[] {
  if (state === null) {
    const made = { organization_id, effective_from, ...fields, created_at: at, updated_at: at };
    return [{ type: 'RatePlanSet', change: {}, state: made }];
  }
  const changed = FIELDS.filter((field) => JSON.stringify(fields[field]) !== JSON.stringify(state[field]));
  if (changed.length === 0) return [];
  return [{ type: 'RatePlanChanged', change: { fields: changed }, state: { ...state, ...fields, updated_at: at } }];
}
