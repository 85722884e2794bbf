import { createHash } from 'node:crypto';
import { endedWithoutBridge } from '@trunkmesh/contracts/call-end.js';
import type { DataSource, EntityManager } from 'typeorm';
import { applyToCallLog, SEPARATOR } from '../call-log/call-rows.pg.js';
import type { CallMessage, LoggedCallEvent, UnreadableReason } from './call-message.js';
import type { EpochProgress } from './confirmation.js';
import { BridgeProgress, numberingOf } from './bridge-progress.pg.js';
import { lockShared } from './ledger/lock.pg.js';
import { correctCalls, insertCalls, lockEstimates, type RatedCall } from './ledger/ledger.pg.js';
import { receiveAll } from './numbering.js';
import { rateCalls } from './rating/rated-calls.pg.js';
import { UnreadableRow } from './unreadable-row.pg.js';

export interface ReceivedEvent {
  message: CallMessage;
  event: LoggedCallEvent;
}
export interface UnreadableMessage {
  message: CallMessage;
  reason: UnreadableReason;
}

export interface RecordedBatch {
  /** Events that this batch added. */
  logged: LoggedCallEvent[];
  /** Calls for which this batch wrote the ledger's entry. */
  recorded: LoggedCallEvent[];
  /** Events that were stored before. */
  repeated: number;
  unreadable: UnreadableMessage[];
  /** The bridges that sent numbered events. */
  bridges: string[];
}

/** Writes a batch in one transaction. Events that were stored before stay unchanged. */
export async function recordBatch(
  dataSource: DataSource,
  events: readonly ReceivedEvent[],
  now: Date,
): Promise<RecordedBatch> {
  return dataSource.transaction(async (tx) => {
    const inserted = await insertLog(tx, events, now);
    // If an event is in the batch twice, the first one counts as new.
    const fresh = new Set(events.filter(({ event }) => inserted.delete(event.event_id)));
    const known = events.filter((received) => !fresh.has(received));
    const freshEvents = [...fresh].map(({ event }) => event);
    const unreadable = await numbersOfOtherCalls(tx, known);
    await keepUnreadable(tx, unreadable, now);
    await applyToCallLog(
      tx,
      freshEvents.map(({ known: event }) => event).filter((event) => event !== null),
    );
    // Batches beside this one wait for its sums and its numbering until it is committed: what they all change is last.
    const recorded = await insertUsage(tx, freshEvents, now);
    const bridges = await advance(tx, freshEvents);
    return { logged: freshEvents, recorded, repeated: known.length - unreadable.length, unreadable, bridges };
  });
}

/** Sorted, so that two copies with overlapping batches wait for each other instead of deadlocking. */
const inLockOrder = (events: readonly ReceivedEvent[]) =>
  [...events].sort((a, b) => (a.event.event_id < b.event.event_id ? -1 : 1));

async function insertLog(tx: EntityManager, events: readonly ReceivedEvent[], now: Date): Promise<Set<string>> {
  if (events.length === 0) return new Set();
  const rows = inLockOrder(events).map(({ event }) => event);
  const written: { event_id: string }[] = await tx.query(
    `
    INSERT INTO calls (event_id, call_id, organization_id, bridge_id, type, "time", bridge_epoch, record_number,
      envelope, logged_at)
    SELECT *, $10::timestamptz FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[],
      $6::timestamptz[], $7::uuid[], $8::bigint[], string_to_array($9, '${SEPARATOR}'))
    ON CONFLICT DO NOTHING RETURNING event_id`,
    [
      rows.map((row) => row.event_id),
      rows.map((row) => row.call_id),
      rows.map((row) => row.organization_id),
      rows.map((row) => row.bridge_id),
      rows.map((row) => row.type),
      rows.map((row) => row.time),
      rows.map((row) => row.numbered?.epoch ?? null),
      rows.map((row) => row.numbered?.number ?? null),
      rows.map((row) => row.envelope).join(SEPARATOR),
      now,
    ],
  );
  return new Set(written.map((row) => row.event_id));
}

/**
 * Two calls with one record number are a fault of the bridge's numbering. The second one is stored as unreadable and
 * logged as an error; it is never dropped silently.
 */
async function numbersOfOtherCalls(tx: EntityManager, known: readonly ReceivedEvent[]): Promise<UnreadableMessage[]> {
  const numbered = known.filter(({ event }) => event.numbered !== null);
  if (numbered.length === 0) return [];
  const clashes: { event_id: string }[] = await tx.query(
    `
    SELECT given.event_id FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::bigint[]) AS given
      (event_id, call_id, bridge_id, epoch, number)
    JOIN calls ON calls.bridge_id = given.bridge_id AND calls.bridge_epoch = given.epoch AND calls.record_number =
      given.number
    WHERE calls.call_id <> given.call_id`,
    [
      numbered.map(({ event }) => event.event_id),
      numbered.map(({ event }) => event.call_id),
      numbered.map(({ event }) => event.bridge_id),
      numbered.map(({ event }) => event.numbered!.epoch),
      numbered.map(({ event }) => event.numbered!.number),
    ],
  );
  const clashing = new Set(clashes.map((row) => row.event_id));
  return numbered
    .filter(({ event }) => clashing.has(event.event_id))
    .map(({ message }) => ({ message, reason: 'record-number-taken' }));
}

/** Entries of the calls that have none yet, and corrections of estimates that are known better now. */
export async function insertUsage(
  tx: EntityManager,
  events: readonly LoggedCallEvent[],
  now: Date,
): Promise<LoggedCallEvent[]> {
  const finished = events.filter((event) => event.usage !== null);
  if (finished.length === 0) return [];
  // Plans that change meanwhile wait for this transaction, and correct what it has written.
  await lockShared(tx);
  const rated = await rateCalls(
    tx,
    finished.map((event) => event.usage!),
  );
  const written = await insertCalls(tx, rated, now);
  const recorded = finished.filter((event) => written.delete(event.call_id));
  const others = rated.filter(({ call }, index) => !endedWithoutBridge(call) && !recorded.includes(finished[index]!));
  await correctEstimates(tx, others, now);
  return recorded;
}

/**
 * A record that is certain takes the place of an estimate, and any record of the bridge that of an end without it.
 * Whatever else comes again changes nothing.
 */
async function correctEstimates(tx: EntityManager, better: readonly RatedCall[], now: Date): Promise<void> {
  if (better.length === 0) return;
  const byCall = new Map(better.map((rated) => [rated.call.call_id, rated]));
  const estimates = await lockEstimates(
    tx,
    better.map(({ call }) => call),
  );
  await correctCalls(
    tx,
    estimates.map((current) => ({ current, rated: byCall.get(current.call_id)! })),
    { reason: 'known-better', now },
  );
}

async function advance(tx: EntityManager, events: readonly LoggedCallEvent[]): Promise<string[]> {
  const epochs = new Map<string, LoggedCallEvent[]>();
  for (const event of events) {
    if (event.numbered === null) continue;
    const key = `${event.bridge_id} ${event.numbered.epoch}`;
    epochs.set(key, [...(epochs.get(key) ?? []), event]);
  }
  const touched: string[] = [];
  for (const [, received] of [...epochs].sort(([a], [b]) => (a < b ? -1 : 1)))
    touched.push(await advanceEpoch(tx, received));
  return touched;
}

async function advanceEpoch(tx: EntityManager, received: readonly LoggedCallEvent[]): Promise<string> {
  const { bridge_id, numbered } = received[0]!;
  const latest = received
    .map((event) => event.time)
    .sort()
    .at(-1);
  // The upsert locks the row until the commit, so that two copies advance a bridge one after the other.
  const [row] = (await tx.query(
    `
    INSERT INTO bridge_progress (bridge_id, bridge_epoch, highest, missing, latest_time) VALUES ($1, $2, 0, '[]', $3)
    ON CONFLICT (bridge_id, bridge_epoch) DO UPDATE SET latest_time = greatest(bridge_progress.latest_time,
      excluded.latest_time) RETURNING *`,
    [bridge_id, numbered!.epoch, latest],
  )) as BridgeProgress[];
  const next = receiveAll(
    numberingOf(row!),
    received.map((event) => event.numbered!.number),
  );
  await tx.update(
    BridgeProgress,
    { bridge_id, bridge_epoch: numbered!.epoch },
    { highest: String(next.highest), missing: [...next.missing] },
  );
  return row!.bridge_id;
}

export async function keepUnreadable(
  tx: EntityManager,
  messages: readonly UnreadableMessage[],
  now: Date,
): Promise<void> {
  if (messages.length === 0) return;
  const rows = messages.map(({ message: { sequence, subject, payload }, reason }) => ({
    stream_sequence: String(sequence),
    digest: createHash('sha256').update(payload).digest('hex'),
    subject,
    reason,
    payload: Buffer.from(payload),
    kept_at: now,
  }));
  await tx.createQueryBuilder().insert().into(UnreadableRow).values(rows).orIgnore().execute();
}

export async function loadProgress(dataSource: DataSource, bridgeId: string): Promise<EpochProgress[]> {
  const rows = await dataSource.getRepository(BridgeProgress).findBy({ bridge_id: bridgeId });
  return rows.map((row) => ({
    bridge_epoch: row.bridge_epoch,
    latest_time: row.latest_time,
    numbering: numberingOf(row),
  }));
}

export async function knownBridges(dataSource: DataSource): Promise<string[]> {
  const rows = await dataSource
    .getRepository(BridgeProgress)
    .createQueryBuilder('progress')
    .select('progress.bridge_id', 'bridge_id')
    .distinct()
    .getRawMany<{ bridge_id: string }>();
  return rows.map((row) => row.bridge_id);
}
