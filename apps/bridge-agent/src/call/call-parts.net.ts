import type { BridgeIdentity } from '../bridge/bridge-identity.js';
import type { CallRecords } from '../call-record/call-records.fs.js';
import type { StatusOutbox } from '../customer/status-outbox.http.js';
import type { LiveCallTable } from '../live/live-call-table.js';
import type { LiveCalls } from '../live/live-calls.net.js';
import type { LiveCallsOptions } from '../live/live-calls-options.net.js';
import type { Recordings } from '../recording/recordings.fs.js';
import type { SipMessages } from '../sip-capture/sip-messages.net.js';
import type { Routing } from '../route/routing.js';
import type { AudioEngine } from '../audio/audio-engine.net.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { CanceledAhead } from './canceled-ahead.js';
import type { Conversations } from './conversation.js';

/** What is kept of calls, in memory and on disk. */
export interface KeptCalls {
  callRecords: CallRecords;
  /** At first the calls that the previous process left. */
  calls: LiveCallTable;
  recordings: Recordings;
  statuses: StatusOutbox;
}

/** Deadlines that tests shorten. */
export interface CallDeadlines {
  /** How long a call may wait for an agent that never takes it, before it is looked for; default 6 s. */
  orphanMs?: number;
  /** How long a transfer may take; default 30 s. */
  transferDeadlineMs?: number;
  /** How long another bridge may take to answer that it goes on with a call; default 5 s. */
  offerMs?: number;
  /** How long a call may wait for its ACK and prove something; default 40 s. */
  acknowledgedWithinMs?: number;
}

/** What every call of this host uses, inbound or outbound. */
export interface CallParts extends Routing, Pick<KeptCalls, 'callRecords' | 'recordings' | 'statuses'> {
  bridge: BridgeIdentity;
  live: LiveCalls;
  /** Calls with a connection of their own, and what may be asked of them. */
  conversations: Conversations;
  canceledAhead: CanceledAhead;
  engine: AudioEngine;
  /** Takes the SIP messages of a call. */
  sip: Pick<SipMessages, 'own'>;
  /** Reports a change of a call to its organisation. Never rejects. */
  tell: LiveCallsOptions['tell'];
  /** UUIDv7. */
  newId: () => string;
  logger: Logger;
}
