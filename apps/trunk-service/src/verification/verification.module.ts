import { Inject, Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { OwnNatsLink } from '@trunkmesh/runtime/link.nats.js';
import { LOGGER } from '@trunkmesh/runtime/service.module.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { whenOpened, type Background } from '../event-store/when-opened.pg.js';
import { NATS, EVENT_STORE } from '../tokens.js';
import { VerificationController } from './verification.controller.js';
import { answerVerifications } from './verify-responder.nats.js';

@Module({ controllers: [VerificationController] })
export class VerificationModule implements OnApplicationBootstrap, OnApplicationShutdown {
  private responder: Background | undefined;

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(NATS) private readonly nats: OwnNatsLink,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.responder = whenOpened(this.store, () => answerVerifications(this.store, this.nats, this.logger));
  }

  async onApplicationShutdown(): Promise<void> {
    await this.responder?.stop();
  }
}
