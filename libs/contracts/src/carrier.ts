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
export const carrierState = z.object({
  id: carrierId,
  name: z.string().min(1).max(100),
  networks: z.array(networkText).min(1).max(512),
  /**
   *  Where this carrier writes national numbers: the country they belong to. Null: only E.164, with or without `+` or
   *  `00`, is a full number.
   */
  default_country: countryCode.nullable(),
  created_at: timestamp,
  updated_at: timestamp,
});
export type CarrierState = z.infer<typeof carrierState>;

export const carrierEvent = z.discriminatedUnion('type', [
  cloudEvent('CarrierListed', z.object({}), carrierState),
  cloudEvent('CarrierUpdated', z.object({ fields: z.array(z.string()) }), carrierState),
  cloudEvent('CarrierRemoved', z.object({}), z.null()),
]);
export type CarrierEvent = z.infer<typeof carrierEvent>;
