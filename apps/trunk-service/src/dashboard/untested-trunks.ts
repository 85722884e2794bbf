import { uuid } from '@trunkmesh/contracts/scalar.js';
import { z } from 'zod';

/** So many are named. */
export const MAX_UNTESTED = 20;

export const untestedQuery = z.strictObject({
  from: z.iso.date().describe("The first day that counts, in the organisation's time zone."),
});

export const untestedTrunks = z
  .object({
    total: z.number().int().describe('Enabled trunks without an answered call since then.'),
    trunks: z
      .array(z.object({ id: uuid.describe('The trunk.'), name: z.string().describe("The trunk's name.") }))
      .max(MAX_UNTESTED)
      .describe(`The first ${MAX_UNTESTED} of them, by priority.`),
  })
  .meta({
    id: 'UntestedTrunks',
    description:
      'Enabled trunks that no answered call has proven. Of an organisation with 5,000 trunks or more it may be up to ' +
      'five minutes old.',
  });
export type UntestedTrunks = z.infer<typeof untestedTrunks>;
