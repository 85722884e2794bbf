import {
  REFUSED_CALL_REASONS,
  refusedCallKnownBy,
  refusedCallReason,
  type RefusedCall,
  type RefusedCallDetail,
  type RefusedInvite,
  type RefusedCallReason,
} from '@trunkmesh/contracts/refused-call.js';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import { uuid } from '@trunkmesh/contracts/scalar.js';
import { z } from 'zod';
import { dateFrom, dateTo, type Span } from '../http/given-time.js';
import { decodeCursor, encodeCursor, pageQuery } from '../http/page.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { visibleInvite } from '../sip/visible-messages.js';

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
    date_from: dateFrom('Minutes that began'),
    date_to: dateTo('Minutes that began'),
    trunk_id: z
      .union([z.literal('none'), uuid])
      .optional()
      .describe('The trunk that the calls claim; `none`: calls that claim no trunk.'),
    known_by: refusedCallKnownBy.optional().describe('Why they are shown to the organisation.'),
    unowned: z
      .enum(['true', 'false'])
      .transform((value) => value === 'true')
      .optional()
      .describe("For the operator: only calls that are nobody's."),
  })
  .strict();
export type RefusedCallQuery = z.output<typeof refusedCallQuery>;

export interface RefusedCallPage {
  calls: RefusedCall[];
  total: number;
  next: string | undefined;
}

interface StoredRow extends Omit<RefusedCall, 'message' | 'minute' | 'first_at' | 'last_at' | 'invite'> {
  first_invite: RefusedInvite | null;
  last_invite: RefusedInvite | null;
  minute: Date;
  first_at: Date;
  last_at: Date;
}

/** Newest first. `organizationId` null: everybody's, for the operator. */
export async function listRefusedCalls(
  store: Pick<EventStore, 'query'>,
  organizationId: string | null,
  query: Omit<RefusedCallQuery, keyof Span> & Span,
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
  if (query.trunk_id === 'none') conditions.push('trunk_id is null');
  else where(query.trunk_id, (p) => `trunk_id = ${p}::uuid`);
  where(query.known_by, (p) => `known_by = ${p}`);
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
    calls: page.map((row) => shown(visibleTo(organizationId, row))),
    total: Number(counted!.total),
    next: rows.length > query.limit && last ? encodeCursor([last.minute.toISOString(), last.id]) : undefined,
  };
}

/** A cursor is its holder's to change; what is no time is before all of them. */
const validTime = (text: string): string =>
  z.iso.datetime().safeParse(text).success ? text : '1970-01-01T00:00:00.000Z';

/** @throws DomainError refused-call-not-found */
export async function findRefusedCall(
  store: Pick<EventStore, 'query'>,
  organizationId: string | null,
  id: string,
): Promise<RefusedCallDetail> {
  const [row] = /^\d{1,18}$/.test(id)
    ? await store.query<StoredRow>(
        'select * from refused_calls where id = $1::bigint and ($2::uuid is null or organization_id = $2::uuid)',
        [id, organizationId],
      )
    : [];
  if (row === undefined) throw new DomainError('refused-call-not-found', 'There is no such refused call.');
  const visible = visibleTo(organizationId, row);
  return { ...shown(visible), first_invite: visible.first_invite, last_invite: visible.last_invite };
}

/** An organisation does not see who withholds the number; the operator does. */
const visibleTo = (organizationId: string | null, row: StoredRow): StoredRow =>
  organizationId === null
    ? row
    : { ...row, first_invite: visibleInvite(row.first_invite), last_invite: visibleInvite(row.last_invite) };

const shown = (row: StoredRow): RefusedCall => ({
  id: row.id,
  bridge_id: row.bridge_id,
  minute: row.minute.toISOString(),
  source_address: row.source_address,
  called: row.called,
  number: row.number,
  organization_id: row.organization_id,
  trunk_id: row.trunk_id,
  known_by: row.known_by,
  reason: row.reason,
  sip_status: row.sip_status,
  message: REFUSED_CALL_REASONS[row.reason as RefusedCallReason] ?? '',
  detail: row.detail,
  count: row.count,
  first_at: row.first_at.toISOString(),
  last_at: row.last_at.toISOString(),
  invite: row.last_invite && withoutText(row.last_invite),
});

const withoutText = ({ text: _text, truncated: _truncated, ...facts }: RefusedInvite): RefusedCall['invite'] => facts;

const KEPT = '30 days';
/** Newest rows that are kept of one organisation, and of nobody. */
export const KEPT_OF_ORGANIZATION = 10_000;
export const KEPT_OF_NOBODY = 50_000;

export interface Keeping {
  /** Of the texts of INVITEs, as of all SIP messages. */
  messagesDays: number;
  ofOrganization?: number;
  ofNobody?: number;
}

const withoutMessage = (invite: string) => `${invite} || '{"text": null}'`;

/** What is too old or too much. */
export async function forgetRefusedCalls(
  store: Pick<EventStore, 'query'>,
  { messagesDays, ofOrganization = KEPT_OF_ORGANIZATION, ofNobody = KEPT_OF_NOBODY }: Keeping,
): Promise<void> {
  await store.query(`delete from refused_calls where minute < now() - interval '${KEPT}'`);
  await store.query(
    `
    update refused_calls
    set first_invite = ${withoutMessage('first_invite')}, last_invite = ${withoutMessage('last_invite')}
    where minute < now() - make_interval(days => $1)
      and (first_invite->>'text' is not null or last_invite->>'text' is not null)`,
    [messagesDays],
  );
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
