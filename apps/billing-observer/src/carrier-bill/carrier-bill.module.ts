import { Module } from '@nestjs/common';
import type { OwnNatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { NATS } from '@trunkmesh/runtime/nats.module.js';
import { LOGGER } from '@trunkmesh/runtime/service.module.js';
import type { AnsweringOptions } from '../answering.nats.js';
import { Database } from '../database.service.js';
import { CARRIER_BILL_ANSWERS } from '../tokens.js';
import { CarrierBillController } from './carrier-bill.controller.js';
import { Reconciliations } from './reconciliations.service.js';
import { SlowDatabase } from './slow-database.service.js';

/** The asker waits five seconds. */
const DEADLINE_MS = 4_000;

/** Reconciliation of the ledger with carriers' bills. */
@Module({
  controllers: [CarrierBillController],
  providers: [
    SlowDatabase,
    Reconciliations,
    {
      provide: CARRIER_BILL_ANSWERS,
      inject: [Database, NATS, LOGGER],
      useFactory: (database: Database, nats: OwnNatsLink, logger: Logger): AnsweringOptions => ({
        dataSource: database.callLog,
        maxPayload: () => nats.connection?.info?.max_payload,
        deadlineMs: DEADLINE_MS,
        logger,
      }),
    },
  ],
  exports: [SlowDatabase],
})
export class CarrierBillModule {}
