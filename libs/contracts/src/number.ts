import { z } from 'zod';
import { callSettings } from './call-settings.js';
import { cloudEvent } from './envelope.js';
import { countryCode, e164, timestamp, uuid } from './scalar.js';
import { printable } from './trunk.js';

/** An assistant or a flow of the platform; its id is the platform's integer, opaque to us. */
export const numberTarget = z.object({
  kind: z.enum(['assistant', 'flow']),
  id: z.number().int().positive().max(Number.MAX_SAFE_INTEGER),
  name: printable(200).nullable(),
  is_active: z.boolean(),
});
export type NumberTarget = z.infer<typeof numberTarget>;

/** Why a number is the organisation's: a call for it arrived from an address with evidence, or an operator said so. */
export const numberProof = z.object({ by: z.enum(['call', 'operator']), at: timestamp });
export type NumberProof = z.infer<typeof numberProof>;

export const numberState = z.object({
  id: uuid,
  organization_id: uuid,
  phone_number: e164,
  friendly_name: printable(200).nullable(),
  provider: printable(100).nullable(),
  is_active: z.boolean(),
  sip_trunk_id: uuid.nullable(),
  /** Which countries may CALL this number; `null`: all. */
  allowed_country_codes: z.array(countryCode).nullable(),
  is_verified_caller_id: z.boolean(),
  capabilities: z.record(z.string(), z.boolean()),
  target: numberTarget.nullable(),
  /**
   *  What is set for this number alone; absent: nothing. Behind `target`, because routing reads the members before it
   *  by their order.
   */
  call_settings: callSettings.optional(),
  /** Absent: unproven. An unproven number yields to another organisation's proven claim. */
  proof: numberProof.optional(),
  created_at: timestamp,
  updated_at: timestamp,
});
export type NumberState = z.infer<typeof numberState>;

export const numberEvent = z.discriminatedUnion('type', [
  cloudEvent('NumberAdded', z.object({}), numberState),
  /** The trunk, the assistant or the flow was set or replaced. */
  cloudEvent(
    'NumberAssigned',
    z.object({ sip_trunk_id: uuid.nullable().optional(), target: numberTarget.nullable().optional() }),
    numberState,
  ),
  /** The trunk was taken away. */
  cloudEvent('NumberUnassigned', z.object({ sip_trunk_id: uuid }), numberState),
  cloudEvent('NumberUpdated', z.object({ fields: z.array(z.string()) }), numberState),
  cloudEvent('NumberProven', numberProof.pick({ by: true }), numberState),
  cloudEvent('NumberRemoved', z.object({}), z.null()),
]);
export type NumberEvent = z.infer<typeof numberEvent>;
