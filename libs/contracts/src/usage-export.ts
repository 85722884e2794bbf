import { z } from 'zod';
import { completeFrom, missingRecords, usageFailure, usageRecordsQuery } from './usage-query.js';

/**
 * Request `trunkmesh.rpc.usage.export`: the same entries as lines of CSV, as many as a message holds. After the answer,
 * which is a line of JSON, come those lines as they are in the file: the columns of `LedgerEntry` in their order, RFC
 * 4180, each line ends in CRLF. As a member of the answer each of a million bytes would be escaped and read again.
 */
export const usageExportQuery = usageRecordsQuery.omit({ limit: true }).extend({
  in_pieces: z
    .boolean()
    .optional()
    .describe(
      'True: the lines may come before the answer, in messages of their own, which have the header ' +
        '`Trunkmesh-Piece`. Absent: after the answer, in the same message.',
    ),
});
export type UsageExportQuery = z.infer<typeof usageExportQuery>;

export const usageExportAnswer = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('part').describe('What became of the request.'),
    next: usageRecordsQuery.shape.after.unwrap().nullable().describe('Where the next part begins; null: nowhere.'),
    ahead: usageRecordsQuery.shape.after
      .unwrap()
      .nullable()
      .default(null)
      .describe(
        'Where the part after the next one will begin, so that both can be asked for at once. Null: that is not ' +
          'known. The `next` of the next part decides.',
      ),
    pieces: z
      .number()
      .int()
      .min(0)
      .default(0)
      .describe('In how many messages the lines came before this answer; 0: all are after it, in this one.'),
    complete_from: completeFrom,
    ...missingRecords,
  }),
  usageFailure,
]);
export type UsageExportAnswer = z.infer<typeof usageExportAnswer>;
