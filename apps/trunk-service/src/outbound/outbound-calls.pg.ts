import type { OriginateRequest } from '@trunkmesh/contracts/outbound-call.js';
import type { EntityManager } from 'typeorm';
import { preparedIn } from '../event-store/prepared.pg.js';
import type { CallFacts } from './call-facts.js';
import type { EventStore } from '../event-store/event-store.pg.js';

/** A call that no bridge has accepted, as whoever works on it holds it. */
export interface RequestedCall {
  call_id: string;
  organization_id: string;
  request: OriginateRequest;
  /** Was asked and may have the call; null: certainly no bridge has it. */
  bridge_id: string | null;
  turn: number;
  canceled: boolean;
}

/**
 * For so long nobody else takes up a call that somebody works on: longer than a bridge takes to answer, so that a
 * question of the one before has arrived, or never will.
 */
export const TURN_SECONDS = 15;
const TURN = `interval '${TURN_SECONDS} seconds'`;

/**
 * Within the transaction that accepts the call. `bridge`: asked as soon as that is committed, without `beginAsking`;
 * null: none can be asked now.
 */
export async function insertCall(
  manager: EntityManager,
  request: OriginateRequest,
  bridge: string | null,
): Promise<RequestedCall> {
  const { call_id, organization_id, to, attempts, requested_at, dial_until } = request;
  await preparedIn(manager.queryRunner!).query(
    `insert into outbound_calls
       (call_id, organization_id, to_number, trunk_id, state, request, requested_at, dial_until, bridge_id, look_at)
     values ($1, $2, $3, $4, 'requested', $5::jsonb, $6, $7, $8, now() + ${TURN})`,
    [call_id, organization_id, to, attempts[0]!.trunk_id, JSON.stringify(request), requested_at, dial_until, bridge],
  );
  return { call_id, organization_id, request, bridge_id: null, turn: 1, canceled: false };
}

/** Whether a request of this id was accepted or refused before. */
export async function isKnownCall(store: EventStore, callId: string): Promise<boolean> {
  const rows = await store.query(
    `select 1 from outbound_calls where call_id = $1 union all select 1 from outbound_refusals where call_id = $1`,
    [callId],
  );
  return rows.length > 0;
}

/**
 * This bridge is about to be asked. False: it must not be, because the call was canceled, has an end, or somebody else
 * works on it now.
 */
export async function beginAsking(store: EventStore, call: RequestedCall, bridge: string): Promise<boolean> {
  const rows = await store.query(
    `update outbound_calls set bridge_id = $3, look_at = now() + ${TURN}
     where call_id = $1 and turn = $2 and state = 'requested' and (cancel_at is null or bridge_id = $3)
     returning call_id`,
    [call.call_id, call.turn, bridge],
  );
  return rows.length === 1;
}

/** Returns whether its end was requested meanwhile; undefined: it has ended. */
export async function markAccepted(store: EventStore, callId: string, bridge: string): Promise<boolean | undefined> {
  const [row] = await store.query<{ canceled: boolean }>(
    `update outbound_calls set state = 'accepted',
       bridge_id = case when state = 'requested' then $2 else bridge_id end,
       look_at = case when cancel_at is null then null else now() + ${TURN} end
     where call_id = $1 and state in ('requested', 'accepted')
     returning cancel_at is not null as canceled`,
    [callId, bridge],
  );
  return row?.canceled;
}

/** The bridge does not have the call. Returns whether its end was requested; undefined: somebody else works on it. */
export async function markNotTaken(store: EventStore, call: RequestedCall): Promise<boolean | undefined> {
  const [row] = await store.query<{ canceled: boolean }>(
    `update outbound_calls set bridge_id = null where call_id = $1 and turn = $2 and state = 'requested'
     returning cancel_at is not null as canceled`,
    [call.call_id, call.turn],
  );
  return row?.canceled;
}

/** Nothing more can be done now; the sweeper takes it up then. */
export async function putOff(store: EventStore, { call_id, turn }: { call_id: string; turn: number }, seconds: number) {
  await store.query(
    `update outbound_calls set look_at = now() + make_interval(secs => $3)
     where call_id = $1 and turn = $2 and look_at is not null`,
    [call_id, turn, seconds],
  );
}

export interface DueCall extends Omit<RequestedCall, 'request'> {
  state: 'requested' | 'accepted';
  request: OriginateRequest | null;
  /** Since it was requested, or since its end was. */
  age_seconds: number;
  /** Nothing may be dialled any more. */
  late: boolean;
}

/** Calls that are due, each for one copy of the service at a time. */
export function takeDueCalls(store: EventStore, limit: number): Promise<DueCall[]> {
  return store.query<DueCall>(
    `update outbound_calls set turn = turn + 1, look_at = now() + ${TURN}
     where call_id in (
       select call_id from outbound_calls where look_at <= now() and state in ('requested', 'accepted')
       order by look_at limit $1 for update skip locked)
     returning call_id, organization_id, request, bridge_id, turn, state, cancel_at is not null as canceled,
       extract(epoch from now() - coalesce(cancel_at, requested_at))::float8 as age_seconds,
       dial_until < now() as late`,
    [limit],
  );
}

export interface AbandonedCall extends Pick<RequestedCall, 'call_id' | 'organization_id' | 'request'> {
  bridge_id: string;
}

/**
 * Calls that were never answered and whose bridge will report no end: it is retired, or is lost for a day, which is
 * longer than a call lasts.
 */
export function abandonedCalls(
  store: EventStore,
  { retired, lost }: { retired: readonly string[]; lost: readonly string[] },
  limit: number,
): Promise<AbandonedCall[]> {
  return store.query<AbandonedCall>(
    `select call_id, organization_id, request, bridge_id from outbound_calls
     where state = 'accepted' and answered_at is null and request is not null
       and ((bridge_id = any($1) and dial_until < now() - interval '15 minutes')
         or (bridge_id = any($2) and dial_until < now() - interval '1 day'))
     order by dial_until limit $3`,
    [retired, lost, limit],
  );
}

/** The end of the call needs no further request. */
export async function markHungUp(store: EventStore, callId: string): Promise<void> {
  await store.query('update outbound_calls set look_at = null where call_id = $1', [callId]);
}

export interface EndingCall extends Omit<RequestedCall, 'request'> {
  state: 'requested' | 'accepted' | 'ended' | 'refused';
  request: OriginateRequest | null;
}

/** From now on no bridge is asked to take it for the first time. Undefined: no such call of the organisation. */
export async function requestEnd(
  store: EventStore,
  organizationId: string,
  callId: string,
): Promise<EndingCall | undefined> {
  const [row] = await store.query<EndingCall>(
    `update outbound_calls set
       cancel_at = case when state in ('requested', 'accepted') then coalesce(cancel_at, now()) end,
       look_at = case when state = 'accepted' then now() + ${TURN} else look_at end
     where call_id = $1 and organization_id = $2
     returning call_id, organization_id, request, bridge_id, turn, state, true as canceled`,
    [callId, organizationId],
  );
  return row;
}

/** Returns the calls among these that were canceled. */
export async function canceledAmong(store: EventStore, callIds: readonly string[]): Promise<string[]> {
  const rows = await store.query<{ call_id: string }>(
    'select call_id from outbound_calls where call_id = any($1::uuid[]) and cancel_at is not null',
    [callIds],
  );
  return rows.map(({ call_id }) => call_id);
}

/** What the bridges reported; a call that has an end keeps it. Minutes count in the minute of the end. */
export async function noteFacts(store: EventStore, facts: readonly CallFacts[]): Promise<void> {
  if (facts.length === 0) return;
  await store.query(
    `with noted as (
       update outbound_calls c set
         state = case when f.ended_at is null then 'accepted' else 'ended' end,
         bridge_id = f.bridge_id,
         request = case when f.ended_at is null then c.request end,
         answered_at = coalesce(f.answered_at, c.answered_at),
         ended_at = f.ended_at,
         billable_ms = f.billable_ms,
         look_at = case when f.ended_at is null and c.cancel_at is not null then coalesce(c.look_at, now()) end
       from jsonb_to_recordset($1::jsonb) as f (call_id uuid, organization_id uuid, bridge_id text,
         answered_at timestamptz, ended_at timestamptz, billable_ms bigint)
       where c.call_id = f.call_id and c.organization_id = f.organization_id and c.state <> 'ended'
       returning c.organization_id, c.ended_at, c.billable_ms)
     insert into outbound_minutes (organization_id, minute, billable_ms)
     select organization_id, date_trunc('minute', ended_at), sum(billable_ms) from noted
     where ended_at is not null and billable_ms > 0 group by 1, 2
     on conflict on constraint outbound_minutes_pk do update set
       billable_ms = outbound_minutes.billable_ms + excluded.billable_ms`,
    [JSON.stringify(facts)],
  );
}

/** Ended calls and refusals that nobody asks about any more, in bites. */
export async function forgetOldCalls(store: EventStore): Promise<void> {
  for (const [table, age] of [
    ['outbound_calls', `requested_at < now() - interval '7 days' and look_at is null`],
    ['outbound_minutes', `minute < now() - interval '2 days'`],
    ['outbound_refusals', `created_at < now() - interval '7 days' and published_at is not null`],
  ])
    await store.query(`delete from ${table} where ctid in (select ctid from ${table} where ${age} limit 10000)`);
}
