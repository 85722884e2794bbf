import { Catch, Controller, Inject, Injectable, UseFilters, UsePipes } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { trace } from '@opentelemetry/api';
import {
  originateRequest,
  type OriginateAnswer,
  type OriginateRefusal,
  type OriginateRequest,
} from '@trunkmesh/contracts/outbound-call.js';
import { CodedRefusalFilter } from '@trunkmesh/requests/refusal.filter.js';
import { RequestPipe } from '@trunkmesh/requests/request.pipe.js';
import type { Agent } from '../bridge/agent.process.js';
import { AGENT } from '../tokens.js';
import { OutboundCalls } from './outbound-calls.net.js';

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
  constructor(@Inject(OutboundCalls) private readonly calls: OutboundCalls) {}

  @MessagePattern('call.originate', { span: 'call call.originate' })
  originate(@Payload({ schema: originateRequest }) request: OriginateRequest): Promise<OriginateAnswer> {
    trace.getActiveSpan()?.setAttributes({ 'call.id': request.call_id, 'organization.id': request.organization_id });
    return this.calls.originate(request);
  }
}
