import type {
  CallAnswered,
  CallEnded,
  CallRecordingStored,
  CallRejected,
  CallStarted,
  CallTransferFailed,
  CallTransferred,
} from '@trunkmesh/contracts/call.js';
import { callSubject } from '@trunkmesh/contracts/subjects.js';

/** Call events as an agent writes them. Ids come from the arguments. */
export const ORG = '0190a5b2-7c00-7000-8000-00000000000a';
export const TRUNK = '0190a5b2-7c00-7000-8000-00000000000b';
export const EPOCH = '0190a5b2-7c00-7000-8000-00000000000c';

export const callId = (n: number) => `11111111-1111-4111-8111-${String(n).padStart(12, '0')}`;
const eventId = (kind: number, n: number) => `0190a5b2-7c00-7000-8${kind}00-${String(n).padStart(12, '0')}`;

const parties = (n: number) => ({
  call_id: callId(n),
  bridge_id: 'bridge-1',
  organization_id: ORG as string | null,
  trunk_id: TRUNK,
  number_id: null,
  direction: 'inbound' as const,
  from: '+15559876543',
  to: '+15551234567',
  sip_call_id: `${n}@192.0.2.9`,
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

export const callStarted = (n: number): CallStarted => ({
  ...envelope(n),
  id: eventId(1, n),
  type: 'CallStarted',
  data: { ...parties(n), decision: null, decided_at: 'routing-service', target: { kind: 'assistant', id: 7 } },
});

export const callAnswered = (n: number): CallAnswered => ({
  ...envelope(n),
  id: eventId(2, n),
  type: 'CallAnswered',
  data: { ...parties(n), answered_at: '2026-11-23T00:44:09.931Z', codec: 'PCMU' },
});

export const callEnded = (
  n: number,
  numbered: { epoch?: string; number?: number; bridge?: string } = {},
): CallEnded => ({
  ...envelope(n),
  id: eventId(3, n),
  type: 'CallEnded',
  data: {
    ...parties(n),
    bridge_id: numbered.bridge ?? 'bridge-1',
    bridge_epoch: numbered.epoch ?? EPOCH,
    record_number: numbered.number ?? n,
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
});

export const callRejected = (n: number): CallRejected => ({
  ...envelope(n),
  id: eventId(4, n),
  type: 'CallRejected',
  data: {
    ...parties(n),
    bridge_epoch: EPOCH,
    record_number: n,
    decision: null,
    decided_at: 'local',
    reason: 'unknown-number',
    sip_status: 404,
    ended_at: '2026-11-23T00:44:10.000Z',
  },
});

const transfer = {
  target: 'sip:+15551112222@192.0.2.9',
  refer_status: 202,
  requested_at: '2026-11-23T00:44:11.000Z',
  ended_at: '2026-11-23T00:44:13.000Z',
};

export const callTransferred = (n: number): CallTransferred => ({
  ...envelope(n),
  id: eventId(5, n),
  type: 'CallTransferred',
  data: { ...parties(n), transfer: { ...transfer, outcome: 'transferred', target_status: 200 } },
});

export const callTransferFailed = (n: number): CallTransferFailed => ({
  ...envelope(n),
  id: eventId(6, n),
  type: 'CallTransferFailed',
  data: { ...parties(n), transfer: { ...transfer, outcome: 'refused', target_status: 486 } },
});

export const callRecordingStored = (n: number): CallRecordingStored => ({
  ...envelope(n),
  id: eventId(7, n),
  type: 'CallRecordingStored',
  time: '2026-11-23T00:44:20.000Z',
  data: {
    ...parties(n),
    recording: {
      state: 'stored',
      location: `s3://recordings/${callId(n)}.wav`,
      bytes: 64_364,
      duration_ms: 4020,
      detail: null,
    },
  },
});
