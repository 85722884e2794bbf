import { Controller, UseFilters, UsePipes } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { explainRequest, type ExplainRequest, type InboundDecision } from '@trunkmesh/contracts/routing.js';
import { ROUTING_EXPLAIN } from '@trunkmesh/contracts/subjects.js';
import { RefusalFilter } from '@trunkmesh/requests/refusal.filter.js';
import { RequestPipe } from '@trunkmesh/requests/request.pipe.js';
import { explainInbound } from '@trunkmesh/routing/explain-inbound.js';
import { refusalOf } from '../routing-failure.js';
import { Routes } from '../projection/routes.service.js';

/** Where a call would go, and why. Asked by people; live calls ask the raw subscription to `routing.inbound`. */
@Controller()
@UsePipes(RequestPipe)
@UseFilters(new RefusalFilter(refusalOf))
export class ExplainController {
  constructor(private readonly routes: Routes) {}

  @MessagePattern(ROUTING_EXPLAIN)
  explain(@Payload({ schema: explainRequest }) request: ExplainRequest): InboundDecision {
    return explainInbound(this.routes.index(), request, request.organization_id);
  }
}
