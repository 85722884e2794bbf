import { z } from 'zod';
import { networkText } from './address.js';
import { cloudEvent } from './envelope.js';
import { countryCode, timestamp } from './scalar.js';

export const carrierId = z
  .string()
  .regex(/^[a-z\d][a-z\d-]{0,62}$/, 'must be 1 to 63 lower-case letters, digits or "-"');

/**
 * An operator's entry in the list of carriers whose addresses many customers share. At these addresses every
 * organisation that claims them is a candidate, and a full public number decides (design, "Claims on shared names").
 */
export const carrierState = z
  .object({
    id: carrierId.describe('The id.'),
    name: z.string().min(1).max(100).describe('The name.'),
    networks: z.array(networkText).min(1).max(512).describe('The networks (CIDR).'),
    default_country: countryCode
      .nullable()
      .describe(
        'The country of numbers that the carrier writes nationally; null: only E.164, with or without ' +
          '`+` or `00`, is a full number.',
      ),
    created_at: timestamp.describe('When it was made.'),
    updated_at: timestamp.describe('When it was last changed.'),
  })
  .meta({ id: 'Carrier' });
export type CarrierState = z.infer<typeof carrierState>;

export const carrierEvent = z.discriminatedUnion('type', [
  cloudEvent('CarrierListed', z.object({}), carrierState),
  cloudEvent(
    'CarrierUpdated',
    z.object({ fields: z.array(z.string()).describe('The names of the changed fields.') }),
    carrierState,
  ),
  cloudEvent('CarrierRemoved', z.object({}), z.null()),
]);
export type CarrierEvent = z.infer<typeof carrierEvent>;
