import { Inject, Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Relay } from '@trunkmesh/event-log/relay.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { OwnNatsLink } from '@trunkmesh/runtime/link.nats.js';
import { LOGGER } from '@trunkmesh/runtime/service.module.js';
import { NATS, RECORD } from '../tokens.js';
import type { RecordStore } from './record-store.pg.js';
import { whenOpened, type Background } from './when-opened.pg.js';

/** Publishes committed events to JetStream, in commit order. */
@Module({})
export class RelayModule implements OnApplicationBootstrap, OnApplicationShutdown {
  private relay: Background | undefined;

  constructor(
    @Inject(RECORD) private readonly record: RecordStore,
    @Inject(NATS) private readonly nats: OwnNatsLink,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.relay = whenOpened(this.record, (dataSource) => {
      const relay = new Relay({ dataSource, nc: this.nats.ready, logger: this.logger });
      this.record.afterCommit(() => relay.wake());
      return relay;
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.relay?.stop();
  }
}
