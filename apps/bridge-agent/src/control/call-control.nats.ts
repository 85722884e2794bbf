import type { Msg, Subscription } from '@nats-io/nats-core';
import {
  dtmfRequest,
  endCallsRequest,
  hangupRequest,
  transferRequest,
  type CallControlAnswer,
  type CallControlRefusal,
  type ControlRefused,
  type EndCallsAnswer,
  type TransferAnswer,
} from '@trunkmesh/contracts/call-control.js';
import { bridgeRequest, type BridgeRequest } from '@trunkmesh/contracts/subjects.js';
import { gatewayName } from '@trunkmesh/contracts/trunk.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { withSpan } from '@trunkmesh/runtime/trace.otel.js';
import type { z } from 'zod';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import { note } from '../live/call-story.js';
import { endConversation, type Conversation, type Conversations } from './conversation.js';
import { endCalls } from './end-calls.net.js';
import type { EventSocket, LiveCalls } from '../live/live-calls.net.js';
import { transferTarget } from './transfer-target.js';
import { transfer } from './transfer.net.js';

export interface CallControlOptions {
  bridgeId: string;
  link: NatsLink;
  conversations: Conversations;
  live: Pick<LiveCalls, 'transferring' | 'transferEnded' | 'unheldOf'>;
  /** FreeSWITCH's event socket; undefined while it is disconnected. */
  eventSocket: () => EventSocket | undefined;
  transferDeadlineMs?: number;
  logger: Logger;
}

const refused = (code: CallControlRefusal, message: string): ControlRefused => ({ outcome: 'refused', code, message });

/** Serves the API's requests to this bridge: hang-up, digits and transfers. Every request is answered. */
export function serveCallControl(options: CallControlOptions): { stop(): void } {
  const { bridgeId, link, conversations, logger } = options;
  const subscriptions: Subscription[] = [];

  type Answer = CallControlAnswer | TransferAnswer | EndCallsAnswer;
  const answering = (request: BridgeRequest, answer: (message: Msg) => Promise<Answer>) => {
    const failed = (error: unknown): ControlRefused => {
      logger.error({ err: error, request }, 'cannot carry out a call-control request');
      return refused('switch-unavailable', 'The bridge could not carry out the request.');
    };
    const unsent = (error: unknown): void => {
      logger.error({ err: error, request }, 'cannot send the reply to a call-control request');
    };
    return (message: Msg): void => {
      answer(message)
        .catch(failed)
        .then((reply) => {
          message.respond(JSON.stringify(reply));
        })
        .catch(unsent);
    };
  };

  const serve = <Schema extends z.ZodType<{ call_id: string; organization_id: string }>>(
    request: BridgeRequest,
    schema: Schema,
    carryOut: (conversation: Conversation, asked: z.infer<Schema>) => CallControlAnswer | Promise<TransferAnswer>,
  ) => {
    const answer = async (message: Msg): Promise<CallControlAnswer | TransferAnswer> => {
      const asked = schema.safeParse(json(message));
      if (!asked.success) return unreadable(asked.error);
      const conversation = conversations.get(asked.data.call_id);
      // A call of another organisation counts as not found.
      if (conversation === undefined || conversation.parties.organization_id !== asked.data.organization_id)
        return refused('call-not-found', 'This call is not on this bridge, or has ended.');
      return withSpan(`call ${request}`, { kind: 'server', attributes: { 'call.id': asked.data.call_id } }, async () =>
        carryOut(conversation, asked.data),
      );
    };
    return answering(request, answer);
  };
  const endAll = async (message: Msg): Promise<EndCallsAnswer> => {
    const asked = endCallsRequest.safeParse(json(message));
    if (!asked.success) return unreadable(asked.error);
    const attributes = { 'organization.id': asked.data.organization_id };
    const end = async (): Promise<EndCallsAnswer> => ({ outcome: 'done', ...(await endCalls(asked.data, options)) });
    return withSpan('call calls.end', { kind: 'server', attributes }, end);
  };
  const services: [BridgeRequest, (message: Msg) => void][] = [
    ['call.hangup', serve('call.hangup', hangupRequest, hangUp)],
    ['call.dtmf', serve('call.dtmf', dtmfRequest, (conversation, { digits }) => sendDigits(conversation, digits))],
    ['calls.end', answering('calls.end', endAll)],
    [
      'call.transfer',
      serve('call.transfer', transferRequest, (conversation, { to }) => startTransfer(conversation, to, options)),
    ],
  ];
  link.onConnected((nc) => {
    // Subscribe once: subscriptions survive reconnects.
    if (subscriptions.length > 0) return;
    for (const [request, callback] of services) {
      subscriptions.push(
        nc.subscribe(bridgeRequest(bridgeId, request), {
          // An error comes without a message: this bridge lacks permissions in NATS.
          callback: (error, message) =>
            error === null
              ? callback(message)
              : logger.error({ err: error, request }, 'cannot subscribe to call-control requests'),
        }),
      );
    }
  });
  return {
    stop: () => {
      for (const subscription of subscriptions) subscription.unsubscribe();
    },
  };
}

const unreadable = ({ issues }: z.ZodError): ControlRefused =>
  refused('invalid-request', `The request cannot be read: ${issues[0]?.message ?? ''}.`);

function json(message: Msg): unknown {
  try {
    return message.json();
  } catch {
    return undefined;
  }
}

function hangUp(conversation: Conversation): CallControlAnswer {
  endConversation(conversation, 'api-hung-up', new Date());
  return { outcome: 'done' };
}

function sendDigits({ answered, channel, story }: Conversation, digits: string): CallControlAnswer {
  if (!answered) return refused('call-not-answered', 'The call is not answered yet: digits cannot be sent.');
  channel.execute('send_dtmf', digits);
  note(story, new Date(), 'digits-sent', `${digits.length}`);
  return { outcome: 'done' };
}

async function startTransfer(
  conversation: Conversation,
  to: string,
  { live, conversations, transferDeadlineMs }: CallControlOptions,
): Promise<TransferAnswer> {
  const { call_id: callId } = conversation.parties;
  if (!conversation.answered)
    return refused('call-not-answered', 'The call is not answered yet: it cannot be transferred.');
  if (conversation.transferring)
    return refused('transfer-in-progress', 'A transfer of this call is in progress: wait for its outcome.');
  const rules = conversation.outboundRules();
  if (rules === undefined)
    return refused('switch-unavailable', "The bridge does not know the call's trunk yet. Nothing was done; try again.");
  const target = transferTarget(to, rules);
  if ('refused' in target) return refused(target.refused, target.message);
  conversation.transferring = true;
  try {
    live.transferring(callId, new Date());
    const result = await transfer(conversation, target.uri, {
      gateway: gatewayName(rules.trunk),
      onOutcome: (ended) => {
        live.transferEnded(callId, ended);
      },
      deadlineMs: transferDeadlineMs,
    });
    return { outcome: 'ended', transfer: result };
  } finally {
    conversation.transferring = false;
    if (conversation.left !== undefined && conversations.has(callId))
      endConversation(conversation, conversation.left, new Date());
  }
}
