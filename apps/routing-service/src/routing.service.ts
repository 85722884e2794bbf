import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { connectNats, type NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import type { RouteIndex } from '@trunkmesh/routing/route-index.js';
import { CONFIG, LOGGER, type Readiness } from '@trunkmesh/runtime/service.module.js';
import type { Config } from './config.js';
import { startResponder, type Responder } from './inbound/inbound.nats.js';
import { RouteProjection } from './projection/route.nats.js';

const DRAIN_MS = 2_000;

/**
 * Brings routing up once NATS is there, and answers only while its index is whole: until then others in the queue
 * group do.
 */
@Injectable()
export class RoutingService implements OnModuleInit, OnModuleDestroy {
  private nc: NatsConnection | undefined;
  private projection: RouteProjection | undefined;
  private responder: Responder | undefined;
  private starting: Promise<NatsConnection> | undefined;
  private stopping = false;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Not awaited: the ops server answers from the first moment, NATS there or not. */
  onModuleInit(): void {
    this.starting = this.start();
    this.starting.catch((error: unknown) => {
      if (!this.stopping) throw error;
    });
  }

  /** Settles when the index is whole; never while it is not. */
  async ready(): Promise<NatsConnection> {
    if (this.starting === undefined) throw new Error('the service is not initialised');
    return this.starting;
  }

  /** @throws before the index is whole */
  index(): RouteIndex {
    const index = this.projection?.index();
    if (index === undefined) throw new Error('the index is not whole yet');
    return index;
  }

  /**
   * What is on its way here is still answered. Without NATS there is nobody to answer, and a drain would wait for it.
   */
  async onModuleDestroy(): Promise<void> {
    this.stopping = true;
    const { nc } = this;
    await Promise.race([this.drain(), sleep(DRAIN_MS, undefined, { ref: false })]);
    await nc?.close();
    await this.projection?.stop();
  }

  private async drain(): Promise<void> {
    try {
      await this.responder?.stop();
      await this.nc?.flush();
    } catch (error) {
      this.logger.warn({ err: error }, 'cannot drain the subscription to inbound lookups');
    }
  }

  async readiness(): Promise<Readiness> {
    const nats =
      this.nc === undefined || this.nc.isClosed()
        ? 'not connected'
        : await this.nc.rtt().then(
            () => 'up',
            () => 'does not answer',
          );
    const index =
      this.projection === undefined
        ? 'not started'
        : this.projection.index() !== undefined
          ? 'up'
          : `reading: ${this.projection.lag()} events left`;
    return { nats, index };
  }

  private async start(): Promise<NatsConnection> {
    const { logger } = this;
    const nc = await connectNats(this.config.NATS_URL, { name: 'routing-service', logger });
    this.nc = nc;
    if (this.stopping) {
      await nc.close();
      throw new Error('stopped');
    }
    await new Promise<void>((onCaughtUp) => {
      this.projection = new RouteProjection({ nc, logger, onCaughtUp });
    });
    if (!this.stopping) this.responder = startResponder(nc, () => this.index(), logger);
    return nc;
  }
}
