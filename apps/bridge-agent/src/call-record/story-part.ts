import type { CallEndReason } from '@trunkmesh/contracts/call-end.js';
import type {
  CallAttempt,
  CallRecording,
  PrewarmResult,
  TimelineEntry,
  TransferResult,
} from '@trunkmesh/contracts/call-parts.js';

/**
 * The part of a call's story that is written to disk during the call: the new timeline entries and the current value of
 * the rest. It has neither the INVITE, which is in CallStarted, nor the audio log, which is made at the end.
 */
export interface StoryPart {
  type: 'CallStory';
  timeline: TimelineEntry[];
  prewarm: PrewarmResult | null;
  recording: CallRecording | null;
  transfer: TransferResult | null;
  attempts?: CallAttempt[];
  trunk_id?: string;
  intended?: CallEndReason;
  /** Another bridge was asked to go on with the call, and has not answered yet. */
  offered_to?: string;
}
