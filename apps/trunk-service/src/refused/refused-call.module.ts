import { Inject, Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { OwnNatsLink } from '@trunkmesh/runtime/link.nats.js';
import { LOGGER } from '@trunkmesh/runtime/service.module.js';
import type { RecordStore } from '../record/record-store.pg.js';
import { whenOpened, type Background } from '../record/when-opened.pg.js';
import { NATS, RECORD } from '../tokens.js';
import { RefusedCallController } from './refused-call.controller.js';
import { startRefusedCalls } from './refused-calls.consumer.js';

@Module({ controllers: [RefusedCallController] })
export class RefusedCallModule implements OnApplicationBootstrap, OnApplicationShutdown {
  private consumer: Background | undefined;

  constructor(
    @Inject(RECORD) private readonly record: RecordStore,
    @Inject(NATS) private readonly nats: OwnNatsLink,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    const { record, nats, logger } = this;
    this.consumer = whenOpened(record, () => startRefusedCalls({ record, nc: nats.ready, logger }));
  }

  async onApplicationShutdown(): Promise<void> {
    await this.consumer?.stop();
  }
}
