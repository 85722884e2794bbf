import type { EntityManager } from 'typeorm';
import { uuidv7 } from 'uuidv7';
import type { EventStore } from '../event-store/event-store.pg.js';
import type { Queryable } from '../event-store/read-model.js';
import { decodeCursor, encodeCursor } from '../http/page.js';
import type { ChannelRow } from './channel-row.pg.js';
import {
  waitAfter,
  type AttemptOutcome,
  type DeliveryPage,
  type DeliveryQuery,
  type DeliveryView,
} from './delivery.js';
import type { NotificationMessage } from '@trunkmesh/contracts/notification.js';

type Store = Pick<EventStore, 'query'>;

/**
 * For so long nobody else takes up a message that somebody is sending: longer than the longest attempt.
 */
const TURN = `interval '60 seconds'`;
const KEPT = `interval '30 days'`;

export interface NewNotification {
  organization_id: string;
  rule_id: string;
  channel_ids: readonly string[];
  message: NotificationMessage;
  /** It says that something began, which counts against the rule's hourly number. */
  begins: boolean;
  /** What it was made from: the same makes nothing again. */
  source?: string;
}

/** Into the outbox, once for each channel that is enabled; how many. */
export async function enqueue(transaction: Queryable, notification: NewNotification): Promise<number> {
  const { organization_id, rule_id, channel_ids, message, begins, source } = notification;
  const rows = (await transaction.query(
    `insert into notification_deliveries
       (id, notification_id, organization_id, channel_id, rule_id, begins, source, message, next_at)
     select id.id, $2, $3, channel.id, $4, $5, $6, $7::jsonb, now()
     from unnest($1::uuid[]) with ordinality as id (id, place)
     join unnest($8::uuid[]) with ordinality as wanted (channel_id, place) using (place)
     join notification_channels as channel on channel.id = wanted.channel_id and channel.organization_id = $3
     where channel.enabled on conflict do nothing returning id`,
    [
      channel_ids.map(() => uuidv7()),
      message.data.notification_id,
      organization_id,
      rule_id,
      begins,
      source ?? null,
      JSON.stringify(message),
      channel_ids,
    ],
  )) as unknown[];
  return rows.length;
}

export interface DueDelivery {
  id: string;
  turn: number;
  attempts: number;
  message: NotificationMessage;
  /** Null: the channel was deleted. */
  channel: Pick<ChannelRow, 'id' | 'kind' | 'recipients' | 'sealed'> | null;
}

/** Messages that are due, each for one copy of the service at a time. */
export async function takeDue(store: Store, limit: number): Promise<DueDelivery[]> {
  return store.query<DueDelivery>(
    `with taken as (
       update notification_deliveries set turn = turn + 1, attempts = attempts + 1, next_at = now() + ${TURN}
       where id in (
         select id from notification_deliveries where state = 'pending' and next_at <= now()
         order by next_at limit $1 for update skip locked)
       returning id, turn, attempts, message, channel_id)
     select taken.id, turn, attempts, message, case when channel.id is null then null else json_build_object(
       'id', channel.id, 'kind', channel.kind, 'recipients', channel.recipients, 'sealed', channel.sealed)
       end as channel
     from taken left join notification_channels as channel on channel.id = taken.channel_id`,
    [limit],
  );
}

/** What became of an attempt. Nothing, where the turn has passed to somebody else. */
export async function noteOutcome(
  store: Store,
  { id, turn, attempts }: Pick<DueDelivery, 'id' | 'turn' | 'attempts'>,
  outcome: AttemptOutcome,
): Promise<void> {
  const wait = waitAfter(attempts, outcome);
  await store.query(
    `update notification_deliveries set state = $3, last_error = $4, next_at = now() + make_interval(secs => $5),
       delivered_at = case when $3 = 'delivered' then now() end
     where id = $1 and turn = $2 and state = 'pending'`,
    [
      id,
      turn,
      outcome.ok ? 'delivered' : wait === undefined ? 'given-up' : 'pending',
      outcome.ok ? null : outcome.error,
      wait ?? null,
    ],
  );
}

/** A test: it is the caller's turn at once. */
export async function insertTest(store: Store, channel: ChannelRow, message: NotificationMessage): Promise<string> {
  const id = uuidv7();
  await store.query(
    `insert into notification_deliveries
       (id, notification_id, organization_id, channel_id, begins, message, attempts, turn, next_at)
     values ($1, $2, $3, $4, false, $5::jsonb, 1, 1, now() + ${TURN})`,
    [id, message.data.notification_id, channel.organization_id, channel.id, JSON.stringify(message)],
  );
  return id;
}

interface Row extends Omit<DeliveryView, 'next_attempt_at' | 'created_at' | 'delivered_at'> {
  next_at: Date | null;
  created_at: Date;
  delivered_at: Date | null;
}

const COLUMNS = `id, channel_id, rule_id, state, attempts, last_error, next_at, created_at, delivered_at, message`;

const shown = ({ next_at, created_at, delivered_at, ...row }: Row): DeliveryView => ({
  id: row.id,
  channel_id: row.channel_id,
  rule_id: row.rule_id,
  state: row.state,
  attempts: row.attempts,
  last_error: row.last_error,
  next_attempt_at: row.state === 'pending' ? (next_at?.toISOString() ?? null) : null,
  created_at: created_at.toISOString(),
  delivered_at: delivered_at?.toISOString() ?? null,
  message: row.message,
});

export async function findDelivery(store: Store, id: string): Promise<DeliveryView> {
  const [row] = await store.query<Row>(`select ${COLUMNS} from notification_deliveries where id = $1`, [id]);
  return shown(row!);
}

/** Newest first. */
export async function deliveriesOf(store: Store, organizationId: string, query: DeliveryQuery): Promise<DeliveryPage> {
  const [after = null] = decodeCursor(query.cursor, ['string']) ?? [];
  const rows = await store.query<Row>(
    `select ${COLUMNS} from notification_deliveries where organization_id = $1
       and ($2::uuid is null or id < $2) and ($3::text is null or state = $3)
       and ($4::uuid is null or channel_id = $4) and ($5::uuid is null or rule_id = $5)
     order by id desc limit $6`,
    [
      organizationId,
      after === null || /^[\da-f-]{36}$/.test(after) ? after : '00000000-0000-0000-0000-000000000000',
      query.state ?? null,
      query.channel_id ?? null,
      query.rule_id ?? null,
      query.limit + 1,
    ],
  );
  const page = rows.slice(0, query.limit);
  const last = page.at(-1);
  return {
    items: page.map(shown),
    next_cursor: rows.length > query.limit && last ? encodeCursor([last.id]) : null,
  };
}

export async function forgetDeliveries(store: Store): Promise<void> {
  await store.query(`delete from notification_deliveries where created_at < now() - ${KEPT} and state <> 'pending'`);
  await store.query(`delete from notification_counters where last_at < now() - interval '7 days'`);
}

/** How many messages each rule has sent in the last hour. */
export async function notifiedLately(manager: EntityManager, rules: readonly string[]): Promise<Map<string, number>> {
  const rows = (await manager.query(
    `select rule_id, count(distinct notification_id)::int as notified from notification_deliveries
     where rule_id = any($1::uuid[]) and begins and created_at > now() - interval '1 hour' group by 1`,
    [rules],
  )) as { rule_id: string; notified: number }[];
  return new Map(rows.map(({ rule_id, notified }) => [rule_id, notified]));
}
