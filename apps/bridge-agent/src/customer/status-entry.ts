import type { StatusDraft } from './call-status.js';
import { begins, type Elsewhere } from './status-file.js';
import type { Lane } from './status-lane.js';

/** What is held in memory of a call with a file, without its statuses. */
export interface ReportedCall {
  readonly callId: string;
  /** Undefined if its file is not read or not started yet. */
  lane: Lane | undefined;
  ended: boolean;
  /** The time of the first waiting status. */
  since: number;
  /** When the last status of an ended call was delivered, in the time of this process. */
  doneAt: number | undefined;
  /** Whether its endpoint was still unknown when it started. */
  unasked: boolean;
}

/** A call's state for the writer of its file. */
export interface Entry extends ReportedCall {
  bytes: number;
  /** A truncated line may follow after `bytes`. */
  cut: boolean;
  drafts: { draft: StatusDraft | Elsewhere; done: () => void }[];
  /** The delivered sequence that is not in the file yet. */
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

/** The first sequence number of a call without a file. */
export function firstOf(drafts: Entry['drafts']): number {
  const at = drafts.findIndex(({ draft }) => begins(draft));
  return at < 0 ? drafts.length : at;
}
