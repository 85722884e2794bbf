import type { AudioEnd, AudioLog } from '@trunkmesh/contracts/audio.js';
import type { CallParties } from '@trunkmesh/contracts/call-parties.js';
import type { CallEndReason } from '@trunkmesh/contracts/call-end.js';
import type {
  CallAttempt,
  CallRecording,
  CapturedInvite,
  PrewarmResult,
  QualityCourse,
  TimelineEntry,
  TransferResult,
} from '@trunkmesh/contracts/call-parts.js';
import type { TimelineStep } from '@trunkmesh/contracts/timeline-step.js';
import type { StoryPart } from '../call-record/story-part.js';
import type { HangupFacts } from './hangup-facts.js';

/**
 * What the agent knows of a call besides its events: collected during the call, published in its last event. If the
 * agent crashes, the part on disk remains.
 */
export interface CallStory {
  readonly invite: CapturedInvite | undefined;
  readonly timeline: TimelineEntry[];
  prewarm: PrewarmResult | null;
  audio: AudioLog | null;
  /** Null until the call has ended, and where there was nothing to measure. */
  qualityCourse: QualityCourse | null;
  recording: CallRecording | null;
  /** The last one that was tried. */
  transfer: TransferResult | null;
  /**
   * Whether the answer was acknowledged by its receiver; undefined if that was not checked. It is lost when the agent
   * exits, so that such a call is no evidence.
   */
  acknowledged?: boolean;
  /** Of an outbound call, in order. */
  attempts: CallAttempt[] | undefined;
  /** The trunk of an outbound call's latest attempt; undefined: that of CallStarted. */
  trunkId: string | undefined;
  /** The bridge that was asked to go on with the call and has not answered. */
  offeredTo?: string | undefined;
  /** Why we asked FreeSWITCH to end it; the hang-up shows whether that is why it ended. */
  intended: CallEndReason | undefined;
}

/** As many as the contract has. */
const MAX_ENTRIES = 500;
/**
 * The limit for digits, pressed, sent or refused: there may be very many, and the timeline must still have room for the
 * call's end.
 */
const MAX_DIGIT_ENTRIES = 300;

export const createStory = (invite?: CapturedInvite): CallStory => ({
  invite,
  timeline: [],
  prewarm: null,
  audio: null,
  qualityCourse: null,
  recording: null,
  transfer: null,
  attempts: undefined,
  trunkId: undefined,
  intended: undefined,
});

/** `detail` has no digit that was pressed, no URL and no secret. */
export function note(story: CallStory, at: Date, what: TimelineStep, detail: string | null = null): void {
  if (story.timeline.length < (what.startsWith('digit') ? MAX_DIGIT_ENTRIES : MAX_ENTRIES))
    story.timeline.push({ at: at.toISOString(), what, detail: detail?.slice(0, 500) ?? null });
}

/** What is new since the timeline had `from` entries; undefined if nothing is. */
export function partSince(
  { timeline, prewarm, recording, transfer, attempts, trunkId, offeredTo, intended }: CallStory,
  from: number,
): StoryPart | undefined {
  if (timeline.length <= from) return undefined;
  return {
    type: 'CallStory',
    timeline: timeline.slice(from),
    prewarm,
    recording,
    transfer,
    ...(attempts === undefined ? {} : { attempts: [...attempts] }),
    ...(trunkId === undefined ? {} : { trunk_id: trunkId }),
    ...(offeredTo === undefined ? {} : { offered_to: offeredTo }),
    ...(intended === undefined ? {} : { intended }),
  };
}

/** The story that the previous process wrote before it exited. */
export function retold(parts: readonly StoryPart[], invite?: CapturedInvite): CallStory {
  const { prewarm = null, recording = null, transfer = null, attempts, trunk_id, intended } = parts.at(-1) ?? {};
  return {
    invite,
    timeline: parts.flatMap(({ timeline }) => timeline),
    prewarm,
    audio: null,
    qualityCourse: null,
    recording,
    transfer,
    attempts,
    trunkId: trunk_id,
    intended,
  };
}

/** For the last event of the call. */
export const told = ({ timeline, prewarm, audio, attempts }: CallStory) => ({
  timeline,
  prewarm,
  audio,
  ...(attempts === undefined ? {} : { attempts }),
});

const OF_AUDIO: Partial<Record<AudioEnd, CallEndReason>> = {
  'assistant-hung-up': 'assistant-hung-up',
  'media-stream-lost': 'media-stream-lost',
  'media-stream-unstable': 'media-stream-unstable',
};
export const endReasonOfAudio = (end: AudioEnd): CallEndReason => OF_AUDIO[end] ?? 'audio-failed';

/**
 * Why the call ended. The first cause counts: a caller's BYE that overtakes our own makes it the caller's, but a BYE
 * after a transfer is part of the transfer.
 */
export function endReasonOf(
  { intended }: Pick<CallStory, 'intended'>,
  hangup: Pick<HangupFacts, 'answeredAt' | 'reconstructed' | 'hangup_disposition' | 'hangup_cause'>,
  direction: CallParties['direction'],
): CallEndReason {
  // Its hang-up was requested, and then the agent was killed: the channel is gone for that reason.
  if (hangup.reconstructed) return intended === 'canceled' && hangup.answeredAt === null ? intended : 'unseen';
  if (intended === 'transferred') return 'transferred';
  if (hangup.hangup_disposition === 'recv_bye')
    return direction === 'inbound' ? 'caller-hung-up' : 'called-party-hung-up';
  if (hangup.hangup_disposition === 'recv_cancel') return 'caller-gave-up';
  if (intended !== undefined) return intended;
  return hangup.hangup_cause === 'MEDIA_TIMEOUT' ? 'media-timeout' : 'switch-ended';
}
