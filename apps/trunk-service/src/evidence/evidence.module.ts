import { Inject, Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { OwnNatsLink } from '@trunkmesh/runtime/link.nats.js';
import { CONFIG, LOGGER } from '@trunkmesh/runtime/service.module.js';
import type { Config } from '../config.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { whenOpened, type Background } from '../event-store/when-opened.pg.js';
import { NATS, EVENT_STORE } from '../tokens.js';
import { startCallEvidence } from './call-evidence.nats.js';
import { reportContested } from './first-look.pg.js';
import { GatewayEvidence } from './gateway-evidence.nats.js';

/** Learns from calls and registrations which addresses an organisation is served from. */
@Module({})
export class EvidenceModule implements OnApplicationBootstrap, OnApplicationShutdown {
  private calls: Background | undefined;
  private gateways: Background | undefined;

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(NATS) private readonly nats: OwnNatsLink,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  onApplicationBootstrap(): void {
    const { store, nats, logger } = this;
    const allowPrivate = this.config.ALLOW_PRIVATE_GATEWAYS;
    const onCaughtUp = () => void this.reportContested();
    this.calls = whenOpened(store, () => startCallEvidence({ store, nats, logger, onCaughtUp }));
    this.gateways = whenOpened(store, () => new GatewayEvidence({ store, nats, logger, allowPrivate }));
  }

  async onApplicationShutdown(): Promise<void> {
    await this.gateways?.stop();
    await this.calls?.stop();
  }

  private async reportContested(): Promise<void> {
    try {
      await reportContested(this.store, this.logger);
    } catch (error) {
      this.logger.warn({ err: { message: (error as Error).message } }, 'cannot look for contested addresses');
    }
  }
}
