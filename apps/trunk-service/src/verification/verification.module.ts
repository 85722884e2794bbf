import { Inject, Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { OwnNatsLink } from '@trunkmesh/runtime/link.nats.js';
import { LOGGER } from '@trunkmesh/runtime/service.module.js';
import { BridgeModule } from '../bridge/bridge.module.js';
import type { RecordStore } from '../record/record-store.pg.js';
import { whenOpened, type Background } from '../record/when-opened.pg.js';
import { NATS, RECORD } from '../tokens.js';
import { VerificationController } from './verification.controller.js';
import { answerVerifications } from './verify-responder.nats.js';

@Module({ imports: [BridgeModule], controllers: [VerificationController] })
export class VerificationModule implements OnApplicationBootstrap, OnApplicationShutdown {
  private responder: Background | undefined;

  constructor(
    @Inject(RECORD) private readonly record: RecordStore,
    @Inject(NATS) private readonly nats: OwnNatsLink,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.responder = whenOpened(this.record, () => answerVerifications(this.record, this.nats, this.logger));
  }

  async onApplicationShutdown(): Promise<void> {
    await this.responder?.stop();
  }
}
