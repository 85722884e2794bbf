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

interface ChosenEpoch {
  epoch: string;
  names: string[];
  made: boolean;
}

interface Waiting {
  draft: RecordDraft;
  written: (number: number) => void;
  given: (error: Error) => void;
  refused: (() => void) | undefined;
}

/**
 * One file a finished call, kept until billing-observer has it. Numbers from 1 without a gap, whatever stops this
 * process at whatever moment.
 */
export class RecordSpool {
  readonly epoch: string;
  private readonly folder: string;
  private readonly queue: Waiting[] = [];
  /** Named, but whether the names survive a power cut is known only after the folder's sync. */
  private readonly unsynced: (() => void)[] = [];
  private onDisk: RecordName[];
  private isMade: boolean;
  private writing: Promise<void> | undefined;
  private stopped = false;
  private lastTrouble: string | undefined;
  private confirming: Promise<void> = Promise.resolve();

  static async open(options: SpoolOptions): Promise<RecordSpool> {
    const { files = durableFiles } = options;
    const chosen = await chooseEpoch(options, files);
    const folder = join(options.folder, chosen.epoch);
    const temporary = chosen.names.filter((name) => name.endsWith('.tmp'));
    await Promise.all(temporary.map((name) => files.remove(join(folder, name))));
    return new RecordSpool(options, files, chosen);
  }

  private constructor(
    private readonly options: SpoolOptions,
    private readonly files: DurableFiles,
    { epoch, names, made }: ChosenEpoch,
  ) {
    this.epoch = epoch;
    this.folder = join(options.folder, epoch);
    this.onDisk = recordsIn(names);
    this.isMade = made;
  }

  /**
   * On disk and numbered when it resolves. Never rejects but on `stop`: a disk that refuses is asked again, after
   * `onRefused` was called once.
   */
  append(draft: RecordDraft, refused?: () => void): Promise<number> {
    return new Promise<number>((written, given) => {
      const entry: Waiting = { draft, written, given, refused };
      this.queue.push(entry);
      if (this.lastTrouble !== undefined) tellRefused(entry);
      this.start();
    });
  }

  /** Records that the disk does not have yet. */
  waiting(): number {
    return this.queue.length;
  }

  /** The events of a record, or undefined where its file is gone or is none. */
  async read(number: number): Promise<RecordContent | undefined> {
    const record = find(this.onDisk, number);
    if (record === undefined) return undefined;
    try {
      return JSON.parse(await this.files.read(join(this.folder, recordFileName(record)))) as RecordContent;
    } catch (error) {
      this.options.logger.error({ err: error, record: number }, 'a call record on disk cannot be read');
      return undefined;
    }
  }

  /** Every record up to and including this number is committed elsewhere: their files may go. */
  confirm(through: number): Promise<void> {
    this.confirming = this.confirming
      .then(() => this.removeThrough(through))
      .catch((error: unknown) => {
        this.options.logger.warn({ err: error }, 'confirmed call records cannot be deleted');
      });
    return this.confirming;
  }

  /** Records on disk, ascending, with those that are confirmed but not deleted. */
  records(): readonly RecordName[] {
    return this.onDisk;
  }

  /** Why nothing can be written; undefined while all is well. */
  trouble(): string | undefined {
    return this.lastTrouble;
  }

  /** Writes what waits, then ends. */
  async stop(): Promise<void> {
    while (this.writing !== undefined && this.lastTrouble === undefined) await this.writing;
    this.stopped = true;
    await this.writing;
    await this.confirming;
    this.unsynced.splice(0).forEach((tell) => tell());
    this.queue.splice(0).forEach(({ given }) => given(new Error('stopped before it could be written')));
  }

  private start(): void {
    this.writing ??= this.writeAll().finally(() => {
      this.writing = undefined;
      // What was appended between the last look and this moment found a writer that was already leaving.
      if (this.queue.length > 0 && !this.stopped) this.start();
    });
  }

  private async writeAll(): Promise<void> {
    while (this.queue.length > 0 || this.unsynced.length > 0) {
      const group = this.queue.slice(0, GROUP);
      try {
        await this.writeGroup(group);
        await this.files.syncFolder(this.folder);
        this.unsynced.splice(0).forEach((tell) => tell());
        this.lastTrouble = undefined;
      } catch (error) {
        this.refuse(error);
        if (this.stopped) return;
        await sleep(RETRY_MS);
      }
    }
  }

  private refuse(error: unknown): void {
    if (this.lastTrouble === undefined)
      this.options.logger.error(
        { err: error, waiting: this.queue.length },
        'call records cannot be written; trying again',
      );
    this.lastTrouble = (error as NodeJS.ErrnoException).code ?? String(error);
    this.queue.forEach(tellRefused);
  }

  private async writeGroup(group: readonly Waiting[]): Promise<void> {
    const next = (this.onDisk.at(-1)?.number ?? 0) + 1;
    if (!this.isMade) await this.files.makeFolder(this.folder, this.options.folder);
    this.isMade = true;
    const temporary = (index: number) => join(this.folder, `${index}.tmp`);
    await Promise.all(
      group.map(({ draft }, index) =>
        this.files.writeDurably(temporary(index), JSON.stringify(numbered(draft, this.epoch, next + index))),
      ),
    );
    // One after the other, ascending: stopped in between, what is there is without a gap and the rest has no number
    // yet.
    for (const [index, { draft, written }] of group.entries()) {
      const record = { number: next + index, callId: draft.final.data.call_id };
      await this.files.rename(temporary(index), join(this.folder, recordFileName(record)));
      this.onDisk.push(record);
      this.queue.shift();
      this.unsynced.push(() => written(record.number));
    }
  }

  private async removeThrough(through: number): Promise<void> {
    const gone = new Set<number>();
    try {
      for (const record of deletable(this.onDisk, through)) {
        await this.files.remove(join(this.folder, recordFileName(record)));
        gone.add(record.number);
      }
    } finally {
      this.onDisk = this.onDisk.filter(({ number }) => !gone.has(number));
    }
  }
}

function tellRefused(entry: Waiting): void {
  entry.refused?.();
  entry.refused = undefined;
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
async function chooseEpoch({ folder, newEpoch, logger }: SpoolOptions, files: DurableFiles): Promise<ChosenEpoch> {
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
