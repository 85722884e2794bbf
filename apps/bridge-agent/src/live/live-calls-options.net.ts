import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { CallStarted } from '@trunkmesh/contracts/call.js';
import type { CallRecords } from '../call-record/call-records.fs.js';
import type { StatusChange } from '../customer/call-status.js';
import type { LiveCallTable } from './live-call-table.js';

export interface LiveCallsOptions {
  /** With the calls of the previous process. */
  calls: LiveCallTable;
  callRecords: Pick<CallRecords, 'begin' | 'answered' | 'happened' | 'keep' | 'finish'> & {
    handed: Pick<CallRecords['handed'], 'keep'>;
  };
  bridgeId: string;
  newId: () => string;
  /** The call has ended, and its last event is being published; or another bridge goes on with it. */
  onEnded: (started: CallStarted) => void;
  /**
   * Reports each change of state, in order, and the last one before the call record is written: after a crash in
   * between it is reported again. Never rejects.
   */
  tell: (change: StatusChange) => Promise<void>;
  logger: Logger;
  now?: () => Date;
  lookMs?: number;
}
