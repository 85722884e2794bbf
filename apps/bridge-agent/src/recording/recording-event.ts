import { createHash } from 'node:crypto';
import type { CallRecordingStored } from '@trunkmesh/contracts/call.js';
import type { CallParties } from '@trunkmesh/contracts/call-parties.js';
import type { CallRecording } from '@trunkmesh/contracts/call-parts.js';
import { callSubject } from '@trunkmesh/contracts/subjects.js';

/**
 * One per call: its id is derived from the call's (UUIDv8, RFC 9562 §5.8), so that a second publication is recognised.
 */
function eventId(callId: string): string {
  const bytes = createHash('sha256').update(`CallRecordingStored ${callId}`).digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

export function callRecordingStored(parties: CallParties, recording: CallRecording, at: Date): CallRecordingStored {
  return {
    specversion: '1.0',
    id: eventId(parties.call_id),
    source: `trunkmesh/bridge/${parties.bridge_id}`,
    type: 'CallRecordingStored',
    subject: callSubject(parties.organization_id ?? 'unknown', parties.call_id),
    time: at.toISOString(),
    datacontenttype: 'application/json',
    data: { ...parties, recording },
  };
}
