import { Catch, Controller, Inject, Injectable, UseFilters, UsePipes } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { trace } from '@opentelemetry/api';
import { originateRequest, type OriginateAnswer, type OriginateRequest } from '@trunkmesh/contracts/outbound-call.js';
import { RefusalFilter } from '@trunkmesh/requests/refusal.filter.js';
import { InvalidRequest, RequestPipe } from '@trunkmesh/requests/request.pipe.js';
import type { Agent } from '../bridge/agent.process.js';
import { AGENT } from '../tokens.js';
import { OutboundCalls } from './outbound-calls.net.js';

@Injectable()
@Catch()
class OriginateRefusals extends RefusalFilter<OriginateAnswer> {
  constructor(@Inject(AGENT) { logger }: Agent) {
    super((error) => {
      if (error instanceof InvalidRequest)
        return {
          outcome: 'refused',
          code: 'invalid-request',
          message: `The request cannot be read: ${error.message}.`,
        };
      logger.error({ err: error }, 'cannot take over an outbound call');
      return { outcome: 'refused', code: 'switch-unavailable', message: 'The bridge could not take over the call.' };
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
