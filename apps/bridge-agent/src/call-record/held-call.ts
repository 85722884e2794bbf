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
 * What the disk refused of a call, in the KV bucket `held-calls` under `heldCallKey`: the open call, and once it has
 * ended its record without a number. The agent alone writes and reads it.
 */
export const heldCall = z.object({
  /** Null: the call was refused at once, and only its record is held. */
  started: callStarted.nullable(),
  answered: callAnswered.nullable(),
  story: z.array(storyPart),
  draft: z.object({ final, earlier: z.array(callEvent) }).nullable(),
});
export type HeldCall = z.infer<typeof heldCall>;
