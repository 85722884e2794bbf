import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import {
  deletable,
  numbered,
  recordFileName,
  recordsIn,
  type RecordContent,
  type RecordDraft,
  type RecordName,
} from './call-record-file.js';
import { durableFiles, type DurableFiles } from '@trunkmesh/runtime/durable-files.fs.js';

export interface RecordSpool {
  readonly epoch: string;
  /**
   *  On disk and numbered when it resolves. Never rejects but on `stop`: a disk that refuses is asked again, after
   *  `onRefused` was called once.
   */
  append(draft: RecordDraft, onRefused?: () => void): Promise<number>;
  /** Records that the disk does not have yet. */
  waiting(): number;
  /** The events of a record, or undefined where its file is gone or is none. */
  read(number: number): Promise<RecordContent | undefined>;
  /** Every record up to and including this number is committed elsewhere: their files may go. */
  confirm(through: number): Promise<void>;
  /** Records on disk, ascending, with those that are confirmed but not deleted. */
  records(): readonly RecordName[];
  /** Why nothing can be written; undefined while all is well. */
  trouble(): string | undefined;
  /** Writes what waits, then ends. */
  stop(): Promise<void>;
}

export interface SpoolOptions {
  /** STATE_DIR/records */
  folder: string;
  /** A UUIDv7 for the first start on an empty disk. */
  newEpoch: () => string;
  logger: Logger;
  files?: DurableFiles;
}

/** Written in one go: as many as are waiting share the folder's sync. */
const GROUP = 64;
const RETRY_MS = 1_000;

interface Waiting {
  draft: RecordDraft;
  written: (number: number) => void;
  given: (error: Error) => void;
  refused: (() => void) | undefined;
}

/**
 *  One file a finished call, kept until billing-observer has it. Numbers from 1 without a gap, whatever stops this
 *  process at whatever moment.
 */
export async function openSpool(options: SpoolOptions): Promise<RecordSpool> {
  const { logger, files = durableFiles } = options;
  const { epoch, names, made } = await chooseEpoch(options, files);
  const folder = join(options.folder, epoch);
  let isMade = made;
  await Promise.all(names.filter((name) => name.endsWith('.tmp')).map((name) => files.remove(join(folder, name))));
  let records = recordsIn(names);
  const waiting: Waiting[] = [];
  let writing: Promise<void> | undefined;
  let stopped = false;
  let trouble: string | undefined;
  let confirming: Promise<void> = Promise.resolve();

  /** Tells each record as soon as it has its name. */
  const writeGroup = async (
    group: readonly Waiting[],
    named: (entry: Waiting, number: number) => void,
  ): Promise<void> => {
    const next = (records.at(-1)?.number ?? 0) + 1;
    if (!isMade) await files.makeFolder(folder, options.folder);
    isMade = true;
    const temporary = (index: number) => join(folder, `${index}.tmp`);
    await Promise.all(
      group.map(({ draft }, index) =>
        files.writeDurably(temporary(index), JSON.stringify(numbered(draft, epoch, next + index))),
      ),
    );
    // One after the other, ascending: stopped in between, what is there is without a gap and the rest has no number
    // yet.
    for (const [index, entry] of group.entries()) {
      const record = { number: next + index, callId: entry.draft.final.data.call_id };
      await files.rename(temporary(index), join(folder, recordFileName(record)));
      records.push(record);
      waiting.shift();
      named(entry, record.number);
    }
  };
  // Named, but whether the names survive a power cut is known only after the folder's sync.
  const unsynced: (() => void)[] = [];
  const writeAll = async (): Promise<void> => {
    while (waiting.length > 0 || unsynced.length > 0) {
      const group = waiting.slice(0, GROUP);
      try {
        await writeGroup(group, ({ written }, number) => {
          unsynced.push(() => written(number));
        });
        await files.syncFolder(folder);
        unsynced.splice(0).forEach((tell) => tell());
        trouble = undefined;
      } catch (error) {
        if (trouble === undefined)
          logger.error({ err: error, waiting: waiting.length }, 'call records cannot be written; trying again');
        trouble = (error as NodeJS.ErrnoException).code ?? String(error);
        waiting.forEach(tellRefused);
        if (stopped) return;
        await sleep(RETRY_MS);
      }
    }
  };
  const tellRefused = (entry: Waiting): void => {
    entry.refused?.();
    entry.refused = undefined;
  };
  const start = (): void => {
    writing ??= writeAll().finally(() => {
      writing = undefined;
      // What was appended between the last look and this moment found a writer that was already leaving.
      if (waiting.length > 0 && !stopped) start();
    });
  };

  return {
    epoch,
    append: (draft, refused) =>
      new Promise<number>((written, given) => {
        const entry: Waiting = { draft, written, given, refused };
        waiting.push(entry);
        if (trouble !== undefined) tellRefused(entry);
        start();
      }),
    waiting: () => waiting.length,
    read: async (number) => {
      const record = find(records, number);
      if (record === undefined) return undefined;
      try {
        return JSON.parse(await files.read(join(folder, recordFileName(record)))) as RecordContent;
      } catch (error) {
        logger.error({ err: error, record: number }, 'a call record on disk cannot be read');
        return undefined;
      }
    },
    confirm: (through) => {
      confirming = confirming
        .then(async () => {
          const gone = new Set<number>();
          try {
            for (const record of deletable(records, through)) {
              await files.remove(join(folder, recordFileName(record)));
              gone.add(record.number);
            }
          } finally {
            records = records.filter(({ number }) => !gone.has(number));
          }
        })
        .catch((error: unknown) => {
          logger.warn({ err: error }, 'confirmed call records cannot be deleted');
        });
      return confirming;
    },
    records: () => records,
    trouble: () => trouble,
    stop: async () => {
      while (writing !== undefined && trouble === undefined) await writing;
      stopped = true;
      await writing;
      await confirming;
      unsynced.splice(0).forEach((tell) => tell());
      waiting.splice(0).forEach(({ given }) => given(new Error('stopped before it could be written')));
    },
  };
}

/** Records are ascending, and without holes but for what a damaged disk lost. */
function find(records: readonly RecordName[], number: number): RecordName | undefined {
  const guess = records[number - (records[0]?.number ?? 0)];
  return guess?.number === number ? guess : records.find((record) => record.number === number);
}

/**
 * The folder's only subfolder with records in it. An empty one is not taken up: whether its numbers were never given,
 * or given and wiped, cannot be told, and a number must not be given twice.
 */
async function chooseEpoch(
  { folder, newEpoch, logger }: SpoolOptions,
  files: DurableFiles,
): Promise<{ epoch: string; names: string[]; made: boolean }> {
  await files.makeFolder(folder, join(folder, '..'));
  const epochs = (await files.list(folder)).filter((name) => /^[\da-f]{8}-/.test(name)).sort();
  for (const epoch of epochs.reverse()) {
    const names = await files.list(join(folder, epoch));
    if (recordsIn(names).length === 0) continue;
    if (epochs.length > 1)
      logger.warn({ epochs }, 'several epochs of call records: going on with the latest one that has any');
    return { epoch, names, made: true };
  }
  const epoch = newEpoch();
  // A full disk refuses it; it is made with the first record then.
  const made = await files.makeFolder(join(folder, epoch), folder).then(
    () => true,
    () => false,
  );
  return { epoch, names: [], made };
}
