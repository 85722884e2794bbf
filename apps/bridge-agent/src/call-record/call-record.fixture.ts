import type { CallAnswered, CallStarted } from '@trunkmesh/contracts/call.js';
import { callAnswered, callEnded, callStarted } from '@trunkmesh/testkit/call-events.js';
import type { CallRecordDraft } from './call-record-file.js';

/** Calls by a number, decided by the agent. Without a trunk, so that no trunk's channels are counted. */
const NO_TRUNK = { trunk_id: null, sip_call_id: null };

export const started = (n: number): CallStarted => {
  const event = callStarted(n);
  return { ...event, data: { ...event.data, ...NO_TRUNK, decided_at: 'local' } };
};

export const answered = (n: number): CallAnswered => {
  const event = callAnswered(n);
  return { ...event, data: { ...event.data, ...NO_TRUNK } };
};

/** Not numbered yet. */
export const ended = (n: number, earlier: CallRecordDraft['earlier'] = []): CallRecordDraft => {
  const { data, ...event } = callEnded(n);
  const { bridge_epoch: _epoch, record_number: _number, ...unnumbered } = data;
  return { earlier, final: { ...event, data: { ...unnumbered, ...NO_TRUNK } } };
};
