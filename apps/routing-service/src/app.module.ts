import { Module } from '@nestjs/common';
import { ROUTING_QUEUE } from '@trunkmesh/contracts/subjects.js';
import { RequestServer } from '@trunkmesh/requests/request-server.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { LOGGER, READINESS, type ReadinessCheck } from '@trunkmesh/runtime/service.module.js';
import { ExplainController } from './explain/explain.controller.js';
import { RoutingService } from './routing.service.js';

const DRAIN_MS = 2_000;

@Module({
  controllers: [ExplainController],
  providers: [
    RoutingService,
    {
      provide: RequestServer,
      inject: [RoutingService, LOGGER],
      useFactory: (routing: RoutingService, logger: Logger): RequestServer =>
        new RequestServer({ ready: () => routing.ready(), queue: ROUTING_QUEUE, closeMs: DRAIN_MS, logger }),
    },
    {
      provide: READINESS,
      inject: [RoutingService],
      useFactory:
        (routing: RoutingService): ReadinessCheck =>
        () =>
          routing.readiness(),
    },
  ],
})
export class AppModule {}
