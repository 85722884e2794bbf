import { z } from 'zod';

/** What the other side does with a REFER. */
export const transfer = z.object({
  /** The status that the REFER gets. */
  refer: z.number().int().min(200).max(699).default(202),
  /** What the last NOTIFY says of the target; null: none ever comes. */
  target: z.number().int().min(200).max(699).nullable().default(200),
  /** From the REFER's answer to that NOTIFY. */
  after_ms: z.number().int().nonnegative().default(0),
  /** That NOTIFY has `Subscription-State: terminated`, as RFC 3515 §2.4.7 wants it. */
  ends: z.boolean().default(true),
  /** The carrier's BYE comes in the same breath as that NOTIFY. */
  hangs_up: z.boolean().default(false),
  /** It wants credentials for the REFER first, and takes these milliseconds with them. */
  challenges: z.number().int().nonnegative().optional(),
});
export type Transfer = z.infer<typeof transfer>;
