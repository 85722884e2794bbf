import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { CallFiles } from './status-files.fs.js';
import type { StatusDraft } from './call-status.js';
import {
  begins,
  deliveredLine,
  emptyFile,
  nextLine,
  readCallFile,
  statusFileName,
  statusIn,
  type CallFile,
  type StoredStatus,
} from './status-file.js';
import { laneOf, type Lane, type Owner } from './status-lanes.js';

/** A call with a file, as much of it as is held in memory: its statuses are not. */
export interface Told {
  readonly callId: string;
  /** Undefined: its file is not read yet, or not begun. */
  lane: Lane | undefined;
  ended: boolean;
  /** Of the first status that waits. */
  since: number;
  /** When the last status of an ended call was delivered, in the time of this process. */
  doneAt: number | undefined;
  /** Whether anybody wants to be told was not known yet when it began. */
  unasked: boolean;
}

export interface Journal {
  tell(draft: StatusDraft): Promise<void>;
  /** What the life before left of it is read. */
  load(callId: string): Promise<void>;
  /** The lane's next status. */
  next(lane: Lane): Promise<StoredStatus | undefined>;
  /** Where a killed agent goes on. Should it not be written, the last one is sent twice. */
  delivered(lane: Lane): void;
  /** All calls that are in memory. Whoever removes one from it removes its file first. */
  readonly calls: Map<string, Told>;
  /** Something of it is being written, or waits for that. */
  isBusy(callId: string): boolean;
  waitingToBeWritten(): number;
  /** Files. */
  waitingToBeRead(): number;
  trouble(): string | undefined;
  stop(): Promise<void>;
}

export interface JournalOptions {
  files: CallFiles;
  /** Has the call's owner anywhere that statuses go to? Asked when its first is told. */
  isWanted: (owner: Owner) => boolean | 'not-known-yet';
  /** Its file has more than before. */
  onWritten: (lane: Lane) => void;
  /** Left by the life before and not read yet. */
  unread: Set<string>;
  logger: Logger;
  now: () => number;
}

interface Entry extends Told {
  bytes: number;
  /** Behind `bytes` something may be that was cut short. */
  cut: boolean;
  drafts: { draft: StatusDraft; done: () => void }[];
  /** Up to where it was delivered, as the file does not say yet. */
  mark: number | undefined;
  writing: Promise<void> | undefined;
}

const RETRY_MS = 1_000;

/**
 *  Each call's statuses in its file, one writer a call. What is told of is in the file before it is sent, so no
 *  sequence is ever given to two statuses.
 */
export function createJournal({ files, isWanted, onWritten, unread, logger, now }: JournalOptions): Journal {
  const calls = new Map<string, Entry>();
  const owners = new Map<string, Owner>();
  let stopped = false;
  let trouble: string | undefined;
  /** Whose files the disk refuses: one that it keeps refusing is no new trouble each time that it takes another. */
  const refused = new Set<Entry>();
  let unwritten = 0;

  const ownerOf = ({ organizationId, numberId }: Pick<CallFile, 'organizationId' | 'numberId'>): Owner => {
    const key = `${organizationId} ${numberId}`;
    const owner = owners.get(key) ?? { organizationId, numberId };
    owners.set(key, owner);
    return owner;
  };
  const entryOf = (callId: string): Entry => {
    const known = calls.get(callId);
    if (known !== undefined) return known;
    const entry: Entry = {
      callId,
      lane: undefined,
      ended: false,
      since: 0,
      doneAt: undefined,
      unasked: false,
      bytes: 0,
      cut: false,
      drafts: [],
      mark: undefined,
      writing: undefined,
    };
    calls.set(callId, entry);
    return entry;
  };
  const take = (entry: Entry, file: CallFile): void => {
    entry.lane = laneOf(entry.callId, ownerOf(file), file);
    entry.ended = file.ended;
    entry.since = file.since;
    entry.bytes = file.bytes;
    entry.cut = true;
    if (file.ended && file.delivered === file.told) entry.doneAt = now();
  };
  const readUp = async (entry: Entry): Promise<void> => {
    const text = await files.read(entry.callId);
    const file = text === undefined ? undefined : readCallFile(text);
    unread.delete(entry.callId);
    if (file !== undefined) return take(entry, file);
    entry.cut = true;
    if (entry.drafts.length === 0) await files.remove(entry.callId);
  };
  /**
   *  The lines of what is told and not written, in order; what nobody wants, and what comes after the end, is dropped.
   */
  const compose = (entry: Entry): { text: string; told: number; ended: boolean } => {
    const wanted = entry.lane === undefined ? entry.drafts.slice(firstOf(entry.drafts)) : entry.drafts;
    entry.lane ??= beginning(entry, wanted[0]?.draft);
    const state = { told: entry.lane?.told ?? 0, ended: entry.ended };
    let text = entry.mark === undefined ? '' : deliveredLine(entry.mark);
    for (const { draft } of entry.lane === undefined ? [] : wanted) {
      const next = nextLine(state, draft);
      if (next === undefined) continue;
      text += next.line;
      state.told += 1;
      state.ended = next.ended;
    }
    return { text, ...state };
  };
  const beginning = (entry: Entry, draft: StatusDraft | undefined): Lane | undefined => {
    if (draft === undefined) return undefined;
    const file = emptyFile(draft);
    const owner = ownerOf(file);
    const wanted = isWanted(owner);
    entry.unasked = wanted === 'not-known-yet';
    return wanted === false ? undefined : laneOf(entry.callId, owner, file);
  };
  const append = async (entry: Entry, text: string, durably: boolean): Promise<void> => {
    const at = { bytes: entry.bytes, cut: entry.cut };
    entry.cut = true;
    await files.write(entry.callId, text, at);
    // Until it is on disk it is not written: whoever tells of a call's end may forget the call then.
    if (durably) await files.sync(entry.callId);
    entry.cut = false;
    entry.bytes += Buffer.byteLength(text);
  };
  const write = async (entry: Entry): Promise<void> => {
    if (unread.has(entry.callId)) await readUp(entry);
    const {
      mark,
      drafts: { length: taken },
    } = entry;
    const { text, told, ended } = compose(entry);
    if (text !== '') await append(entry, text, ended && !entry.ended);
    refused.delete(entry);
    if (entry.mark === mark) entry.mark = undefined;
    if (entry.lane !== undefined) written(entry, entry.lane, { told, ended });
    unwritten -= taken;
    for (const { done } of entry.drafts.splice(0, taken)) done();
  };
  const written = (entry: Entry, lane: Lane, { told, ended }: { told: number; ended: boolean }): void => {
    if (told > lane.told && lane.told === lane.delivered) entry.since = now();
    entry.ended = ended;
    lane.told = told;
    if (ended && lane.delivered === told) entry.doneAt ??= now();
    onWritten(lane);
  };
  const writeAll = async (entry: Entry): Promise<void> => {
    do {
      try {
        await write(entry);
      } catch (error) {
        if (refused.size === 0) logger.error({ err: error }, 'call statuses cannot be written; trying again');
        refused.add(entry);
        trouble = `call statuses cannot be written: ${(error as NodeJS.ErrnoException).code ?? String(error)}`;
        if (stopped) return;
        await sleep(RETRY_MS);
      }
    } while (isLeft(entry));
  };
  const isLeft = (entry: Entry): boolean =>
    entry.drafts.length > 0 || entry.mark !== undefined || unread.has(entry.callId);
  const start = (entry: Entry): Promise<void> =>
    (entry.writing ??= writeAll(entry).finally(() => {
      entry.writing = undefined;
      // What came after the last look found a writer that was already leaving.
      if (!stopped && isLeft(entry)) void start(entry);
      else if (entry.lane === undefined && entry.drafts.length === 0) calls.delete(entry.callId);
    }));

  return {
    tell: (draft) =>
      new Promise((done) => {
        if (statusFileName(draft.call_id) === undefined) {
          logger.error("a status of a call without an id of FreeSWITCH's is not told");
          return done();
        }
        const entry = entryOf(draft.call_id);
        entry.drafts.push({ draft, done });
        unwritten += 1;
        void start(entry);
      }),
    load: (callId) => start(entryOf(callId)),
    next: async (lane) => {
      const text = await files.read(lane.callId);
      const status = text === undefined ? undefined : statusIn(text, lane.delivered + 1);
      const entry = calls.get(lane.callId);
      if (entry !== undefined && status !== undefined) entry.since = Date.parse(status.timestamp);
      return status;
    },
    delivered: (lane) => {
      const entry = calls.get(lane.callId);
      if (entry === undefined) return;
      entry.mark = lane.delivered;
      void start(entry);
    },
    calls,
    isBusy: (callId) => calls.get(callId)?.writing !== undefined,
    waitingToBeWritten: () => unwritten,
    waitingToBeRead: () => unread.size,
    trouble: () => (refused.size === 0 ? undefined : trouble),
    stop: async () => {
      stopped = true;
      await Promise.all([...calls.values()].map(({ writing }) => writing));
    },
  };
}

/** Where a call without a file begins; behind the last one where it does not. */
function firstOf(drafts: Entry['drafts']): number {
  const at = drafts.findIndex(({ draft }) => begins(draft));
  return at < 0 ? drafts.length : at;
}
