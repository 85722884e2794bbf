import { z } from 'zod';
import { callSettings } from './call-settings.js';
import { cloudEvent } from './envelope.js';
import { countryCode, e164, timestamp, uuid } from './scalar.js';
import { printable } from './trunk.js';

/** An assistant or a flow of the platform; its id is the platform's integer, opaque to us. */
export const numberTarget = z
  .object({
    kind: z.enum(['assistant', 'flow']).describe('Whether it is an assistant or a flow.'),
    id: z.number().int().positive().max(Number.MAX_SAFE_INTEGER).describe('The id.'),
    name: printable(200).nullable().describe('The name; null: it was not given.'),
    is_active: z.boolean().describe('False: calls for it are refused.'),
  })
  .meta({ id: 'NumberTarget' });
export type NumberTarget = z.infer<typeof numberTarget>;

/** Why a number is the organisation's: a call for it arrived from an address with evidence, or an operator said so. */
export const numberProof = z
  .object({
    by: z.enum(['call', 'operator']).describe('What proves it.'),
    at: timestamp.describe('When it happened.'),
  })
  .meta({ id: 'NumberProof' });
export type NumberProof = z.infer<typeof numberProof>;

export const numberState = z
  .object({
    id: uuid.describe('The id.'),
    organization_id: uuid.describe('The organisation.'),
    phone_number: e164.describe('The phone number in E.164.'),
    friendly_name: printable(200).nullable().describe('A name for people; null: none.'),
    provider: printable(100).nullable().describe('A free label for the carrier; null: none.'),
    is_active: z.boolean().describe('False: calls for it are refused.'),
    sip_trunk_id: uuid.nullable().describe('The trunk that the number is assigned to; null: none.'),
    allowed_country_codes: z
      .array(countryCode)
      .nullable()
      .describe('The countries that may call this number (ISO 3166-1 alpha-2); null: any.'),
    is_verified_caller_id: z
      .boolean()
      .describe('Whether the number may be shown as the caller though it is inactive. Only the operator sets it true.'),
    capabilities: z.record(z.string(), z.boolean()).describe('What the number can do, by name.'),
    target: numberTarget.nullable().describe('The assistant or flow that takes the calls; null: none.'),
    call_settings: callSettings.optional().describe('What is set for this number alone. Absent: nothing.'),
    proof: numberProof
      .optional()
      .describe(
        "Why the number is the organisation's. Absent: unproven; it yields to a proven claim of another organisation.",
      ),
    created_at: timestamp.describe('When it was made.'),
    updated_at: timestamp.describe('When it was last changed.'),
  })
  .meta({ id: 'NumberState' });
export type NumberState = z.infer<typeof numberState>;

export const numberEvent = z.discriminatedUnion('type', [
  cloudEvent('NumberAdded', z.object({}), numberState),
  /** The trunk, the assistant or the flow was set or replaced. */
  cloudEvent(
    'NumberAssigned',
    z.object({
      sip_trunk_id: uuid.nullable().optional().describe('The trunk that the number is assigned to; null: none.'),
      target: numberTarget.nullable().optional().describe('The assistant or flow that takes the calls; null: none.'),
    }),
    numberState,
  ),
  /** The trunk was taken away. */
  cloudEvent(
    'NumberUnassigned',
    z.object({ sip_trunk_id: uuid.describe('The trunk that the number is assigned to.') }),
    numberState,
  ),
  cloudEvent(
    'NumberUpdated',
    z.object({ fields: z.array(z.string()).describe('The names of the changed fields.') }),
    numberState,
  ),
  cloudEvent('NumberProven', numberProof.pick({ by: true }), numberState),
  cloudEvent('NumberRemoved', z.object({}), z.null()),
]);
export type NumberEvent = z.infer<typeof numberEvent>;
