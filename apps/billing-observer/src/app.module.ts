import { Module } from '@nestjs/common';
import { CALL_LOG_QUEUE } from '@trunkmesh/contracts/subjects.js';
import { RequestServer } from '@trunkmesh/requests/request-server.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { LOGGER, READINESS, type ReadinessCheck } from '@trunkmesh/runtime/service.module.js';
import { CALL_LOG_DEADLINE_MS, CallLogController, type CallLogOptions } from './call-log/call-log.controller.js';
import { CALL_LOG } from './tokens.js';
import { UsageService } from './usage/usage.service.js';

@Module({
  controllers: [CallLogController],
  providers: [
    UsageService,
    {
      provide: CALL_LOG,
      inject: [UsageService, LOGGER],
      useFactory: (usage: UsageService, logger: Logger): CallLogOptions => ({
        dataSource: usage.callLog,
        maxPayload: () => usage.maxPayload(),
        deadlineMs: CALL_LOG_DEADLINE_MS,
        logger,
      }),
    },
    {
      provide: RequestServer,
      inject: [UsageService, LOGGER],
      useFactory: (usage: UsageService, logger: Logger): RequestServer =>
        new RequestServer({ ready: () => usage.ready(), queue: CALL_LOG_QUEUE, logger }),
    },
    {
      provide: READINESS,
      inject: [UsageService],
      useFactory:
        (usage: UsageService): ReadinessCheck =>
        () =>
          usage.readiness(),
    },
  ],
})
export class AppModule {}
