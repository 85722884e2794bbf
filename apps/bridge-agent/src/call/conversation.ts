import type { CallEndReason } from '@trunkmesh/contracts/call-end.js';
import type { CallParties } from '@trunkmesh/contracts/call-parties.js';
import type { QualityCourse } from '@trunkmesh/contracts/call-parts.js';
import type { OrganizationState } from '@trunkmesh/contracts/organization.js';
import type { TrunkState } from '@trunkmesh/contracts/trunk.js';
import { note, type CallStory } from '../live/call-story.js';
import type { HangupFacts } from '../live/hangup-facts.js';

/** What a conversation needs from FreeSWITCH's channel (implemented in call-talk.net.ts). */
export interface Channel {
  hangUp(cause: string): void;
  execute(application: string, argument?: string): void;
  /** Undefined when it is not set or FreeSWITCH does not answer. */
  getVariable(name: string): Promise<string | undefined>;
  /** RTP packets received from the caller so far; undefined if FreeSWITCH does not report them. */
  packetsIn(callId: string): Promise<number | undefined>;
  /** Like `onEnd`, but called before it, for what the call record must contain. */
  beforeEnd(listener: (hangup: HangupFacts | undefined) => void): void;
  /**
   * Called once, with the hang-up, or with undefined if the connection ended first. Called at once if it has happened
   * already.
   */
  onEnd(listener: (hangup: HangupFacts | undefined) => void): void;
  /** The hang-up; undefined if the connection or the time ended first. */
  ended(withinMs: number): Promise<HangupFacts | undefined>;
}

/** The settings of the organisation and the call's trunk that limit Refer-To. */
export interface OutboundRules {
  organization: Pick<OrganizationState, 'outbound_country_codes'>;
  trunk: Pick<
    TrunkState,
    | 'id'
    | 'gateway_revision'
    | 'gateway'
    | 'from_domain'
    | 'default_country'
    | 'number_rules'
    | 'outbound_country_codes'
  >;
}

/** An admitted call, while this process holds it. */
export interface Conversation {
  readonly parties: CallParties & { organization_id: string };
  readonly channel: Channel;
  readonly story: CallStory;
  /** The permitted transfer targets; undefined if the trunk is not known here. */
  outboundRules(): OutboundRules | undefined;
  answered: boolean;
  /** Whether the call has an assistant, through this process. An echo does not need the process. */
  talking: boolean;
  transferring: boolean;
  /** Measures its audio, from when that is attached; null: nothing was measured yet. */
  quality?: { soFar(): QualityCourse | null; end(hangup: HangupFacts | undefined): QualityCourse | null };
  /** Why its assistant disconnected while the call was being transferred. */
  left?: CallEndReason;
}

/** By the call's id. */
export type Conversations = Map<string, Conversation>;

/** FreeSWITCH's cause for the BYE or the refusal that follows. */
const CAUSES: Partial<Record<CallEndReason, string>> = {
  'assistant-hung-up': 'NORMAL_CLEARING',
  'api-hung-up': 'NORMAL_CLEARING',
  canceled: 'ORIGINATOR_CANCEL',
  'organization-suspended': 'NORMAL_CLEARING',
  'max-duration-reached': 'ALLOTTED_TIMEOUT',
  transferred: 'BLIND_TRANSFER',
};

/**
 * Ends the call because the assistant is gone. During a transfer the call first waits for its outcome: an assistant may
 * close its stream as soon as it has asked for the transfer, and a BYE would cancel the REFER.
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
