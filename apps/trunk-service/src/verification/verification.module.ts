import { Module } from '@nestjs/common';
import { ADDRESS_VERIFY_QUEUE } from '@trunkmesh/contracts/subjects.js';
import { RequestServer } from '@trunkmesh/requests/request-server.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { OwnNatsLink } from '@trunkmesh/runtime/link.nats.js';
import { LOGGER } from '@trunkmesh/runtime/service.module.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { EVENT_STORE, NATS } from '../tokens.js';
import { VerificationCallController } from './verification-call.controller.js';
import { VerificationController } from './verification.controller.js';

const DRAIN_MS = 2_000;

@Module({
  controllers: [VerificationController, VerificationCallController],
  providers: [
    {
      provide: RequestServer,
      inject: [EVENT_STORE, NATS, LOGGER],
      useFactory: (store: EventStore, nats: OwnNatsLink, logger: Logger): RequestServer =>
        new RequestServer({
          // Without the database nobody subscribes: a bridge then knows at once that it has to ask again later.
          ready: () => store.opened.then(() => nats.ready),
          queue: ADDRESS_VERIFY_QUEUE,
          closeMs: DRAIN_MS,
          logger,
        }),
    },
  ],
})
export class VerificationModule {}
