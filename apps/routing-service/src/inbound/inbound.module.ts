import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Module, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { LOGGER } from '@trunkmesh/runtime/service.module.js';
import { RoutesModule } from '../projection/routes.module.js';
import { Routes } from '../projection/routes.service.js';
import { startResponder, type Responder } from './inbound.nats.js';

const DRAIN_MS = 2_000;

/** Answers inbound lookups, while the index is complete. */
@Module({ imports: [RoutesModule] })
export class InboundModule implements OnApplicationBootstrap, OnModuleDestroy {
  private answering: { nc: NatsConnection; responder: Responder } | undefined;
  private stopping = false;

  constructor(
    private readonly routes: Routes,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    const { routes, logger } = this;
    void routes.complete.then((nc) => {
      if (this.stopping) return;
      this.answering = { nc, responder: startResponder(nc, () => routes.index(), logger) };
    });
  }

  /** Lookups that are on their way here are still answered. Without NATS there are none, and a drain would not end. */
  async onModuleDestroy(): Promise<void> {
    this.stopping = true;
    await Promise.race([this.drain(), sleep(DRAIN_MS, undefined, { ref: false })]);
  }

  private async drain(): Promise<void> {
    try {
      await this.answering?.responder.stop();
      await this.answering?.nc.flush();
    } catch (error) {
      this.logger.warn({ err: error }, 'cannot drain the subscription to inbound lookups');
    }
  }
}
