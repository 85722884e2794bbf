import { Module, type OnApplicationBootstrap } from '@nestjs/common';
import { ROUTING_INBOUND } from '@trunkmesh/contracts/subjects.js';
import { histogram } from '@trunkmesh/runtime/metric.otel.js';
import { AnsweringModule } from '../answering/answering.module.js';
import { Answering } from '../answering/answering.service.js';
import { LOOKUP_SECONDS } from '../answering/responder.nats.js';
import { RoutesModule } from '../projection/routes.module.js';
import { Routes } from '../projection/routes.service.js';
import { answerInbound } from './answer.js';

const seconds = histogram(
  'trunkmesh_routing_lookup_seconds',
  'Inbound lookups by outcome, from the request in memory to its answer',
  LOOKUP_SECONDS,
);

/** Answers inbound lookups. */
@Module({ imports: [RoutesModule, AnsweringModule] })
export class InboundModule implements OnApplicationBootstrap {
  constructor(
    private readonly routes: Routes,
    private readonly answering: Answering,
  ) {}

  onApplicationBootstrap(): void {
    // The index is asked for each time, because it is replaced when the stream was made again.
    const answer = (text: string) => answerInbound(this.routes.index(), text);
    this.answering.start({ subject: ROUTING_INBOUND, span: 'routing.inbound', answer, seconds });
  }
}
