import { Module, type OnApplicationBootstrap } from '@nestjs/common';
import { ROUTING_OUTBOUND } from '@trunkmesh/contracts/subjects.js';
import { histogram } from '@trunkmesh/runtime/metric.otel.js';
import { AnsweringModule } from '../answering/answering.module.js';
import { Answering } from '../answering/answering.service.js';
import { LOOKUP_SECONDS } from '../answering/responder.nats.js';
import { Gateways } from '../gateways/gateways.service.js';
import { RoutesModule } from '../projection/routes.module.js';
import { Routes } from '../projection/routes.service.js';
import { answerOutbound } from './answer.js';

const seconds = histogram(
  'trunkmesh_routing_plan_seconds',
  'Plans of outbound calls by outcome, from the request in memory to its answer',
  LOOKUP_SECONDS,
);

/** Answers which trunks an outbound call would try, and why. */
@Module({ imports: [RoutesModule, AnsweringModule], providers: [Gateways] })
export class OutboundModule implements OnApplicationBootstrap {
  constructor(
    private readonly routes: Routes,
    private readonly gateways: Gateways,
    private readonly answering: Answering,
  ) {}

  onApplicationBootstrap(): void {
    const answer = (text: string) => answerOutbound(this.routes.index(), this.gateways.states, text);
    this.answering.start({ subject: ROUTING_OUTBOUND, span: 'routing.outbound', answer, seconds });
  }
}
