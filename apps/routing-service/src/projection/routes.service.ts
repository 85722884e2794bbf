import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { RouteIndex } from '@trunkmesh/routing/route-index.js';
import type { NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import type { OwnNatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { LOGGER } from '@trunkmesh/runtime/service.module.js';
import { NATS } from '@trunkmesh/runtime/nats.module.js';
import { RouteProjection } from './route.nats.js';

/** The index of all routes, which begins to be read with the first connection to NATS. */
@Injectable()
export class Routes implements OnApplicationShutdown {
  /**
   * Settles when the index is complete, and never before: until then others in the queue group answer, and requests to
   * this copy would be decided without all routes.
   */
  readonly complete: Promise<NatsConnection>;
  private projection: RouteProjection | undefined;
  private stopped = false;

  constructor(
    @Inject(NATS) nats: OwnNatsLink,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.complete = nats.ready.then((nc) => this.read(nc));
    // That NATS cannot be used at all is logged by the link.
    this.complete.catch(() => undefined);
  }

  /** @throws before the index is complete */
  index(): RouteIndex {
    const index = this.projection?.index();
    if (index === undefined) throw new Error('the index is not complete yet');
    return index;
  }

  /** `up`, or why not. */
  state(): string {
    if (this.projection === undefined) return 'not started';
    return this.projection.index() === undefined ? `reading: ${this.projection.lag()} events left` : 'up';
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    await this.projection?.stop();
  }

  private read(nc: NatsConnection): Promise<NatsConnection> {
    return new Promise((resolve) => {
      if (this.stopped) return;
      this.projection = new RouteProjection({ nc, logger: this.logger, onCaughtUp: () => resolve(nc) });
    });
  }
}
