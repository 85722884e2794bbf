import { Module } from '@nestjs/common';
import type { OwnNatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { NATS } from '@trunkmesh/runtime/nats.module.js';
import { LOGGER } from '@trunkmesh/runtime/service.module.js';
import type { AnsweringOptions } from '../../answering.nats.js';
import { Database } from '../../database.service.js';
import { USAGE_ANSWERS } from '../../tokens.js';
import { UsageAnswersController } from './usage-answers.controller.js';

/** The asker waits five seconds. */
const DEADLINE_MS = 4_000;

/** Answers requests about usage. */
@Module({
  exports: [USAGE_ANSWERS],
  controllers: [UsageAnswersController],
  providers: [
    {
      provide: USAGE_ANSWERS,
      inject: [Database, NATS, LOGGER],
      useFactory: (database: Database, nats: OwnNatsLink, logger: Logger): AnsweringOptions => ({
        dataSource: database.callLog,
        maxPayload: () => nats.connection?.info?.max_payload,
        deadlineMs: DEADLINE_MS,
        logger,
      }),
    },
  ],
})
export class UsageAnswersModule {}
