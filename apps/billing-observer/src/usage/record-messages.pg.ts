import type { DataSource } from 'typeorm';
import { readCallMessage, type CallMessage } from './call-message.js';
import { isInRange, monthsNeeded } from './ledger/ledger-entry.js';
import { makeMonths } from './ledger/months.pg.js';
import {
  keepUnreadable,
  recordBatch,
  type ReceivedEvent,
  type RecordedBatch,
  type UnreadableMessage,
} from './usage-store.pg.js';

/**
 * Records messages as they came: readable ones in one transaction, unreadable ones aside. A call of an impossible time
 * is in the call log and aside, and not in the ledger. Throws only what a later attempt may overcome. `numbered` false:
 * their record numbers are left out, because other calls have them.
 */
export async function recordMessages(
  dataSource: DataSource,
  messages: readonly CallMessage[],
  now: () => Date,
  { numbered = true } = {},
): Promise<RecordedBatch> {
  const events: ReceivedEvent[] = [];
  const unreadable: UnreadableMessage[] = [];
  for (const message of messages) {
    const read = readCallMessage(message);
    if (!read.ok) {
      unreadable.push({ message, reason: read.reason });
      continue;
    }
    const { usage } = read.event;
    // It has its number, so that the bridge does not send it again; what it says stays aside.
    const misdated = usage !== null && !isInRange(usage, now());
    if (misdated) unreadable.push({ message, reason: 'time-out-of-range' });
    const event = { ...read.event, ...(misdated && { usage: null }), ...(!numbered && { numbered: null }) };
    events.push({ message, event });
  }
  await keepUnreadable(dataSource.manager, unreadable, now());
  await makeMonths(dataSource, monthsNeeded(events.flatMap(({ event }) => event.usage?.started_at ?? [])));
  const batch = await recordReadable(dataSource, events, now);
  return { ...batch, unreadable: [...unreadable, ...batch.unreadable] };
}

/**
 * An event that PostgreSQL rejects for its content must not block the others: the events of its batch are then written
 * one by one.
 */
async function recordReadable(
  dataSource: DataSource,
  events: readonly ReceivedEvent[],
  now: () => Date,
): Promise<RecordedBatch> {
  try {
    return await recordBatch(dataSource, events, now());
  } catch (error) {
    if (!isContentRefused(error)) throw error;
    if (events.length > 1) return joined(await inTurn(events, (event) => recordReadable(dataSource, [event], now)));
    const unreadable: UnreadableMessage[] = events.map(({ message }) => ({ message, reason: 'refused-by-database' }));
    await keepUnreadable(dataSource.manager, unreadable, now());
    return { logged: [], recorded: [], repeated: 0, unreadable, bridges: [] };
  }
}

async function inTurn<T, R>(items: readonly T[], run: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await run(item));
  return results;
}

const joined = (parts: readonly RecordedBatch[]): RecordedBatch => ({
  logged: parts.flatMap((part) => part.logged),
  recorded: parts.flatMap((part) => part.recorded),
  repeated: parts.reduce((sum, part) => sum + part.repeated, 0),
  unreadable: parts.flatMap((part) => part.unreadable),
  bridges: parts.flatMap((part) => part.bridges),
});

/**
 * SQLSTATE classes 22 (data exception) and 23 (constraint violation): the same content would be rejected again.
 * Any other error may be temporary.
 */
const isContentRefused = (error: unknown): boolean =>
  /^2[23]/.test(String((error as { driverError?: { code?: unknown } }).driverError?.code ?? ''));
