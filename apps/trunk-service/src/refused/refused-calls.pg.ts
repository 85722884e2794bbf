import {
  REFUSED_CALL_REASONS,
  refusedCallReason,
  type CallsRefused,
  type RefusedCall,
  type RefusedCallReason,
} from '@trunkmesh/contracts/refused-call.js';
import { z } from 'zod';
import { callQuery } from '../calls/call-query.js';
import { decodeCursor, encodeCursor, pageQuery } from '../http/page.js';
import type { EventStore } from '../event-store/event-store.pg.js';

/** All filters combine with AND. */
export const refusedCallQuery = pageQuery
  .extend({
    number: z.string().max(40).optional().describe('The called number; punctuation is not looked at.'),
    source_address: z.string().max(64).optional().describe('The address that the call came from.'),
    reason: refusedCallReason.optional().describe('Why, as a constant.'),
    sip_status: z.coerce
      .number()
      .int()
      .min(300)
      .max(699)
      .optional()
      .describe('The SIP status of the answer; null where there was none.'),
    date_from: callQuery.shape.date_from.describe('Calls of this minute or later.'),
    date_to: callQuery.shape.date_to.describe('Until this time, included.'),
    unowned: z
      .enum(['true', 'false'])
      .transform((value) => value === 'true')
      .optional()
      .describe("For the operator: only calls that named nobody's number."),
  })
  .strict();
export type RefusedCallQuery = z.output<typeof refusedCallQuery>;

export interface RefusedCallPage {
  calls: RefusedCall[];
  total: number;
  next: string | undefined;
}

type Row = CallsRefused['data'];

const keyOf = ({ bridge_id, minute, source_address, called, numbers, reason, sip_status }: Row): string =>
  JSON.stringify([bridge_id, minute, source_address, called, numbers, reason, sip_status]);

/**
 * Each event has the minute's count so far: the highest one counts, in whatever order and however often they come.
 * Whose number it was is looked up now, and stays.
 */
export async function storeRefusedCalls(store: Pick<EventStore, 'query'>, rows: readonly Row[]): Promise<void> {
  const highest = new Map<string, Row>();
  for (const row of rows) if ((highest.get(keyOf(row))?.count ?? 0) < row.count) highest.set(keyOf(row), row);
  if (highest.size === 0) return;
  await store.query(
    `
    insert into refused_calls (bridge_id, minute, source_address, called, numbers, reason, sip_status, detail, count,
                               first_at, last_at, number, organization_id)
    select row.bridge_id, row.minute, row.source_address, row.called, array_to_string(row.numbers, ','), row.reason,
           row.sip_status, row.detail, row.count, row.first_at, row.last_at, owner.phone_number, owner.organization_id
    from jsonb_to_recordset($1::jsonb) as row (
      bridge_id text, minute timestamptz, source_address text, called text, numbers text[], reason text, sip_status int,
      detail text, count int, first_at timestamptz, last_at timestamptz)
    left join lateral (
      select phone_number, organization_id from numbers where phone_number = any(row.numbers)
      order by array_position(row.numbers, phone_number) limit 1) as owner on true
    on conflict on constraint refused_calls_row do update set
      count = greatest(refused_calls.count, excluded.count),
      first_at = least(refused_calls.first_at, excluded.first_at),
      last_at = greatest(refused_calls.last_at, excluded.last_at)`,
    [JSON.stringify([...highest.values()])],
  );
}

interface StoredRow extends Omit<RefusedCall, 'message' | 'minute' | 'first_at' | 'last_at'> {
  id: string;
  minute: Date;
  first_at: Date;
  last_at: Date;
}

/** Newest first. `organizationId` null: everybody's, for the operator. */
export async function listRefusedCalls(
  store: Pick<EventStore, 'query'>,
  organizationId: string | null,
  query: RefusedCallQuery,
): Promise<RefusedCallPage> {
  const after = decodeCursor(query.cursor, ['string', 'string']);
  const parameters: unknown[] = [];
  const conditions: string[] = ['true'];
  const where = (value: unknown, condition: (parameter: string) => string) => {
    if (value === undefined) return;
    parameters.push(value);
    conditions.push(condition(`$${parameters.length}`));
  };
  where(organizationId ?? undefined, (p) => `organization_id = ${p}::uuid`);
  if (query.unowned !== undefined) conditions.push(`organization_id is ${query.unowned ? '' : 'not '}null`);
  where(query.number === undefined ? undefined : `+${query.number.replace(/\D/g, '')}`, (p) => `number = ${p}`);
  where(query.source_address, (p) => `source_address = ${p}`);
  where(query.reason, (p) => `reason = ${p}`);
  where(query.sip_status, (p) => `sip_status = ${p}`);
  where(query.date_from, (p) => `minute >= ${p}::timestamptz`);
  where(query.date_to, (p) => `minute <= ${p}::timestamptz`);
  const [counted] = await store.query<{ total: string }>(
    `select count(*) as total from refused_calls where ${conditions.join(' and ')}`,
    [...parameters],
  );
  if (after !== undefined) {
    parameters.push(validTime(after[0]), /^\d{1,18}$/.test(after[1]) ? after[1] : '0');
    conditions.push(`(minute, id) < ($${parameters.length - 1}::timestamptz, $${parameters.length}::bigint)`);
  }
  const rows = await store.query<StoredRow>(
    `select * from refused_calls where ${conditions.join(' and ')}
     order by minute desc, id desc limit ${query.limit + 1}`,
    parameters,
  );
  const page = rows.slice(0, query.limit);
  const last = page.at(-1);
  return {
    calls: page.map(shown),
    total: Number(counted!.total),
    next: rows.length > query.limit && last ? encodeCursor([last.minute.toISOString(), last.id]) : undefined,
  };
}

/** A cursor is its holder's to change; what is no time is before all of them. */
const validTime = (text: string): string =>
  z.iso.datetime().safeParse(text).success ? text : '1970-01-01T00:00:00.000Z';

const shown = (row: StoredRow): RefusedCall => ({
  bridge_id: row.bridge_id,
  minute: row.minute.toISOString(),
  source_address: row.source_address,
  called: row.called,
  number: row.number,
  organization_id: row.organization_id,
  reason: row.reason,
  sip_status: row.sip_status,
  message: REFUSED_CALL_REASONS[row.reason as RefusedCallReason] ?? '',
  detail: row.detail,
  count: row.count,
  first_at: row.first_at.toISOString(),
  last_at: row.last_at.toISOString(),
});

const KEPT = '30 days';
/** Newest rows that are kept of one organisation, and of nobody. */
export const KEPT_OF_ORGANIZATION = 10_000;
export const KEPT_OF_NOBODY = 50_000;

/** What is too old or too much. */
export async function forgetRefusedCalls(
  store: Pick<EventStore, 'query'>,
  { ofOrganization = KEPT_OF_ORGANIZATION, ofNobody = KEPT_OF_NOBODY } = {},
): Promise<void> {
  await store.query(`delete from refused_calls where minute < now() - interval '${KEPT}'`);
  await store.query(
    `
    delete from refused_calls using (
      select id, organization_id, row_number() over (partition by organization_id order by minute desc, id desc) as
        place
      from refused_calls
    ) as ranked
    where refused_calls.id = ranked.id
      and ranked.place > case when ranked.organization_id is null then $2::int else $1::int end`,
    [ofOrganization, ofNobody],
  );
}
