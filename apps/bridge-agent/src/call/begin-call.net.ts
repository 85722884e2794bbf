import type { CallStarted } from '@trunkmesh/contracts/call.js';
import { partiesOfStarted } from '../live/call-events.js';
import { createStory, type CallStory } from '../live/call-story.js';
import { epochMicroseconds } from '../live/switch-times.js';
import type { CallParts } from './call-parts.net.js';
import type { Talk } from './call-talk.net.js';
import type { Channel, Conversation } from './conversation.js';

export interface BeginningCall {
  started: CallStarted;
  organizationId: string;
  /** What another bridge did for it. */
  continued?: Pick<CallStory, 'timeline' | 'attempts'>;
  /** The trunk that the call uses now. */
  trunkId: () => string;
}

export interface BegunCall {
  conversation: Conversation;
  /** False: neither the disk nor JetStream can record the call, so it must not be answered. */
  recordable: Promise<boolean>;
}

/** From here to its end the call is in the call records, in the live calls and within reach of call control. */
export function beginCall(
  { started, organizationId, continued, trunkId }: BeginningCall,
  talk: Channel & Pick<Talk, 'onAnswered'>,
  { live, local, conversations, logger }: Pick<CallParts, 'live' | 'local' | 'conversations' | 'logger'>,
): BegunCall {
  const { call_id: callId } = started.data;
  const conversation: Conversation = {
    parties: { ...partiesOfStarted(started), organization_id: organizationId },
    channel: talk,
    story: { ...createStory(), ...continued },
    outboundRules: () => local.outboundRulesOf(organizationId, trunkId()),
    answered: false,
    talking: false,
    transferring: false,
  };
  conversations.set(callId, conversation);
  const recordable = live.begin(started, conversation.story, continued !== undefined).then(
    () => true,
    (error: unknown) => {
      logger.error({ err: error, call_id: callId }, 'rejected a call: neither the disk nor JetStream can record it');
      return false;
    },
  );
  talk.onAnswered(({ headers }) => {
    conversation.answered = true;
    live.answered(
      callId,
      epochMicroseconds(headers.get('Caller-Channel-Answered-Time')) ?? new Date(),
      headers.get('variable_read_codec')?.slice(0, 64) ?? null,
    );
  });
  talk.onEnd((hangup) => {
    conversations.delete(callId);
    if (hangup === undefined) live.lost(callId, new Date());
    else live.ended(callId, hangup);
  });
  return { conversation, recordable };
}
