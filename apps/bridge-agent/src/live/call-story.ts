import type { AudioEnd, AudioLog } from '@trunkmesh/contracts/audio.js';
import type { CallEndReason } from '@trunkmesh/contracts/call-end.js';
import type {
  CallRecording,
  CapturedInvite,
  PrewarmResult,
  TimelineEntry,
  TransferResult,
} from '@trunkmesh/contracts/call-parts.js';
import type { StoryPart } from '../call-record/story-part.js';
import type { HangupFacts } from './hangup-facts.js';

/**
 * What the agent knows of a call beside its events: gathered while it goes on, told in its last one. Of an agent that
 * dies, what was on disk by then is left.
 */
export interface CallStory {
  readonly invite: CapturedInvite | undefined;
  readonly timeline: TimelineEntry[];
  prewarm: PrewarmResult | null;
  audio: AudioLog | null;
  recording: CallRecording | null;
  /** The last one that was tried. */
  transfer: TransferResult | null;
  /**
   * Whether its answer was acknowledged by somebody who has received it; undefined: nobody looked. Lost with the
   * agent, so that such a call proves nothing.
   */
  acknowledged?: boolean;
  /** Why we told FreeSWITCH to end it; whether that is why it ended, its hang-up tells. */
  intended: CallEndReason | undefined;
}

/** As many as the contract has. */
const ENTRIES = 500;
/**
 * Of digits, pressed, sent or refused: a caller or an assistant may press more of them than anybody wants to read of,
 * and how the call ended shall still be there.
 */
const DIGIT_ENTRIES = 300;

export const createStory = (invite?: CapturedInvite): CallStory => ({
  invite,
  timeline: [],
  prewarm: null,
  audio: null,
  recording: null,
  transfer: null,
  intended: undefined,
});

/** `what` is a constant in kebab-case; `detail` has no digit that was pressed, no URL and no secret. */
export function note(story: CallStory, at: Date, what: string, detail: string | null = null): void {
  if (story.timeline.length < (what.startsWith('digit') ? DIGIT_ENTRIES : ENTRIES))
    story.timeline.push({ at: at.toISOString(), what, detail: detail?.slice(0, 500) ?? null });
}

/** What is new since the timeline had `from` entries; undefined: nothing. */
export function partSince(
  { timeline, prewarm, recording, transfer, intended }: CallStory,
  from: number,
): StoryPart | undefined {
  if (timeline.length <= from) return undefined;
  return {
    type: 'CallStory',
    timeline: timeline.slice(from),
    prewarm,
    recording,
    transfer,
    ...(intended === undefined ? {} : { intended }),
  };
}

/** The story that an agent's life before told up to its death. */
export function retold(parts: readonly StoryPart[], invite?: CapturedInvite): CallStory {
  const { prewarm = null, recording = null, transfer = null, intended } = parts.at(-1) ?? {};
  return {
    invite,
    timeline: parts.flatMap(({ timeline }) => timeline),
    prewarm,
    audio: null,
    recording,
    transfer,
    intended,
  };
}

/** For the last event of the call. */
export const told = ({ timeline, prewarm, audio }: CallStory) => ({ timeline, prewarm, audio });

const OF_AUDIO: Partial<Record<AudioEnd, CallEndReason>> = {
  'assistant-hung-up': 'assistant-hung-up',
  'media-stream-lost': 'media-stream-lost',
  'media-stream-unstable': 'media-stream-unstable',
};
export const endReasonOfAudio = (end: AudioEnd): CallEndReason => OF_AUDIO[end] ?? 'audio-failed';

/**
 * Why the call ended. Whoever was first counts: a caller's BYE that overtakes our own makes it the caller's, but one
 * that follows a transfer is the carrier's way to carry it out.
 */
export function endReasonOf(
  { intended }: Pick<CallStory, 'intended'>,
  hangup: Pick<HangupFacts, 'reconstructed' | 'hangup_disposition' | 'hangup_cause'>,
): CallEndReason {
  if (hangup.reconstructed) return 'unseen';
  if (intended === 'transferred') return 'transferred';
  if (hangup.hangup_disposition === 'recv_bye') return 'caller-hung-up';
  if (hangup.hangup_disposition === 'recv_cancel') return 'caller-gave-up';
  if (intended !== undefined) return intended;
  return hangup.hangup_cause === 'MEDIA_TIMEOUT' ? 'media-timeout' : 'switch-ended';
}
