import { Module } from '@nestjs/common';
import { ROUTING_QUEUE } from '@trunkmesh/contracts/subjects.js';
import { RequestServer } from '@trunkmesh/requests/request-server.nats.js';
import { stateOfNats, type OwnNatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { LOGGER, READINESS, type ReadinessCheck } from '@trunkmesh/runtime/service.module.js';
import { ExplainModule } from './explain/explain.module.js';
import { InboundModule } from './inbound/inbound.module.js';
import { OutboundModule } from './outbound/outbound.module.js';
import { RoutesModule } from './projection/routes.module.js';
import { Routes } from './projection/routes.service.js';
import { NATS, NatsModule } from '@trunkmesh/runtime/nats.module.js';

const DRAIN_MS = 2_000;

@Module({
  imports: [NatsModule.of('routing-service'), RoutesModule, InboundModule, OutboundModule, ExplainModule],
  providers: [
    {
      provide: RequestServer,
      inject: [Routes, LOGGER],
      useFactory: (routes: Routes, logger: Logger): RequestServer =>
        new RequestServer({ ready: () => routes.complete, queue: ROUTING_QUEUE, closeMs: DRAIN_MS, logger }),
    },
    {
      provide: READINESS,
      inject: [NATS, Routes],
      useFactory:
        (nats: OwnNatsLink, routes: Routes): ReadinessCheck =>
        async () => ({ nats: await stateOfNats(nats), index: routes.state() }),
    },
  ],
})
export class AppModule {}
