import type { Running } from '@trunkmesh/runtime/operator-command.process.js';
import { IsNull, Like, type DataSource, type EntityManager } from 'typeorm';
import { readCallMessage, type CallMessage } from './call-message.js';
import type { LetterId } from './letter-id.js';
import { recordMessages } from './record-messages.pg.js';
import { insertUsage, type UnreadableMessage } from './usage-store.pg.js';
import { UnreadableRow } from './unreadable-row.pg.js';

/** A message that could not be recorded, without its content: that may name callers. */
export type DeadLetter = Pick<UnreadableRow, 'stream_sequence' | 'digest' | 'subject' | 'reason' | 'kept_at'> & {
  bytes: number;
};

/** A call of an impossible time is in the call log already: only the ledger may get it now. */
async function recordAgain(
  dataSource: DataSource,
  { message, reason }: { message: CallMessage; reason: string },
  now: () => Date,
): Promise<readonly UnreadableMessage[]> {
  const numbered = reason !== 'record-number-taken';
  const { unreadable } = await recordMessages(dataSource, [message], now, { numbered });
  const read = readCallMessage(message);
  if (unreadable.length === 0 && reason === 'time-out-of-range' && read.ok)
    await dataSource.transaction((tx) => insertUsage(tx, [read.event], now()));
  return unreadable;
}

/** In the order of the stream, without those that were discarded. */
export function listDeadLetters(dataSource: DataSource): Promise<DeadLetter[]> {
  return dataSource.query(
    `SELECT stream_sequence, digest, subject, reason, kept_at, octet_length(payload) AS bytes FROM unreadable
    WHERE discarded_at IS NULL ORDER BY unreadable.stream_sequence, digest`,
  );
}

/**
 * Also one that was discarded.
 * @throws Error there is none of this name, or several
 */
export async function findDeadLetter(
  db: DataSource | EntityManager,
  { sequence, digest }: LetterId,
): Promise<UnreadableRow> {
  const [row, another] = await db
    .getRepository(UnreadableRow)
    .findBy({ stream_sequence: sequence, digest: Like(`${digest}%`) });
  if (row === undefined) throw new Error(`there is no message ${sequence}-${digest}`);
  if (another !== undefined)
    throw new Error(`several messages begin with ${sequence}-${digest}: give more of the digest`);
  return row;
}

/**
 * Takes it out of the list for good; a replay leaves it out. It is kept, with who discarded it and why.
 * @throws Error there is none of this name, several, or it was discarded before; nothing is changed then
 */
export async function discardDeadLetter(
  dataSource: DataSource,
  { discarded_by, discard_reason, ...id }: LetterId & { discarded_by: string; discard_reason: string },
  discarded_at = new Date(),
): Promise<void> {
  const { stream_sequence, digest } = await findDeadLetter(dataSource, id);
  const { affected } = await dataSource
    .getRepository(UnreadableRow)
    .update({ stream_sequence, digest, discarded_at: IsNull() }, { discarded_at, discarded_by, discard_reason });
  if (affected !== 1) throw new Error(`message ${id.sequence}-${id.digest} was discarded before; nothing was changed`);
}

export interface Replayed {
  recorded: number;
  /** They stay in the list, with today's reason. */
  left: number;
}

/**
 * Records each of them once more, as if it had just been delivered: a version that knows more may read what an older
 * one could not. A record number that belongs to another call is left out. What is recorded leaves the list; what was
 * recorded before is not recorded twice.
 */
export async function replayDeadLetters(
  dataSource: DataSource,
  { signal, progress }: Running,
  now: () => Date = () => new Date(),
): Promise<Replayed> {
  const letters = await listDeadLetters(dataSource);
  const rows = dataSource.getRepository(UnreadableRow);
  const replayed: Replayed = { recorded: 0, left: 0 };
  for (const [index, { stream_sequence, digest }] of letters.entries()) {
    signal.throwIfAborted();
    const row = await rows.findOneBy({ stream_sequence, digest });
    if (row === null) continue;
    const message = { subject: row.subject, sequence: Number(stream_sequence), payload: row.payload };
    const unreadable = await recordAgain(dataSource, { message, reason: row.reason }, now);
    if (unreadable.length === 0) {
      await rows.delete({ stream_sequence, digest });
      replayed.recorded += 1;
    } else {
      await rows.update({ stream_sequence, digest }, { reason: unreadable[0]!.reason });
      replayed.left += 1;
    }
    progress('replaying', index + 1, letters.length);
  }
  return replayed;
}
