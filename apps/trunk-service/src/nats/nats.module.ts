import { Global, Inject, Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { linkNats, type OwnNatsLink } from '@trunkmesh/runtime/link.nats.js';
import { CONFIG, LOGGER } from '@trunkmesh/runtime/service.module.js';
import type { Config } from '../config.js';
import { NATS } from '../tokens.js';
import { keepStreams } from './keep-streams.nats.js';
import type { Background } from '../event-store/when-opened.pg.js';

/** The one connection to NATS. The service starts while that is down, so the factory does not wait for it. */
@Global()
@Module({
  providers: [
    {
      provide: NATS,
      inject: [CONFIG, LOGGER],
      useFactory: ({ NATS_URL }: Config, logger: Logger): OwnNatsLink =>
        linkNats(NATS_URL, { name: 'trunk-service', logger }),
    },
  ],
  exports: [NATS],
})
export class NatsModule implements OnApplicationBootstrap, OnApplicationShutdown {
  private streams: Background | undefined;

  constructor(
    @Inject(NATS) private readonly nats: OwnNatsLink,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  onApplicationBootstrap(): void {
    this.streams = keepStreams(this.nats, this.logger, {
      days: this.config.SIP_MESSAGES_DAYS,
      bytes: this.config.SIP_MESSAGES_MB * 1_048_576,
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.streams?.stop();
    await this.nats.close();
  }
}
