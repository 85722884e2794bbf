import type { AudioEnd, AudioLog } from '@trunkmesh/contracts/audio.js';
import type { CallEndReason, CallRecording, CapturedInvite, PrewarmResult, TimelineEntry, TransferResult } from '@trunkmesh/contracts/call.js';
import type { HangupFacts } from './hangup-facts.js';

/** What the agent knows of a call beside its events: gathered while it goes on, told in its last one. Gone with an agent that dies. */
export interface CallStory {
  readonly invite: CapturedInvite | undefined;
  readonly timeline: TimelineEntry[];
  prewarm: PrewarmResult | null;
  audio: AudioLog | null;
  recording: CallRecording | null;
  /** The last one that was tried. */
  transfer: TransferResult | null;
  /** Why we told FreeSWITCH to end it; whether that is why it ended, its hang-up tells. */
  intended: CallEndReason | undefined;
}

/** As many as the contract has; an assistant may press more digits than anybody wants to read of. */
const ENTRIES = 500;

export const createStory = (invite?: CapturedInvite): CallStory => ({ invite, timeline: [], prewarm: null, audio: null, recording: null, transfer: null, intended: undefined });

/** `what` is a constant in kebab-case; `detail` has no digit that was pressed, no URL and no secret. */
export function note(story: CallStory, at: Date, what: string, detail: string | null = null): void {
  if (story.timeline.length < ENTRIES) story.timeline.push({ at: at.toISOString(), what, detail: detail?.slice(0, 500) ?? null });
}

/** For the last event of the call. */
export const told = ({ timeline, prewarm, audio }: CallStory) => ({ timeline, prewarm, audio });

const OF_AUDIO: Partial<Record<AudioEnd, CallEndReason>> = {
  'assistant-hung-up': 'assistant-hung-up', 'media-stream-lost': 'media-stream-lost', 'media-stream-unstable': 'media-stream-unstable',
};
export const endReasonOfAudio = (end: AudioEnd): CallEndReason => OF_AUDIO[end] ?? 'audio-failed';

/** Why the call ended. Whoever was first counts: a caller's BYE that overtakes our own makes it the caller's, but one that follows a transfer is the carrier's way to carry it out. */
export function endReasonOf({ intended }: Pick<CallStory, 'intended'>, hangup: Pick<HangupFacts, 'reconstructed' | 'hangup_disposition' | 'hangup_cause'>): CallEndReason {
  if (hangup.reconstructed) return 'unseen';
  if (intended === 'transferred') return 'transferred';
  if (hangup.hangup_disposition === 'recv_bye') return 'caller-hung-up';
  if (hangup.hangup_disposition === 'recv_cancel') return 'caller-gave-up';
  if (intended !== undefined) return intended;
  return hangup.hangup_cause === 'MEDIA_TIMEOUT' ? 'media-timeout' : 'switch-ended';
}
