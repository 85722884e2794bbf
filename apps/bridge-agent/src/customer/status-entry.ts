import type { StatusDraft } from './call-status.js';
import { begins } from './status-file.js';
import type { Lane } from './status-lane.js';

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

/** A call as the writer of its file knows it. */
export interface Entry extends Told {
  bytes: number;
  /** Behind `bytes` something may be that was cut short. */
  cut: boolean;
  drafts: { draft: StatusDraft; done: () => void }[];
  /** Up to where it was delivered, as the file does not say yet. */
  mark: number | undefined;
  writing: Promise<void> | undefined;
}

export const emptyEntry = (callId: string): Entry => ({
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
});

/** Where a call without a file begins; behind the last one where it does not. */
export function firstOf(drafts: Entry['drafts']): number {
  const at = drafts.findIndex(({ draft }) => begins(draft));
  return at < 0 ? drafts.length : at;
}
