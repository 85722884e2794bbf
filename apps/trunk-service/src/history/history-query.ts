import { DomainError } from '@trunkmesh/contracts/problem.js';
import { e164, uuid } from '@trunkmesh/contracts/scalar.js';
import {
  addressSubject,
  numberSubject,
  organizationSubject,
  ratePlanSubject,
  trunkSubject,
} from '@trunkmesh/contracts/subjects.js';
import { z } from 'zod';
import { dateFrom, dateTo, type Span } from '../http/given-time.js';
import { pageQuery } from '../http/page.js';
import { historyEntry, historyKind, type EventKind } from './history-entry.js';
import { KIND_OF_TYPE } from './history-types.js';

/** All filters combine with AND. */
export const historyQuery = pageQuery
  .extend({
    entity: historyKind.optional().describe('Only changes of this kind of entity.'),
    entity_id: z
      .string()
      .max(64)
      .optional()
      .describe('Only changes of this one, with `entity`: its id; of a number the phone number in E.164.'),
    type: z
      .enum([...KIND_OF_TYPE.keys()])
      .optional()
      .describe('Only events of this type, for example `TrunkUpdated`.'),
    actor: z
      .union([uuid, z.enum(['operator', 'system', 'unknown'])])
      .optional()
      .describe(
        'Only what this API key did, by its id; or `operator`, `system` or `unknown`, as `actor.kind` says it.',
      ),
    date_from: dateFrom('Events'),
    date_to: dateTo('Events'),
  })
  .strict()
  .refine(({ entity, entity_id }) => entity_id === undefined || entity !== undefined, {
    path: ['entity'],
    message: 'is needed with entity_id',
  });
export type HistoryQuery = z.output<typeof historyQuery>;
/** Its days are instants. */
export type HistoryQueryInZone = Omit<HistoryQuery, keyof Span> & Span;

export const historyPage = z
  .object({
    items: z.array(historyEntry).describe('The events of the page, newest first.'),
    next_cursor: z.string().nullable().describe('The `cursor` of the next page; null: this is the last one.'),
  })
  .meta({ id: 'HistoryPage' });
export type HistoryPage = z.infer<typeof historyPage>;

/**
 * The subject of one entity of the organisation.
 *
 * @throws DomainError invalid-request
 */
export function subjectOf(organizationId: string, kind: EventKind, id: string): string {
  const schema = ID_OF[kind];
  const read = schema.safeParse(kind === 'number' ? id.replace(/^ /, '+') : id.toLowerCase());
  if (!read.success)
    throw new DomainError('invalid-request', `This is not the id of a ${kind}.`, [
      { pointer: '/entity_id', message: read.error.issues[0]!.message },
    ]);
  return SUBJECT_OF[kind](organizationId, read.data);
}

const network = z.string().regex(/^[\da-f.:]{2,45}\/\d{1,3}$/, 'must be a network such as 203.0.113.20/32');
const begin = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dt\d\d:\d\d:\d\d\.\d{3}z$/, 'must be a time such as 2026-12-01T00:00:00.000Z')
  .transform((text) => text.toUpperCase());

const ID_OF: Record<EventKind, z.ZodType<string>> = {
  organization: uuid,
  trunk: uuid,
  number: e164,
  address: network,
  'rate-plan': begin,
};

const SUBJECT_OF: Record<EventKind, (org: string, id: string) => string> = {
  organization: (org) => organizationSubject(org),
  trunk: trunkSubject,
  number: numberSubject,
  address: addressSubject,
  'rate-plan': ratePlanSubject,
};
