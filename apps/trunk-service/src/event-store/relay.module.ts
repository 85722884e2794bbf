import { Inject, Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Relay } from '@trunkmesh/event-log/relay.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { OwnNatsLink } from '@trunkmesh/runtime/link.nats.js';
import { LOGGER } from '@trunkmesh/runtime/service.module.js';
import { NATS, EVENT_STORE } from '../tokens.js';
import type { EventStore } from './event-store.pg.js';
import { whenOpened, type Background } from './when-opened.pg.js';

/** Publishes committed events to JetStream, in commit order. */
@Module({})
export class RelayModule implements OnApplicationBootstrap, OnApplicationShutdown {
  private relay: Background | undefined;

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(NATS) private readonly nats: OwnNatsLink,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.relay = whenOpened(this.store, (dataSource) => {
      const relay = new Relay({ dataSource, nc: this.nats.ready, logger: this.logger });
      this.store.afterCommit(() => relay.wake());
      return relay;
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.relay?.stop();
  }
}
