import { z } from 'zod';
import { numberTarget } from './number.js';
import { routingFailure } from './routing.js';
import { bridgeId, countryCode, e164, poolName, uuid } from './scalar.js';

/**
 * Ranges that cost far more than their country's usual rate, and that fraud is about. None may be called unless the
 * organisation allows it by name. `premium-rate`: also personal numbers, which share their revenue with the
 * called party.
 */
export const specialNumber = z.enum(['premium-rate', 'shared-cost', 'satellite']);
export type SpecialNumber = z.infer<typeof specialNumber>;

/** `number_trunk_only`: only the trunk of the number is tried. `any_trunk`: then the organisation's other trunks. */
export const outboundFailover = z.enum(['any_trunk', 'number_trunk_only']);
export type OutboundFailover = z.infer<typeof outboundFailover>;

/** Request `trunkmesh.rpc.routing.outbound`: which trunks would an outbound call try, and why? */
export const outboundRequest = z.object({
  call_id: uuid.describe(
    'The call. Among trunks of the same priority it decides the order, so a repeated request gives the same plan.',
  ),
  organization_id: uuid.describe('The organisation that calls.'),
  from: e164.describe("The organisation's phone number that calls."),
  to: z.string().min(1).max(64).describe('The number to call: E.164, or as it is dialled in the country of `from`.'),
  caller_id: e164
    .nullable()
    .default(null)
    .describe('The number to show: another active or verified number of the organisation; null: `from`.'),
  trunk_id: uuid.nullable().default(null).describe('The only trunk to try; null: by the rules.'),
  target: numberTarget
    .pick({ kind: true, id: true })
    .nullable()
    .default(null)
    .describe('The assistant or flow that takes the call; null: that of `from`.'),
});
export type OutboundRequest = z.infer<typeof outboundRequest>;

/** Why nothing is dialled. Each has its HTTP status at the API. */
export const OUTBOUND_REFUSALS = {
  'organization-suspended': 403,
  'unknown-number': 404,
  'inactive-number': 409,
  'number-not-assigned': 409,
  'caller-id-not-allowed': 403,
  'emergency-number': 403,
  'not-a-public-number': 400,
  'special-number': 403,
  'country-not-allowed': 403,
  'unknown-trunk': 404,
  'trunk-disabled': 409,
  'no-trunk': 409,
} as const;
export type OutboundRefusal = keyof typeof OUTBOUND_REFUSALS;
export const outboundRefusal = z.enum(Object.keys(OUTBOUND_REFUSALS) as [OutboundRefusal, ...OutboundRefusal[]]);

/** What limits an organisation's outbound calls refuse a call with, before it is dialled: HTTP status 429. */
export const OUTBOUND_LIMITS = {
  'queue-full': 429,
  'calls-per-hour': 429,
  'calls-per-day': 429,
  'minutes-per-hour': 429,
  'minutes-per-day': 429,
  'same-destination': 429,
  'no-bridge': 503,
} as const;
export type OutboundLimit = keyof typeof OUTBOUND_LIMITS;
export const outboundLimit = z.enum(Object.keys(OUTBOUND_LIMITS) as [OutboundLimit, ...OutboundLimit[]]);

/** What is known of a trunk's gateway in FreeSWITCH. */
export const gatewayReach = z.enum(['up', 'down', 'unknown']);
export type GatewayReach = z.infer<typeof gatewayReach>;

export const plannedAttempt = z
  .object({
    trunk_id: uuid.describe('The trunk.'),
    chosen_by: z
      .enum(['request', 'number-trunk', 'priority'])
      .describe(
        '`request`: the request names it. `number-trunk`: it is the trunk of the number. `priority`: it follows.',
      ),
    priority: z.number().int().describe("The trunk's priority; a lower number is tried first."),
    gateway: gatewayReach.describe('Whether the gateway can be used; `unknown`: no bridge has reported on it.'),
    pool: poolName.describe('The pool whose bridges have the trunk.'),
    bridge_id: bridgeId
      .nullable()
      .describe('The bridge that registers the trunk; null: any bridge of the pool, or none yet where it registers.'),
    dialled: z.string().max(64).describe("The number in the carrier's spelling, by the trunk's outbound number rules."),
  })
  .meta({ id: 'PlannedAttempt' });
export type PlannedAttempt = z.infer<typeof plannedAttempt>;

export const leftOutTrunk = z
  .object({
    trunk_id: uuid.describe('The trunk.'),
    reason: z
      .enum(['disabled', 'country-not-allowed', 'not-the-numbers-trunk', 'too-many'])
      .describe('Why it is not tried.'),
  })
  .meta({ id: 'LeftOutTrunk' });
export type LeftOutTrunk = z.infer<typeof leftOutTrunk>;

export const outboundExplanation = z
  .object({
    checks: z
      .array(
        z.object({
          check: z
            .enum(['organization', 'from', 'target', 'caller-id', 'destination', 'country', 'trunks'])
            .describe('What was checked, in this order.'),
          passed: z.boolean().describe('False: this refused the call.'),
          detail: z.string().describe('What was found, in a sentence.'),
        }),
      )
      .describe('Every check up to the first that refused the call.'),
    left_out: z
      .array(leftOutTrunk)
      .describe('Trunks of the organisation that are not tried, up to 32. Empty where the call is refused before.'),
    summary: z.string().describe('One sentence for a person: what would be done and why.'),
  })
  .meta({ id: 'OutboundExplanation' });
export type OutboundExplanation = z.infer<typeof outboundExplanation>;

const destination = {
  to: e164.nullable().describe('The called number in E.164; null: it is not a public number.'),
  country: countryCode
    .nullable()
    .describe('The country of the called number (ISO 3166-1 alpha-2); null: it belongs to none.'),
};

export const outboundPlan = z
  .discriminatedUnion('outcome', [
    z
      .object({
        outcome: z.literal('call').describe('The call would be placed.'),
        organization_id: uuid.describe('The organisation.'),
        number_id: uuid.describe('The phone number that calls, by its id.'),
        from: e164.describe('The phone number that calls.'),
        ...destination,
        to: e164.describe('The called number in E.164.'),
        caller_id: e164.describe('The number that is shown.'),
        target: numberTarget.pick({ kind: true, id: true }).describe('The assistant or flow that takes the call.'),
        attempts: z
          .array(plannedAttempt)
          .min(1)
          .max(8)
          .describe('The trunks in the order in which they are tried, one at a time.'),
        explanation: outboundExplanation.describe('How the plan was made.'),
      })
      .meta({ id: 'OutboundCallPlan' }),
    z
      .object({
        outcome: z.literal('refuse').describe('Nothing would be dialled.'),
        reason: outboundRefusal.describe('Why, as a constant.'),
        organization_id: uuid.describe('The organisation.'),
        from: e164.describe('The phone number that was to call.'),
        ...destination,
        explanation: outboundExplanation.describe('How the plan was made.'),
      })
      .meta({ id: 'OutboundCallRefusal' }),
  ])
  .meta({ id: 'OutboundPlan' });
export type OutboundPlan = z.infer<typeof outboundPlan>;

export const outboundAnswer = z.discriminatedUnion('outcome', [...outboundPlan.options, routingFailure]);
export type OutboundAnswer = z.infer<typeof outboundAnswer>;
