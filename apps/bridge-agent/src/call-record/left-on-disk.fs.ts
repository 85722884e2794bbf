import { join } from 'node:path';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { readAliveNote } from './alive-note.fs.js';
import { CallRecordSpool } from './call-record-spool.fs.js';
import type { OpenCall } from './open-call-file.fs.js';
import { readOpenCalls } from './open-calls.fs.js';

/** What the previous process left on disk. */
export interface LeftOnDisk {
  spool: CallRecordSpool;
  /** Calls with a record in the spool. */
  recorded: Set<string>;
  leftOpen: readonly OpenCall[];
  /** Another bridge may have them. */
  doubtful: readonly OpenCall[];
  lastAlive: Date | undefined;
}

export async function readLeftOnDisk({
  stateDir,
  newId,
  logger,
}: {
  stateDir: string;
  newId: () => string;
  logger: Logger;
}): Promise<LeftOnDisk> {
  const spool = await CallRecordSpool.open({ folder: join(stateDir, 'records'), newEpoch: newId, logger });
  const recorded = new Set(spool.records().map(({ callId }) => callId));
  const open = await readOpenCalls(join(stateDir, 'open'), (callId) => recorded.has(callId), logger);
  return {
    spool,
    recorded,
    leftOpen: open.filter((call) => !isDoubtful(call)),
    doubtful: open.filter(isDoubtful),
    lastAlive: await readAliveNote(stateDir),
  };
}

/** Nothing rings for so long. The call of an agent that was away for longer may have been ended by another bridge. */
const LONGEST_MS = 900_000;

/**
 * It was being taken from another bridge, or offered to one, or is old: which bridge has it is in the stream of its
 * events.
 */
const isDoubtful = ({ started: { data }, continued, answered, story }: OpenCall): boolean =>
  answered === null &&
  (story.at(-1)?.offered_to !== undefined ||
    (continued !== undefined && story.length <= 1) ||
    (data.direction === 'outbound' && Date.now() - Date.parse(data.started_at) > LONGEST_MS));
