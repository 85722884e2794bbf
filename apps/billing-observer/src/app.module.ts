import { type DynamicModule, Module } from '@nestjs/common';
import { CALL_LOG_QUEUE } from '@trunkmesh/contracts/subjects.js';
import { RequestServer } from '@trunkmesh/requests/request-server.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { CALL_LOG_DEADLINE_MS, CallLogController, type CallLogOptions } from './call-log/call-log.controller.js';
import type { Config } from './config.js';
import { CALL_LOG, CONFIG, LOGGER } from './tokens.js';
import { UsageService } from './usage/usage.service.js';

@Module({})
export class AppModule {
  static with(config: Config, logger: Logger): DynamicModule {
    return {
      module: AppModule,
      controllers: [CallLogController],
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: LOGGER, useValue: logger },
        UsageService,
        {
          provide: CALL_LOG,
          inject: [UsageService],
          useFactory: (usage: UsageService): CallLogOptions => ({
            dataSource: usage.callLog,
            maxPayload: () => usage.maxPayload(),
            deadlineMs: CALL_LOG_DEADLINE_MS,
            logger,
          }),
        },
        {
          provide: RequestServer,
          inject: [UsageService],
          useFactory: (usage: UsageService) =>
            new RequestServer({ ready: () => usage.ready(), queue: CALL_LOG_QUEUE, logger }),
        },
      ],
      exports: [UsageService],
    };
  }
}
