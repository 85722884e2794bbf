import type { CallDetail } from '@trunkmesh/contracts/call-log.js';
import { callSid } from '@trunkmesh/contracts/call-control.js';
import { z } from 'zod';

/** How a client finds the recording of a call. */
export const recordingNames = z.object({
  recording_id: z
    .string()
    .nullable()
    .describe('The recording: `RE` and 32 hexadecimal digits; null where the call has none.'),
  recording_url: z
    .string()
    .nullable()
    .describe(
      'Path at which the recording is played: 202 while it is not stored yet. Null where the call has none, or ' +
        'recording failed.',
    ),
});

/** A call has at most one recording; its name is made of the call's. */
export const recordingId = (callId: string): string => callSid(callId).replace(/^CA/, 'RE');

export function recordingNamesOf({ call_id, recording }: CallDetail): z.infer<typeof recordingNames> {
  if (recording === null) return { recording_id: null, recording_url: null };
  const id = recordingId(call_id);
  const path = `/api/v1/calls/${callSid(call_id)}/recording/${id}/play`;
  return { recording_id: id, recording_url: recording.state === 'failed' ? null : path };
}
