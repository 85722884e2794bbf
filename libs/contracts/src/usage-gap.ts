import { z } from 'zod';
import { bridgeId, timestamp, uuid } from './scalar.js';
import { usageFailure } from './usage-query.js';

const record = z.number().int().positive();

/** Records of finished calls that have not come from a bridge, though later ones have. */
export const usageGap = z
  .object({
    bridge_id: bridgeId.describe('The bridge.'),
    bridge_epoch: uuid.describe('The epoch of its disk in which the records are numbered.'),
    first: record.describe('The number of the first missing record.'),
    last: record.describe('The number of the last missing record.'),
    after: timestamp
      .nullable()
      .describe('When the call before them ended; theirs ended later. Null: that is not known.'),
    before: timestamp
      .nullable()
      .describe('When the call after them ended; theirs ended earlier. Null: that is not known.'),
    requested: z
      .boolean()
      .describe('True: the bridge is asked for them again. False: the disk of that epoch was lost.'),
    acceptance: z
      .object({
        reason: z.string().describe('Why.'),
        accepted_by: z.string().describe('Who accepted it.'),
        accepted_at: timestamp.describe('When.'),
      })
      .nullable()
      .describe('The operator takes these records for lost for good; null: they may still come.'),
  })
  .meta({ id: 'UsageGap' });
export type UsageGap = z.infer<typeof usageGap>;

/** Request `trunkmesh.rpc.usage.gaps`, of the operator: gaps concern no organisation in particular. */
export const usageGapsQuery = z.object({});

const list = {
  items: z.array(usageGap).describe('By bridge, epoch and number; the first 1,000.'),
  total: z.number().int().describe('How many there are.'),
};
export const usageGaps = z.object(list).meta({ id: 'UsageGaps' });
export type UsageGaps = z.infer<typeof usageGaps>;

export const usageGapsAnswer = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('gaps').describe('What became of the request.'), ...list }),
  usageFailure,
]);
