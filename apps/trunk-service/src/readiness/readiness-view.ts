import { e164, timestamp, uuid } from '@trunkmesh/contracts/scalar.js';
import { OUTBOUND_REFUSALS, type OutboundRefusal } from '@trunkmesh/contracts/outbound.js';
import { z } from 'zod';

/** Why a call would not arrive, beside what the plan of an outbound call refuses with. */
const OWN_CODES = [
  'target-inactive',
  'trunk-pending',
  'trunk-unplaced',
  'trunk-failed',
  'address-unknown',
  'address-contested',
  'gateways-down',
  'bridge-status-unknown',
  'routing-unavailable',
] as const;
export type ReadinessCode = OutboundRefusal | (typeof OWN_CODES)[number];
const code = z
  .enum([...(Object.keys(OUTBOUND_REFUSALS) as OutboundRefusal[]), ...OWN_CODES])
  .describe('The reason as a constant, for programs.');

/** In the order in which a call meets them. */
const step = z
  .enum([
    'organization',
    'number',
    'target',
    'caller-id',
    'destination',
    'country',
    'trunk',
    'bridge',
    'address',
    'assistant-url',
    'gateways',
    'routing',
  ])
  .describe('What was looked at.');

export const readinessStep = z
  .object({
    step,
    result: z
      .enum(['done', 'missing', 'unknown'])
      .describe('`missing`: calls fail until this is done. `unknown`: it cannot be looked at now.'),
    code: code.nullable().describe('Why, as a constant; null where the step is done.'),
    message: z.string().describe('What was found and, where something is missing, what to do.'),
  })
  .meta({ id: 'ReadinessStep' });
export type ReadinessStep = z.infer<typeof readinessStep>;

const direction = z.object({
  ready: z.boolean().describe('Every step is done.'),
  missing: z
    .object({ code, message: z.string().describe('What is missing and what to do.') })
    .nullable()
    .describe('The first step that is not done; null: none.'),
  steps: z.array(readinessStep).describe('Every step, in the order in which a call meets them.'),
});

export const readinessView = z
  .object({
    phone_number_id: uuid.describe('The phone number, by its id.'),
    phone_number: e164.describe('The phone number in E.164.'),
    inbound: direction.describe('Whether calls for the number reach its assistant.'),
    outbound: direction
      .extend({ to_phone_number: z.string().describe('The called number that the outbound plan was made for.') })
      .describe('Whether the number can call.'),
    checked_at: timestamp.describe('When this was compiled.'),
  })
  .meta({ id: 'NumberReadiness', description: 'What is missing before a phone number takes and places calls.' });
export type NumberReadiness = z.infer<typeof readinessView>;
