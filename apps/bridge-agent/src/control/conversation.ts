import type { CallEndReason } from '@trunkmesh/contracts/call-end.js';
import type { CallParties } from '@trunkmesh/contracts/call.js';
import { note, type CallStory } from '../live/call-story.js';
import type { HangupFacts } from '../live/hangup-facts.js';
import type { OutboundRules } from './transfer-target.js';

/** What a conversation needs of FreeSWITCH's channel (call-talk.net.ts has it). */
export interface Channel {
  hangUp(cause: string): void;
  execute(application: string, argument?: string): void;
  /** Undefined: not set, or FreeSWITCH does not answer. */
  getVariable(name: string): Promise<string | undefined>;
  /** RTP packets that came from the caller so far; undefined: FreeSWITCH does not say. */
  packetsIn(callId: string): Promise<number | undefined>;
  /** As `onEnd`, and before any of those: what the end's record has to have. */
  beforeEnd(listener: (hangup: HangupFacts | undefined) => void): void;
  /**
   * Called once, with the hang-up, or without where the connection ended before one came; at once if that has
   * happened.
   */
  onEnd(listener: (hangup: HangupFacts | undefined) => void): void;
  /** The hang-up, or undefined: the connection or the time ended first. */
  ended(withinMs: number): Promise<HangupFacts | undefined>;
}

/** A call that was let in, as long as this process holds it. */
export interface Conversation {
  readonly parties: CallParties & { organization_id: string };
  readonly channel: Channel;
  readonly story: CallStory;
  /** Where a transfer may lead to; undefined where the trunk is not known here. */
  outboundRules(): OutboundRules | undefined;
  answered: boolean;
  /** With an assistant, over this process. An echo needs nobody. */
  talking: boolean;
  transferring: boolean;
  /** Why its assistant went while it was being transferred. */
  left?: CallEndReason;
}

/** By the call's id. */
export type Conversations = Map<string, Conversation>;

/** FreeSWITCH's cause for the BYE or the refusal that follows. */
const CAUSES: Partial<Record<CallEndReason, string>> = {
  'assistant-hung-up': 'NORMAL_CLEARING',
  'api-hung-up': 'NORMAL_CLEARING',
  'organization-suspended': 'NORMAL_CLEARING',
  'max-duration-reached': 'ALLOTTED_TIMEOUT',
  transferred: 'BLIND_TRANSFER',
};

/**
 * The assistant is gone, and the call with it. One that is being transferred first learns what becomes of that: an
 * assistant may close its stream as soon as it has asked for the transfer, and a BYE would take the REFER back.
 */
export function leaveConversation(conversation: Conversation, reason: CallEndReason, now: Date): void {
  if (!conversation.transferring) return endConversation(conversation, reason, now);
  conversation.left ??= reason;
  note(conversation.story, now, 'assistant-gone', reason);
}

/** The first reason counts: what follows while FreeSWITCH hangs up is a consequence. */
export function endConversation(
  { channel, story }: Pick<Conversation, 'channel' | 'story'>,
  reason: CallEndReason,
  now: Date,
): void {
  if (story.intended !== undefined) return;
  story.intended = reason;
  note(story, now, 'hang-up-requested', reason);
  channel.hangUp(CAUSES[reason] ?? 'NORMAL_TEMPORARY_FAILURE');
}
