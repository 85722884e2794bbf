import { DomainError } from '@trunkmesh/contracts/problem.js';
import { printable } from '@trunkmesh/contracts/trunk.js';
import { z } from 'zod';
import { networkInput } from '../network/network-input.js';
import { existingCountry } from '../http/country.js';
import type { CarrierFields } from './carrier.js';
import { PRESETS } from './presets.js';

const fields = {
  name: printable(100).trim().min(1).describe('The name.'),
  networks: z
    .array(networkInput)
    .min(1)
    .max(512)
    .transform((list) => [...new Set(list)])
    .describe('The networks (CIDR).'),
  default_country: existingCountry
    .nullable()
    .default(null)
    .describe('The country of numbers that the carrier writes nationally.'),
};

/** What was read may be sent back: the read-only members are not looked at. */
const whole = z.strictObject({
  ...fields,
  id: z.unknown().optional().describe('The id.'),
  created_at: z.unknown().optional().describe('When it was made.'),
  updated_at: z.unknown().optional().describe('When it was last changed.'),
});
const preset = z.strictObject({
  preset: z.literal(true).describe('Take the known networks of the carrier with this id.'),
});

export const carrierBody = z.union([preset, whole]).meta({ id: 'CarrierInput' });
export type CarrierBody = z.output<typeof carrierBody>;

export function carrierFields(id: string, body: CarrierBody): CarrierFields {
  if (!('preset' in body)) return { name: body.name, networks: body.networks, default_country: body.default_country };
  const known = PRESETS.find((each) => each.id === id);
  if (known !== undefined)
    return { name: known.name, networks: known.networks, default_country: known.default_country };
  const ids = PRESETS.map((each) => each.id).join(', ');
  throw new DomainError(
    'invalid-request',
    `There is no preset of this id. The presets are ${ids}; list other carriers with their networks.`,
    [{ pointer: '/preset', message: 'is not known for this id' }],
  );
}
