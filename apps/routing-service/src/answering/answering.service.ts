import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { LOGGER } from '@trunkmesh/runtime/service.module.js';
import { Routes } from '../projection/routes.service.js';
import { startResponder, type Question, type Responder } from './responder.nats.js';

const DRAIN_MS = 2_000;

/** Answers requests while the index is complete. */
@Injectable()
export class Answering implements OnModuleDestroy {
  private readonly responders: Responder[] = [];
  private nc: NatsConnection | undefined;
  private stopping = false;

  constructor(
    private readonly routes: Routes,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  start(question: Question): void {
    void this.routes.complete.then((nc) => {
      if (this.stopping) return;
      this.nc = nc;
      this.responders.push(startResponder(nc, question, this.logger));
    });
  }

  /** Requests that are on their way here are still answered. Without NATS there are none, and a drain would not end. */
  async onModuleDestroy(): Promise<void> {
    this.stopping = true;
    await Promise.race([this.drain(), sleep(DRAIN_MS, undefined, { ref: false })]);
  }

  private async drain(): Promise<void> {
    try {
      await Promise.all(this.responders.map((one) => one.stop()));
      await this.nc?.flush();
    } catch (error) {
      this.logger.warn({ err: error }, 'cannot drain the subscriptions to requests');
    }
  }
}
