import { z } from 'zod';
import { uuid } from './scalar.js';
import { usageFailure } from './usage-query.js';

/** Request `trunkmesh.rpc.usage.answered-trunks`: the trunks that had an answered call. */
export const answeredTrunksQuery = z.object({
  organization_id: uuid.describe('The organisation.'),
  from: z.iso.date().describe("The first day that counts, in the organisation's time zone."),
  after: uuid.optional().describe('The last trunk of the page before. Absent: from the first one on.'),
});
export type AnsweredTrunksQuery = z.infer<typeof answeredTrunksQuery>;

/** As many as a message holds; `next` null: there are no more. */
export const answeredTrunksAnswer = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('trunks').describe('What became of the request.'),
    trunk_ids: z.array(uuid).describe('The trunks, in the order of their ids.'),
    next: uuid.nullable().describe('The `after` of the next page; null: there is none.'),
  }),
  usageFailure,
]);
