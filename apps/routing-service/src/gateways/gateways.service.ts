import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { gatewayStatus } from '@trunkmesh/contracts/bridge.js';
import { GATEWAYS_BUCKET } from '@trunkmesh/contracts/subjects.js';
import { openBucket, type Watch } from '@trunkmesh/event-log/bucket.nats.js';
import { GatewayStates } from '@trunkmesh/routing/gateway-states.js';
import type { NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import type { OwnNatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { LOGGER } from '@trunkmesh/runtime/service.module.js';
import { NATS } from '@trunkmesh/runtime/nats.module.js';

/** What the bridges report of their gateways, as it changes. Before the first reading every gateway is `unknown`. */
@Injectable()
export class Gateways implements OnApplicationShutdown {
  readonly states = new GatewayStates();
  private watch: Watch | undefined;
  private stopped = false;

  constructor(
    @Inject(NATS) nats: OwnNatsLink,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    nats.ready.then(
      (nc) => this.read(nc),
      // Logged by the link.
      () => undefined,
    );
  }

  /** After the connection was closed: without a server this would wait. */
  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    await this.watch?.stop();
  }

  private read(nc: NatsConnection): void {
    if (this.stopped) return;
    const { states, logger } = this;
    this.watch = openBucket(nc, { name: GATEWAYS_BUCKET, schema: gatewayStatus, logger }).watch({
      onPut: (_key, status) => states.put(status),
      // `<organisation>.<trunk>.<bridge>` (`gatewayKey`).
      onDelete: (key) => {
        const [, trunk = '', bridge = ''] = key.split('.');
        states.remove(trunk, bridge);
      },
      onReset: () => states.clear(),
    });
  }
}
