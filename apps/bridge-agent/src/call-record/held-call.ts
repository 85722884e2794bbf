import { callEndReason } from '@trunkmesh/contracts/call-end.js';
import { callAnswered, callEnded, callEvent, callRejected, callStarted } from '@trunkmesh/contracts/call.js';
import { callRecording, prewarmResult, timelineEntry, transferResult } from '@trunkmesh/contracts/call-parts.js';
import { z } from 'zod';

const storyPart = z.object({
  type: z.literal('CallStory'),
  timeline: z.array(timelineEntry),
  prewarm: prewarmResult.nullable(),
  recording: callRecording.nullable(),
  transfer: transferResult.nullable(),
  intended: callEndReason.optional(),
});

const NUMBERING = { bridge_epoch: true, record_number: true } as const;
const final = z.discriminatedUnion('type', [
  callEnded.extend({ data: callEnded.shape.data.omit(NUMBERING) }),
  callRejected.extend({ data: callRejected.shape.data.omit(NUMBERING) }),
]);

/**
 * A call that could not be written to disk, in the KV bucket `held-calls` under `heldCallKey`: the open call and, after
 * its end, its call record without a number. Only the agent writes and reads it.
 */
export const heldCall = z.object({
  /** Null if the call was refused at once; then only its call record is held. */
  started: callStarted.nullable(),
  answered: callAnswered.nullable(),
  story: z.array(storyPart),
  draft: z.object({ final, earlier: z.array(callEvent) }).nullable(),
});
export type HeldCall = z.infer<typeof heldCall>;
