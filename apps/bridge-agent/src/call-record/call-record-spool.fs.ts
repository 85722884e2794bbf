import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import {
  deletable,
  numbered,
  recordFileName,
  recordsIn,
  type CallRecordContent,
  type CallRecordDraft,
  type CallRecordName,
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

/** Call records that wait are written together and share one sync of the folder. */
const MAX_GROUP_RECORDS = 64;
const RETRY_MS = 1_000;
/** Most are read once, as soon as they are on disk: so many are kept for that. */
const MAX_RECENT = 256;

interface ChosenEpoch {
  epoch: string;
  names: string[];
  made: boolean;
}

interface Waiting {
  draft: CallRecordDraft;
  written: (number: number) => void;
  given: (error: Error) => void;
  refused: (() => void) | undefined;
}

/**
 * One file per finished call, kept until billing-observer has it. Numbers start at 1 and have no gaps, whenever this
 * process stops.
 */
export class CallRecordSpool {
  readonly epoch: string;
  private readonly folder: string;
  private readonly queue: Waiting[] = [];
  /** Renamed, but the names survive a power failure only after the folder's sync. */
  private readonly unsynced: (() => void)[] = [];
  private readonly recent = new Map<number, CallRecordContent>();
  private onDisk: CallRecordName[];
  private isMade: boolean;
  private writing: Promise<void> | undefined;
  private stopped = false;
  private lastTrouble: string | undefined;
  private confirming: Promise<void> = Promise.resolve();

  static async open(options: SpoolOptions): Promise<CallRecordSpool> {
    const { files = durableFiles } = options;
    const chosen = await chooseEpoch(options, files);
    const folder = join(options.folder, chosen.epoch);
    const temporary = chosen.names.filter((name) => name.endsWith('.tmp'));
    await Promise.all(temporary.map((name) => files.remove(join(folder, name))));
    return new CallRecordSpool(options, files, chosen);
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
   * On disk and numbered when it resolves. Rejects only on `stop`: failed writes are retried, after one call of
   * `onRefused`.
   */
  append(draft: CallRecordDraft, refused?: () => void): Promise<number> {
    return new Promise<number>((written, given) => {
      const entry: Waiting = { draft, written, given, refused };
      this.queue.push(entry);
      if (this.lastTrouble !== undefined) tellRefused(entry);
      this.start();
    });
  }

  /** Call records that are not on disk yet. */
  waiting(): number {
    return this.queue.length;
  }

  /** The events of a call record; undefined if its file is missing or invalid. */
  async read(number: number): Promise<CallRecordContent | undefined> {
    const recent = this.recent.get(number);
    if (recent !== undefined) {
      this.recent.delete(number);
      return recent;
    }
    const record = find(this.onDisk, number);
    if (record === undefined) return undefined;
    try {
      return JSON.parse(await this.files.read(join(this.folder, recordFileName(record)))) as CallRecordContent;
    } catch (error) {
      this.options.logger.error({ err: error, record: number }, 'cannot read a call record on disk');
      return undefined;
    }
  }

  /** Every call record up to and including this number is confirmed: its file may be deleted. */
  confirm(through: number): Promise<void> {
    this.confirming = this.confirming
      .then(() => this.removeThrough(through))
      .catch((error: unknown) => {
        this.options.logger.warn({ err: error }, 'cannot delete confirmed call records');
      });
    return this.confirming;
  }

  /** Call records on disk, ascending, including confirmed ones that are not deleted yet. */
  records(): readonly CallRecordName[] {
    return this.onDisk;
  }

  /** Why nothing can be written; undefined while writing works. */
  trouble(): string | undefined {
    return this.lastTrouble;
  }

  /** Writes what is waiting, then stops. */
  async stop(): Promise<void> {
    while (this.writing !== undefined && this.lastTrouble === undefined) await this.writing;
    this.stopped = true;
    await this.writing;
    await this.confirming;
    this.unsynced.splice(0).forEach((resolve) => resolve());
    this.queue.splice(0).forEach(({ given }) => given(new Error('stopped before it could be written')));
  }

  private start(): void {
    this.writing ??= this.writeAll().finally(() => {
      this.writing = undefined;
      // Something may have been appended after the writer's last check.
      if (this.queue.length > 0 && !this.stopped) this.start();
    });
  }

  private async writeAll(): Promise<void> {
    while (this.queue.length > 0 || this.unsynced.length > 0) {
      const group = this.queue.slice(0, MAX_GROUP_RECORDS);
      try {
        await this.writeGroup(group);
        await this.files.syncFolder(this.folder);
        this.unsynced.splice(0).forEach((resolve) => resolve());
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
      this.options.logger.error({ err: error, waiting: this.queue.length }, 'cannot write call records; retrying');
    this.lastTrouble = (error as NodeJS.ErrnoException).code ?? String(error);
    this.queue.forEach(tellRefused);
  }

  private async writeGroup(group: readonly Waiting[]): Promise<void> {
    const next = (this.onDisk.at(-1)?.number ?? 0) + 1;
    if (!this.isMade) await this.files.makeFolder(this.folder, this.options.folder);
    this.isMade = true;
    const temporary = (index: number) => join(this.folder, `${index}.tmp`);
    const contents = group.map(({ draft }, index) => numbered(draft, this.epoch, next + index));
    await Promise.all(
      contents.map((content, index) => this.files.writeDurably(temporary(index), JSON.stringify(content))),
    );
    // One after another, ascending: if this stops in between, the files have no gap and the rest has no number yet.
    for (const [index, { draft, written }] of group.entries()) {
      const record = { number: next + index, callId: draft.final.data.call_id };
      await this.files.rename(temporary(index), join(this.folder, recordFileName(record)));
      this.onDisk.push(record);
      if (this.recent.size < MAX_RECENT) this.recent.set(record.number, contents[index]!);
      this.queue.shift();
      this.unsynced.push(() => written(record.number));
    }
  }

  private async removeThrough(through: number): Promise<void> {
    const gone = new Set<number>();
    try {
      for (const record of deletable(this.onDisk, through)) {
        await this.files.remove(join(this.folder, recordFileName(record)));
        this.recent.delete(record.number);
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

/** The numbers are ascending, and without gaps unless a damaged disk lost some. */
function find(records: readonly CallRecordName[], number: number): CallRecordName | undefined {
  const guess = records[number - (records[0]?.number ?? 0)];
  return guess?.number === number ? guess : records.find((record) => record.number === number);
}

/**
 * The only subfolder that has call records. An empty one is not reused: its numbers may have been used before, and a
 * number must not be used twice.
 */
async function chooseEpoch({ folder, newEpoch, logger }: SpoolOptions, files: DurableFiles): Promise<ChosenEpoch> {
  await files.makeFolder(folder, join(folder, '..'));
  const epochs = (await files.list(folder)).filter((name) => /^[\da-f]{8}-/.test(name)).sort();
  for (const epoch of epochs.reverse()) {
    const names = await files.list(join(folder, epoch));
    if (recordsIn(names).length === 0) continue;
    if (epochs.length > 1)
      logger.warn({ epochs }, 'found several epochs of call records; using the latest that has records');
    return { epoch, names, made: true };
  }
  const epoch = newEpoch();
  // This fails on a full disk; the first call record creates it then.
  const made = await files.makeFolder(join(folder, epoch), folder).then(
    () => true,
    () => false,
  );
  return { epoch, names: [], made };
}
