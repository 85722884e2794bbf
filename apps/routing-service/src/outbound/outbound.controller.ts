import { Controller, UseFilters, UsePipes } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { outboundRequest, type OutboundPlan, type OutboundRequest } from '@trunkmesh/contracts/outbound.js';
import { ROUTING_OUTBOUND } from '@trunkmesh/contracts/subjects.js';
import { RefusalFilter } from '@trunkmesh/requests/refusal.filter.js';
import { RequestPipe } from '@trunkmesh/requests/request.pipe.js';
import { planOutbound } from '@trunkmesh/routing/plan-outbound.js';
import { Gateways } from '../gateways/gateways.service.js';
import { Routes } from '../projection/routes.service.js';
import { refusalOf } from '../routing-failure.js';

/** Which trunks an outbound call would try, and why. */
@Controller()
@UsePipes(RequestPipe)
@UseFilters(new RefusalFilter(refusalOf))
export class OutboundController {
  constructor(
    private readonly routes: Routes,
    private readonly gateways: Gateways,
  ) {}

  @MessagePattern(ROUTING_OUTBOUND)
  plan(@Payload({ schema: outboundRequest }) request: OutboundRequest): OutboundPlan {
    return planOutbound(this.routes.index(), this.gateways.states, request);
  }
}
