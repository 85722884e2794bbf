import { Catch, Controller, Inject, Injectable, UseFilters, UsePipes } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { trace } from '@opentelemetry/api';
import {
  dtmfRequest,
  endCallsRequest,
  hangupRequest,
  qualityRequest,
  transferRequest,
  type CallControlAnswer,
  type CallControlRefusal,
  type ControlRefused,
  type DtmfRequest,
  type EndCallsAnswer,
  type EndCallsRequest,
  type HangupRequest,
  type QualityAnswer,
  type QualityRequest,
  type TransferAnswer,
  type TransferRequest,
} from '@trunkmesh/contracts/call-control.js';
import type { BridgeRequest } from '@trunkmesh/contracts/subjects.js';
import { gatewayName } from '@trunkmesh/contracts/trunk.js';
import { CodedRefusalFilter } from '@trunkmesh/requests/refusal.filter.js';
import { RequestPipe } from '@trunkmesh/requests/request.pipe.js';
import { note } from '../live/call-story.js';
import { CALL_CONTROL } from '../tokens.js';
import type { LiveCalls } from '../live/live-calls.net.js';
import type { CanceledAhead } from '../call/canceled-ahead.js';
import { endConversation, type Conversation } from '../call/conversation.js';
import { endCalls, type EndCallsPorts } from './end-calls.net.js';
import { transferTarget } from './transfer-target.js';
import { transfer } from './transfer.net.js';

/** What requests about calls need of this host's calls. */
export interface CallControlPorts extends EndCallsPorts {
  live: Pick<LiveCalls, 'noted' | 'reached' | 'transferEnded' | 'unheldOf'>;
  canceledAhead: Pick<CanceledAhead, 'note'>;
  transferDeadlineMs?: number | undefined;
}

const refused = (code: CallControlRefusal, message: string): ControlRefused => ({ outcome: 'refused', code, message });

@Injectable()
@Catch()
class CallControlRefusals extends CodedRefusalFilter<CallControlRefusal> {
  constructor(@Inject(CALL_CONTROL) { logger }: CallControlPorts) {
    super({
      logger,
      what: 'cannot carry out a call-control request',
      code: 'switch-unavailable',
      message: 'The bridge could not carry out the request.',
    });
  }
}

/** The subject of each is `bridgeRequest(bridge, request)`; the span's name says which request it is. */
const About = (request: BridgeRequest): MethodDecorator => MessagePattern(request, { span: `call ${request}` });

/**
 * Hang-up, digits, transfers, the quality so far and the end of an organisation's calls: requests to this bridge. Each
 * is answered.
 */
@Controller()
@UsePipes(RequestPipe)
@UseFilters(CallControlRefusals)
export class CallControlController {
  constructor(@Inject(CALL_CONTROL) private readonly ports: CallControlPorts) {}

  @About('call.hangup')
  async hangUp(@Payload({ schema: hangupRequest }) request: HangupRequest): Promise<CallControlAnswer> {
    const conversation = this.conversationOf(request);
    if (conversation === undefined) {
      if (request.in_advance === true) this.ports.canceledAhead.note(request, Date.now());
      return NOT_HERE;
    }
    const { answered, parties } = conversation;
    endConversation(
      conversation,
      parties.direction === 'outbound' && !answered ? 'canceled' : 'api-hung-up',
      new Date(),
    );
    // If this process is killed now, the next one ends the call for the same reason.
    await this.ports.live.noted(request.call_id);
    return { outcome: 'done' };
  }

  @About('call.dtmf')
  dtmf(@Payload({ schema: dtmfRequest }) request: DtmfRequest): CallControlAnswer {
    const conversation = this.conversationOf(request);
    if (conversation === undefined) return NOT_HERE;
    const { answered, channel, story } = conversation;
    if (!answered) return refused('call-not-answered', 'The call is not answered yet: digits cannot be sent.');
    channel.execute('send_dtmf', request.digits);
    note(story, new Date(), 'digits-sent', `${request.digits.length}`);
    return { outcome: 'done' };
  }

  @About('call.transfer')
  async transfer(@Payload({ schema: transferRequest }) request: TransferRequest): Promise<TransferAnswer> {
    const conversation = this.conversationOf(request);
    return conversation === undefined ? NOT_HERE : startTransfer(conversation, request.to, this.ports);
  }

  @About('call.quality')
  quality(@Payload({ schema: qualityRequest }) request: QualityRequest): QualityAnswer {
    const conversation = this.conversationOf(request);
    if (conversation === undefined) return NOT_HERE;
    return { outcome: 'measured', quality_course: conversation.quality?.soFar() ?? null };
  }

  @About('calls.end')
  async endCalls(@Payload({ schema: endCallsRequest }) request: EndCallsRequest): Promise<EndCallsAnswer> {
    trace.getActiveSpan()?.setAttribute('organization.id', request.organization_id);
    return { outcome: 'done', ...(await endCalls(request, this.ports)) };
  }

  /** A call of another organisation is as good as not there. */
  private conversationOf({ call_id, organization_id }: HangupRequest): Conversation | undefined {
    trace.getActiveSpan()?.setAttribute('call.id', call_id);
    const conversation = this.ports.conversations.get(call_id);
    return conversation?.parties.organization_id === organization_id ? conversation : undefined;
  }
}

const NOT_HERE = refused('call-not-found', 'This call is not on this bridge, or has ended.');

async function startTransfer(
  conversation: Conversation,
  to: string,
  { live, conversations, transferDeadlineMs }: CallControlPorts,
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
    live.reached(callId, 'transfer-started', new Date());
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
