import { Catch, Controller, Inject, Injectable, UseFilters, UsePipes } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { trace } from '@opentelemetry/api';
import { callRefused, type CallRefused } from '@trunkmesh/contracts/call.js';
import {
  originateRequest,
  type OriginateAnswer,
  type OriginateRefusal,
  type OriginateRequest,
} from '@trunkmesh/contracts/outbound-call.js';
import { CodedRefusalFilter } from '@trunkmesh/requests/refusal.filter.js';
import { RequestPipe } from '@trunkmesh/requests/request.pipe.js';
import type { Agent } from '../bridge/agent.process.js';
import type { CallParts } from '../call/call-parts.net.js';
import { statusesOfRefused } from '../customer/call-status.js';
import { AGENT, CALL_PARTS } from '../tokens.js';
import { OutboundCalls } from './outbound-calls.net.js';
import { ACCEPTED, refused } from './taken-calls.net.js';

@Injectable()
@Catch()
class OriginateRefusals extends CodedRefusalFilter<OriginateRefusal> {
  constructor(@Inject(AGENT) { logger }: Agent) {
    super({
      logger,
      what: 'cannot take over an outbound call',
      code: 'switch-unavailable',
      message: 'The bridge could not take over the call.',
    });
  }
}

/** Requests for outbound calls of this bridge. */
@Controller()
@UsePipes(RequestPipe)
@UseFilters(OriginateRefusals)
export class OriginateController {
  constructor(
    @Inject(OutboundCalls) private readonly calls: OutboundCalls,
    @Inject(CALL_PARTS) private readonly parts: Pick<CallParts, 'local' | 'statuses'>,
  ) {}

  @MessagePattern('call.originate', { span: 'call call.originate' })
  originate(@Payload({ schema: originateRequest }) request: OriginateRequest): Promise<OriginateAnswer> {
    trace.getActiveSpan()?.setAttributes({ 'call.id': request.call_id, 'organization.id': request.organization_id });
    return this.calls.originate(request);
  }

  /** Answered once the statuses are on the disk. After the final one of a call nothing more is written. */
  @MessagePattern('call.refused', { span: 'call call.refused' })
  async refused(@Payload({ schema: callRefused }) event: CallRefused): Promise<OriginateAnswer> {
    const { local, statuses } = this.parts;
    const { call_id, organization_id, number_id } = event.data;
    trace.getActiveSpan()?.setAttributes({ 'call.id': call_id, 'organization.id': organization_id });
    if (local.customerSettingsOf(organization_id, number_id) === undefined)
      return refused('settings-not-known', "This bridge does not have the organisation's settings yet. Ask another.");
    await Promise.all(statusesOfRefused(event).map((status) => statuses.tell(status)));
    if (statuses.trouble() !== undefined)
      return refused('call-not-recordable', 'The disk of this bridge cannot keep the statuses. Ask another one.');
    return ACCEPTED;
  }
}
