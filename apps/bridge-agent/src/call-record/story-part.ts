import type { CallEndReason } from '@trunkmesh/contracts/call-end.js';
import type { CallRecording, PrewarmResult, TimelineEntry, TransferResult } from '@trunkmesh/contracts/call-parts.js';

/**
 * What of a call's story goes to disk while the call goes on: what is new in its timeline since the part before, and
 * the rest as it is then. Not the INVITE, which CallStarted has, and not the audio log, which is made at the end.
 */
export interface StoryPart {
  type: 'CallStory';
  timeline: TimelineEntry[];
  prewarm: PrewarmResult | null;
  recording: CallRecording | null;
  transfer: TransferResult | null;
  intended?: CallEndReason;
}
