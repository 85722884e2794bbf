import { END_CALLS_DEADLINE_MS, type EndCallsRequest } from '@trunkmesh/contracts/call-control.js';
import { uuid } from '@trunkmesh/contracts/scalar.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { note } from '../live/call-story.js';
import { endConversation, type Conversation, type Conversations } from '../call/conversation.js';
import type { LiveCall } from '../live/live-calls.js';
import type { EventSocket } from '../live/call-search.net.js';
import type { LiveCalls } from '../live/live-calls.net.js';

export interface EndCallsPorts {
  conversations: Conversations;
  live: Pick<LiveCalls, 'unheldOf'>;
  eventSocket: EventSocket;
  logger: Logger;
}

/** `unconfirmed`: FreeSWITCH did not confirm the end in time. */
export interface EndedCalls {
  ended: number;
  unconfirmed: number;
}

/**
 * Ends all calls of the organisation on this host, with and without their own connection. Safe to repeat: a call that
 * is already ending is only waited for.
 */
export async function endCalls(request: EndCallsRequest, ports: EndCallsPorts): Promise<EndedCalls> {
  const { organization_id: organizationId, reason } = request;
  const { conversations, live, eventSocket, logger } = ports;
  const held = [...conversations.values()].filter(({ parties }) => parties.organization_id === organizationId);
  const outcomes = await Promise.all([
    ...held.map((conversation) => endHeld(conversation, reason)),
    ...live.unheldOf(organizationId).map((call) => endUnheld(call, reason, eventSocket)),
  ]);
  const ended = outcomes.filter((confirmed) => confirmed).length;
  const unconfirmed = outcomes.length - ended;
  const said = { organization_id: organizationId, reason, ended, unconfirmed };
  logger.info(said, "ended an organisation's calls on request");
  return { ended, unconfirmed };
}

type Reason = EndCallsRequest['reason'];

async function endHeld(conversation: Conversation, reason: Reason): Promise<boolean> {
  endConversation(conversation, reason, new Date());
  return (await conversation.channel.ended(END_CALLS_DEADLINE_MS)) !== undefined;
}

/**
 * Its hang-up arrives over the event socket (live/live-calls.net.ts), or FreeSWITCH reports that the call does not
 * exist.
 */
async function endUnheld({ started, story }: LiveCall, reason: Reason, esl: EventSocket): Promise<boolean> {
  const { call_id: callId } = started.data;
  // Checked because it comes from the disk and goes into a command.
  if (!uuid.safeParse(callId).success || !esl.connected) return false;
  if (story.intended === undefined) {
    story.intended = reason;
    note(story, new Date(), 'hang-up-requested', reason);
  }
  const reply = await esl.api('uuid_kill', `${callId} NORMAL_CLEARING`, END_CALLS_DEADLINE_MS);
  return reply.outcome === 'reply' && /^\+OK|^-ERR No such channel/i.test(reply.text.trim());
}
