import { describe, expect, it } from '@jest/globals';
import type { RatePlan } from '@trunkmesh/contracts/rate-plan.js';
import { specification } from '@trunkmesh/testkit/specification.js';
import { effectiveFrom, ratePlanBody } from './rate-plan-input.js';
import { decide, evolve, type RatePlanChange, type RatePlanCommand } from './rate-plan.js';

const at = '2026-11-29T00:00:00.000Z';
const organization_id = '0b8d1ad6-5c7e-4cd5-9b7f-3b8b7a1f0c11';
const effective_from = '2026-12-01T00:00:00.000Z';
const fields = {
  currency: 'USD',
  rate_per_minute_micros: 12_500,
  increments: '60/60',
  minimum_seconds: 0,
  free_minutes_per_month: 0,
  rates: [],
};
const state: RatePlan = { organization_id, effective_from, ...fields, created_at: at, updated_at: at };
const set: RatePlanChange = { type: 'RatePlanSet', change: {}, state };
const spec = specification<RatePlan | null, RatePlanChange, RatePlanCommand>({ initial: null, evolve, decide });
const put = (over: Partial<typeof fields> = {}): RatePlanCommand => ({
  type: 'PutRatePlan',
  organization_id,
  effective_from,
  fields: { ...fields, ...over },
  at,
});

describe('a rate plan', () => {
  it('is set', () => spec.given().when(put()).then(set));
  it('changes only what differs', () =>
    spec
      .given(set)
      .when(put({ increments: '1/1' }))
      .then({ type: 'RatePlanChanged', change: { fields: ['increments'] }, state: { ...state, increments: '1/1' } }));
  it('set again as it is, stays as it is', () => spec.given(set).when(put()).thenNothing());
  it('is removed', () =>
    spec.given(set).when({ type: 'RemoveRatePlan' }).then({ type: 'RatePlanRemoved', change: {}, state: null }));
  it('that is not there, is not removed', () =>
    spec.given().when({ type: 'RemoveRatePlan' }).thenRefused('rate-plan-not-found'));
});

describe('what a client writes', () => {
  it.each([
    ['2026-12-01', '2026-12-01T00:00:00.000Z'],
    ['2026-12-01T09:30:00Z', '2026-12-01T09:30:00.000Z'],
    ['2026-12-01T09:30:00.5+02:00', '2026-12-01T07:30:00.500Z'],
  ])('%s begins at %s', (text, time) => expect(effectiveFrom(text, 'UTC')).toBe(time));
  it.each(['', 'now', '2026-13-01', '1970-01-01', '9999-01-01', '2026-12-01T09:30:00'])('%j is no time', (text) =>
    expect(() => effectiveFrom(text, 'UTC')).toThrow(expect.objectContaining({ code: 'invalid-request' })),
  );
  it.each<[string, object]>([
    ['a rate with a fraction', { rate_per_minute_micros: 0.5 }],
    ['a negative rate', { rate_per_minute_micros: -1 }],
    ['increments of nothing', { increments: '0/60' }],
    ['increments of one number', { increments: '60' }],
    ['a currency that is none', { currency: 'dollars' }],
    ['a special rate for everything', { rates: [{ rate_per_minute_micros: 1 }] }],
    [
      'two rates for the same calls',
      {
        rates: [
          { country: 'DE', rate_per_minute_micros: 1 },
          { country: 'de', rate_per_minute_micros: 2 },
        ],
      },
    ],
  ])('%s is refused', (_what, over) =>
    expect(ratePlanBody.safeParse({ currency: 'USD', rate_per_minute_micros: 1, ...over }).success).toBe(false),
  );
  it('may have a rate for numbers of no country', () => {
    const rates = [{ direction: 'outbound', country: '001', rate_per_minute_micros: 1 }];
    expect(ratePlanBody.parse({ currency: 'USD', rate_per_minute_micros: 1, rates })).toMatchObject({ rates });
  });
  it('may be what it read', () => expect(ratePlanBody.parse(state)).toEqual(fields));
});
