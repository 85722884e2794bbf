import { Inject, Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { OwnNatsLink } from '@trunkmesh/runtime/link.nats.js';
import { CONFIG, LOGGER } from '@trunkmesh/runtime/service.module.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { whenOpened, type Background } from '../event-store/when-opened.pg.js';
import type { Config } from '../config.js';
import { NATS, EVENT_STORE } from '../tokens.js';
import { RefusedCallController } from './refused-call.controller.js';
import { startRefusedCalls } from './refused-calls.nats.js';

@Module({ controllers: [RefusedCallController] })
export class RefusedCallModule implements OnApplicationBootstrap, OnApplicationShutdown {
  private consumer: Background | undefined;

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(NATS) private readonly nats: OwnNatsLink,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    const { store, nats, logger } = this;
    const messagesDays = this.config.SIP_MESSAGES_DAYS;
    this.consumer = whenOpened(store, () => startRefusedCalls({ store, nc: nats.ready, messagesDays, logger }));
  }

  async onApplicationShutdown(): Promise<void> {
    await this.consumer?.stop();
  }
}
