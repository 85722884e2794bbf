import { difference, reconciliation, DIFFERENCE_CAUSES, DIFFERENCE_KINDS } from '@trunkmesh/contracts/carrier-bill.js';
import { uuid } from '@trunkmesh/contracts/scalar.js';
import { printable } from '@trunkmesh/contracts/trunk.js';
import { z } from 'zod';
import { dateFrom, dateTo } from '../http/given-time.js';
import { pageQuery } from '../http/page.js';

const limit = pageQuery.shape.limit;
const cursor = pageQuery.shape.cursor.describe('Where the page begins: `next_cursor` of the page before.');

export const uploadQuery = z.strictObject({
  format: z.string().max(64).describe('The format of the file: a preset, or one of the organisation.'),
  name: printable(200).default('').describe('A label, for example the name of the file.'),
  trunk_id: z
    .string()
    .max(40_000)
    .transform((text) => text.split(',').map((id) => id.trim().toLowerCase()))
    .pipe(z.array(uuid).max(1000))
    .optional()
    .describe("The trunks of this carrier, separated by commas. Default: all of the organisation's."),
  tolerance_seconds: z.coerce
    .number()
    .int()
    .min(0)
    .max(3600)
    .default(60)
    .describe('How far the two times of a call may be apart.'),
  date_from: dateFrom('What the file is for, by default from its first call on: calls'),
  date_to: dateTo('What the file is for, by default up to its last call: calls'),
  on_problem: z
    .enum(['refuse', 'skip'])
    .default('refuse')
    .describe('What to do where lines cannot be read: `refuse` the file and name them, or `skip` and count them.'),
});
export type UploadQuery = z.output<typeof uploadQuery>;

export const listQuery = z.strictObject({ limit, cursor });
export type ListQuery = z.output<typeof listQuery>;

export const differencesQuery = z.strictObject({
  limit,
  cursor,
  kind: z.enum(DIFFERENCE_KINDS).optional().describe('The kind of difference.'),
  cause: z.enum(DIFFERENCE_CAUSES).optional().describe('The probable cause.'),
});
export type DifferencesQuery = z.output<typeof differencesQuery>;

const next_cursor = z.string().nullable().describe('The `cursor` of the next page; null: this is the last.');
export const reconciliationsPage = z
  .object({ items: z.array(reconciliation).describe('The reconciliations of this page, newest first.'), next_cursor })
  .meta({ id: 'Reconciliations' });
export type ReconciliationsPage = z.infer<typeof reconciliationsPage>;
export const differencesPage = z
  .object({ items: z.array(difference).describe('The differences of this page.'), next_cursor })
  .meta({ id: 'CarrierDifferences' });
export type DifferencesPage = z.infer<typeof differencesPage>;
