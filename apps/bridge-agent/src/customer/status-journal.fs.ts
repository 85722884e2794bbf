import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { CallFiles } from './status-files.fs.js';
import type { StatusDraft } from './call-status.js';
import {
  deliveredLine,
  deliveredUpTo,
  emptyFile,
  nextLines,
  readCallFile,
  statusFileName,
  statusIn,
  type CallFile,
  type Elsewhere,
  type NextLines,
  type StoredStatus,
} from './status-file.js';
import { laneOf, type Lane, type Owner } from './status-lane.js';
import { emptyEntry, firstOf, type Entry, type ReportedCall } from './status-entry.js';

export interface JournalOptions {
  files: CallFiles;
  /** Whether the call's owner has a status endpoint. Called at the first status. */
  isWanted: (owner: Owner) => boolean | 'not-known-yet';
  /** Called when its file has new statuses. */
  onWritten: (lane: Lane) => void;
  /** Left by the previous process and not read yet. */
  unread: Set<string>;
  logger: Logger;
  now: () => number;
}

const RETRY_MS = 1_000;

/**
 * Keeps each call's statuses in its file, with one writer per call. A status is in the file before it is sent, so that
 * no two statuses get the same sequence number.
 */
export class Journal {
  private readonly entries = new Map<string, Entry>();
  private readonly owners = new Map<string, Owner>();
  /** Calls with files that cannot be written: a failure that lasts is reported once, although other files work. */
  private readonly refused = new Set<Entry>();
  private stopped = false;
  private lastTrouble: string | undefined;
  private unwritten = 0;

  constructor(private readonly options: JournalOptions) {}

  /** All calls in memory. Remove a call's file before the call. */
  get calls(): Map<string, ReportedCall> {
    return this.entries;
  }

  tell(draft: StatusDraft | Elsewhere): Promise<void> {
    if (statusFileName(draft.call_id) === undefined) {
      this.options.logger.error('dropped a status: its call has no FreeSWITCH id');
      return Promise.resolve();
    }
    const entry = this.entryOf(draft.call_id);
    return new Promise((done) => {
      entry.drafts.push({ draft, done });
      this.unwritten += 1;
      void this.start(entry);
    });
  }

  /** The previous process's file of the call is read. */
  load(callId: string): Promise<void> {
    return this.start(this.entryOf(callId));
  }

  /** The lane's next status. */
  async next(lane: Lane): Promise<StoredStatus | undefined> {
    const text = await this.options.files.read(lane.callId);
    const status = text === undefined ? undefined : statusIn(text, lane.delivered + 1);
    const entry = this.entries.get(lane.callId);
    if (entry !== undefined && status !== undefined) entry.since = Date.parse(status.timestamp);
    return status;
  }

  /** Where a killed agent continues. If it is not written, the last status is sent twice. */
  delivered(lane: Lane): void {
    const entry = this.entries.get(lane.callId);
    if (entry === undefined) return;
    entry.mark = lane.delivered;
    void this.start(entry);
  }

  /** Whether something of it is being written or waits for it. */
  isBusy(callId: string): boolean {
    return this.entries.get(callId)?.writing !== undefined;
  }

  /** How many statuses of the call were written, or are about to be. */
  told(callId: string): number {
    const entry = this.entries.get(callId);
    return entry?.lane === undefined ? 0 : entry.lane.told + entry.drafts.length;
  }

  waitingToBeWritten(): number {
    return this.unwritten;
  }

  /** Files. */
  waitingToBeRead(): number {
    return this.options.unread.size;
  }

  trouble(): string | undefined {
    return this.refused.size === 0 ? undefined : this.lastTrouble;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all([...this.entries.values()].map(({ writing }) => writing));
  }

  private entryOf(callId: string): Entry {
    const known = this.entries.get(callId);
    if (known !== undefined) return known;
    const entry = emptyEntry(callId);
    this.entries.set(callId, entry);
    return entry;
  }

  private ownerOf({ organizationId, numberId }: Pick<CallFile, 'organizationId' | 'numberId'>): Owner {
    const key = `${organizationId} ${numberId}`;
    const owner = this.owners.get(key) ?? { organizationId, numberId };
    this.owners.set(key, owner);
    return owner;
  }

  private start(entry: Entry): Promise<void> {
    entry.writing ??= this.writeAll(entry).finally(() => {
      entry.writing = undefined;
      // Something may have been added after the writer's last check.
      if (!this.stopped && this.isLeft(entry)) void this.start(entry);
      else if (entry.lane === undefined && entry.drafts.length === 0) this.entries.delete(entry.callId);
    });
    return entry.writing;
  }

  private isLeft(entry: Entry): boolean {
    return entry.drafts.length > 0 || entry.mark !== undefined || this.options.unread.has(entry.callId);
  }

  private async writeAll(entry: Entry): Promise<void> {
    do {
      try {
        await this.write(entry);
      } catch (error) {
        this.refuse(entry, error);
        if (this.stopped) return;
        await sleep(RETRY_MS);
      }
    } while (this.isLeft(entry));
  }

  private refuse(entry: Entry, error: unknown): void {
    if (this.refused.size === 0) this.options.logger.error({ err: error }, 'cannot write call statuses; retrying');
    this.refused.add(entry);
    this.lastTrouble = `call statuses cannot be written: ${(error as NodeJS.ErrnoException).code ?? String(error)}`;
  }

  private async write(entry: Entry): Promise<void> {
    if (this.options.unread.has(entry.callId)) await this.readUp(entry);
    const { mark } = entry;
    const taken = entry.drafts.length;
    const { text, ...composed } = this.compose(entry);
    if (text !== '') await this.append(entry, text, composed.ended && !entry.ended);
    this.refused.delete(entry);
    if (entry.mark === mark) entry.mark = undefined;
    if (entry.lane !== undefined) this.written(entry, entry.lane, composed);
    this.unwritten -= taken;
    for (const { done } of entry.drafts.splice(0, taken)) done();
  }

  private async readUp(entry: Entry): Promise<void> {
    const { files, unread } = this.options;
    const text = await files.read(entry.callId);
    const file = text === undefined ? undefined : readCallFile(text);
    unread.delete(entry.callId);
    if (file !== undefined) return this.take(entry, file);
    entry.cut = true;
    if (entry.drafts.length === 0) await files.remove(entry.callId);
  }

  private take(entry: Entry, file: CallFile): void {
    entry.lane = laneOf(entry.callId, this.ownerOf(file), file);
    entry.ended = file.ended;
    entry.since = file.since;
    entry.bytes = file.bytes;
    entry.cut = true;
    if (file.ended && file.delivered === file.told) entry.doneAt = this.options.now();
  }

  /** The lines of unwritten statuses, in order. Statuses without an endpoint, or after the call's end, are dropped. */
  private compose(entry: Entry): NextLines {
    const wanted = entry.lane === undefined ? entry.drafts.slice(firstOf(entry.drafts)) : entry.drafts;
    entry.lane ??= this.beginning(entry, wanted[0]?.draft);
    const drafts = entry.lane === undefined ? [] : wanted.map(({ draft }) => draft);
    const { text, ...lines } = nextLines({ told: entry.lane?.told ?? 0, ended: entry.ended }, drafts);
    return { text: (entry.mark === undefined ? '' : deliveredLine(entry.mark)) + text, ...lines };
  }

  private beginning(entry: Entry, draft: StatusDraft | Elsewhere | undefined): Lane | undefined {
    if (draft === undefined) return undefined;
    const file = emptyFile(draft);
    const owner = this.ownerOf(file);
    const wanted = this.options.isWanted(owner);
    entry.unasked = wanted === 'not-known-yet';
    return wanted === false ? undefined : laneOf(entry.callId, owner, file);
  }

  private async append(entry: Entry, text: string, durably: boolean): Promise<void> {
    const { files } = this.options;
    const at = { bytes: entry.bytes, cut: entry.cut };
    entry.cut = true;
    await files.write(entry.callId, text, at);
    // A final status counts as written only when it is synced: the caller may forget the call then.
    if (durably) await files.sync(entry.callId);
    entry.cut = false;
    entry.bytes += Buffer.byteLength(text);
  }

  private written(entry: Entry, lane: Lane, { told, ended, gaps }: Omit<NextLines, 'text'>): void {
    const { now } = this.options;
    if (told > lane.told && lane.told === lane.delivered) entry.since = now();
    entry.ended = ended;
    lane.told = told;
    for (const [from, to] of gaps) lane.gaps.set(from, to);
    lane.delivered = deliveredUpTo(lane.delivered, lane.gaps);
    if (ended && lane.delivered === told) entry.doneAt ??= now();
    this.options.onWritten(lane);
  }
}
