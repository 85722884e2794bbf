import { z } from 'zod';

/**
 * How a carrier writes numbers. The first rule of a direction whose `prefix` (literal) and length bounds match is
 * applied: `strip` characters off the front, then
 * `add` before the rest. Inbound rules bring the carrier's spelling towards E.164; outbound rules turn E.164 into the
 * carrier's spelling.
 */
export const numberRule = z
  .object({
    direction: z
      .enum(['inbound', 'outbound'])
      .describe('`inbound` brings the spelling of the carrier towards E.164, `outbound` E.164 into its spelling.'),
    prefix: z
      .string()
      .regex(/^[+\d*#]{0,15}$/, 'must be digits, "+", "*" or "#", up to 15 of them')
      .default('')
      .describe('The characters that the number begins with.'),
    min_length: z.number().int().min(0).max(32).default(0).describe('The shortest number that the rule applies to.'),
    max_length: z.number().int().min(1).max(32).default(32).describe('The longest number that the rule applies to.'),
    strip: z.number().int().min(0).max(15).default(0).describe('How many characters to take off the front.'),
    add: z
      .string()
      .regex(/^[+\d*#]{0,15}$/, 'must be digits, "+", "*" or "#", up to 15 of them')
      .default('')
      .describe('What to put in front of the rest.'),
  })
  .meta({ id: 'NumberRule' });
export type NumberRule = z.infer<typeof numberRule>;
