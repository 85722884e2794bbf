import type { CallAnswered, CallStarted } from '@trunkmesh/contracts/call.js';
import { callSubject } from '@trunkmesh/contracts/subjects.js';
import type { CallRecordDraft } from './call-record-file.js';

/** For tests: calls by a number. */
export const ORG = '0190a5b2-7c00-7000-8000-00000000000a';
export const callId = (n: number) => `11111111-1111-4111-8111-${String(n).padStart(12, '0')}`;
const eventId = (kind: number, n: number) => `0190a5b2-7c00-7000-8${kind}00-${String(n).padStart(12, '0')}`;

const parties = (n: number) => ({
  call_id: callId(n),
  bridge_id: 'bridge-1',
  organization_id: ORG,
  trunk_id: null,
  number_id: null,
  direction: 'inbound' as const,
  from: '+15559876543',
  to: '+15551234567',
  sip_call_id: null,
  source_address: '192.0.2.9',
  started_at: '2026-11-23T00:44:09.871Z',
});
const envelope = (n: number) => ({
  specversion: '1.0' as const,
  source: 'trunkmesh/bridge/bridge-1',
  subject: callSubject(ORG, callId(n)),
  time: '2026-11-23T00:44:13.951Z',
  datacontenttype: 'application/json' as const,
});

export const started = (n: number): CallStarted => ({
  ...envelope(n),
  id: eventId(1, n),
  type: 'CallStarted',
  data: { ...parties(n), decision: null, decided_at: 'local', target: { kind: 'assistant', id: 7 } },
});

export const answered = (n: number): CallAnswered => ({
  ...envelope(n),
  id: eventId(2, n),
  type: 'CallAnswered',
  data: { ...parties(n), answered_at: '2026-11-23T00:44:09.931Z', codec: 'PCMU' },
});

export const ended = (n: number, earlier: CallRecordDraft['earlier'] = []): CallRecordDraft => ({
  earlier,
  final: {
    ...envelope(n),
    id: eventId(3, n),
    type: 'CallEnded',
    data: {
      ...parties(n),
      answered_at: '2026-11-23T00:44:09.931Z',
      ended_at: '2026-11-23T00:44:13.951Z',
      billable_ms: 4020,
      hangup_cause: 'NORMAL_CLEARING',
      q850: 16,
      sip_status: 200,
      hangup_disposition: 'recv_bye',
      codec: 'PCMU',
      quality: null,
      target: { kind: 'assistant', id: 7 },
      reconstructed: false,
    },
  },
});
