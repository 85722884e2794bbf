import { numberState, type NumberState } from '@trunkmesh/contracts/number.js';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import { z } from 'zod';
import type { KnownTotals } from '../event-store/known-totals.js';
import { decodeCursor, encodeCursor, pageQuery } from '../http/page.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { listing, patternOf, rowsOf, type Total } from '../event-store/list-total.pg.js';
import type { NumberRow } from './number-list.pg.js';
import { SEARCHED_NUMBER } from './number-search.migration.js';

const idFilter = z.coerce.number().int().positive().max(Number.MAX_SAFE_INTEGER).optional();

const truth = z
  .enum(['true', 'false'])
  .transform((value) => value === 'true')
  .optional();

/** All filters combine with AND. */
export const numberQuery = pageQuery
  .extend({
    sip_trunk_id: z
      .union([z.literal(['', 'none']), z.uuid()])
      .optional()
      .describe("A trunk's id; an empty string or `none`: numbers without a trunk."),
    assistant_id: idFilter.describe('The assistant; null where a flow takes the call.'),
    flow_id: idFilter.describe('The flow; null where an assistant takes the call.'),
    has_target: truth.describe('False: neither an assistant nor a flow takes its calls.'),
    is_active: truth.describe('False: calls for it are refused.'),
    phone_number: z
      .string()
      .max(40)
      .optional()
      .describe('The number exactly, or its beginning; punctuation is not looked at.'),
    prefix: z.string().max(40).optional().describe('The characters that the number begins with.'),
    q: z.string().max(100).optional().describe('Part of the number or of its friendly name.'),
  })
  .strict();
export type NumberQuery = z.output<typeof numberQuery>;

export interface NumberPage extends Total {
  numbers: NumberState[];
  next: string | undefined;
}

class Conditions {
  readonly parameters: unknown[] = [];
  readonly sql: string[] = [];
  add(condition: (parameter: string) => string, value: unknown): void {
    this.parameters.push(value);
    this.sql.push(condition(`$${this.parameters.length}`));
  }
  where = () => this.sql.join(' and ');
}

const onlyNumber = (text: string) => `+${text.replace(/\D/g, '')}`;

function conditionsOf(organizationId: string, query: NumberQuery): Conditions {
  const all = new Conditions();
  const where = <Value>(
    value: Value | undefined,
    condition: (parameter: string) => string,
    as: (value: Value) => unknown = (same) => same,
  ) => {
    if (value !== undefined) all.add(condition, as(value));
  };
  all.add((p) => `organization_id = ${p}`, organizationId);
  if (query.sip_trunk_id === '' || query.sip_trunk_id === 'none') all.sql.push('sip_trunk_id is null');
  else where(query.sip_trunk_id, (p) => `sip_trunk_id = ${p}`);
  where(query.assistant_id, (p) => `target_kind = 'assistant' and target_id = ${p}`);
  where(query.flow_id, (p) => `target_kind = 'flow' and target_id = ${p}`);
  if (query.has_target !== undefined) all.sql.push(`target_kind is ${query.has_target ? 'not ' : ''}null`);
  if (query.is_active !== undefined) all.sql.push(query.is_active ? 'is_active' : 'not is_active');
  where(query.phone_number, (p) => `phone_number = ${p}`, onlyNumber);
  // The column's collation is "C", so this is a range of the primary key.
  where(query.prefix, (p) => `phone_number ^@ ${p}`, onlyNumber);
  where(query.q, (p) => `${SEARCHED_NUMBER} like lower(${p})`, patternOf);
  return all;
}

/** Sorted by number. */
export async function listNumbers(
  store: EventStore,
  organizationId: string,
  query: NumberQuery,
  totals: KnownTotals,
): Promise<NumberPage> {
  const { parameters, where } = conditionsOf(organizationId, query);
  const list = listing(store, { totals, search: query.q !== undefined });
  const [total, page] = await Promise.all([
    list.total(`from numbers where ${where()}`, parameters),
    numbersFrom(store, organizationId, query),
  ]);
  return { ...total, ...page };
}

/** A page without the total. */
export async function numbersFrom(
  store: EventStore,
  organizationId: string,
  query: NumberQuery,
): Promise<Pick<NumberPage, 'numbers' | 'next'>> {
  const { limit, cursor, q } = query;
  const after = decodeCursor(cursor, ['string']);
  const conditions = conditionsOf(organizationId, query);
  if (after !== undefined) conditions.add((p) => `phone_number > ${p}`, after[0]);
  const rows = await rowsOf(store, q !== undefined)<NumberRow>(
    `select version, state from numbers where ${conditions.where()} order by phone_number limit ${limit + 1}`,
    conditions.parameters,
  );
  const numbers = rows.slice(0, limit).map(({ state }) => numberState.parse(state));
  const last = numbers[numbers.length - 1];
  return { numbers, next: rows.length > limit && last ? encodeCursor([last.phone_number]) : undefined };
}

export const numberNotFound = () => new DomainError('number-not-found', 'There is no such phone number.');

/** What cannot be an id names nothing. Ids are compared as texts in places: lower case, as they are answered. */
export function existingId(id: string): string {
  if (!z.uuid().safeParse(id).success) throw numberNotFound();
  return id.toLowerCase();
}

export async function findNumber(
  store: Pick<EventStore, 'query'>,
  organizationId: string,
  id: string,
): Promise<NumberRow> {
  const [row] = await store.query<NumberRow>(
    'select version, state from numbers where organization_id = $1 and id = $2',
    [organizationId, id],
  );
  if (row === undefined) throw numberNotFound();
  return { version: row.version, state: numberState.parse(row.state) };
}
