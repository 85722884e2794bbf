import { type DynamicModule, Module } from '@nestjs/common';
import { ROUTING_QUEUE } from '@trunkmesh/contracts/subjects.js';
import { RequestServer } from '@trunkmesh/requests/request-server.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { Config } from './config.js';
import { ExplainController } from './explain/explain.controller.js';
import { RoutingService } from './routing.service.js';
import { CONFIG, LOGGER } from './tokens.js';

const DRAIN_MS = 2_000;

@Module({})
export class AppModule {
  static with(config: Config, logger: Logger): DynamicModule {
    return {
      module: AppModule,
      controllers: [ExplainController],
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: LOGGER, useValue: logger },
        RoutingService,
        {
          provide: RequestServer,
          inject: [RoutingService],
          useFactory: (routing: RoutingService) =>
            new RequestServer({ ready: () => routing.ready(), queue: ROUTING_QUEUE, closeMs: DRAIN_MS, logger }),
        },
      ],
      exports: [RoutingService],
    };
  }
}
