import { Module } from '@nestjs/common';
import type { OwnNatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { NATS } from '@trunkmesh/runtime/nats.module.js';
import { LOGGER } from '@trunkmesh/runtime/service.module.js';
import type { AnsweringOptions } from '../answering.nats.js';
import { CarrierBillModule } from '../carrier-bill/carrier-bill.module.js';
import { SlowDatabase } from '../carrier-bill/slow-database.service.js';
import { RATE_DECK_ANSWERS } from '../tokens.js';
import { RateDeckController } from './rate-deck.controller.js';

/** The asker waits a minute: a month may have a million calls. */
const DEADLINE_MS = 58_000;

/** What carriers charge, and estimates by it. */
@Module({
  imports: [CarrierBillModule],
  controllers: [RateDeckController],
  providers: [
    {
      provide: RATE_DECK_ANSWERS,
      inject: [SlowDatabase, NATS, LOGGER],
      useFactory: (database: SlowDatabase, nats: OwnNatsLink, logger: Logger): AnsweringOptions => ({
        dataSource: database.dataSource,
        maxPayload: () => nats.connection?.info?.max_payload,
        deadlineMs: DEADLINE_MS,
        logger,
      }),
    },
  ],
})
export class RateDeckModule {}
