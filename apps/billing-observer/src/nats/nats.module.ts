import { Global, Inject, Module, type BeforeApplicationShutdown } from '@nestjs/common';
import { linkNats, type OwnNatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { CONFIG, LOGGER } from '@trunkmesh/runtime/service.module.js';
import type { Config } from '../config.js';
import { NATS } from '../tokens.js';

/** The one connection to NATS. The service starts while that is down, so the factory does not wait for it. */
@Global()
@Module({
  providers: [
    {
      provide: NATS,
      inject: [CONFIG, LOGGER],
      useFactory: ({ NATS_URL }: Config, logger: Logger): OwnNatsLink =>
        linkNats(NATS_URL, { name: 'billing-observer', logger }),
    },
  ],
  exports: [NATS],
})
export class NatsModule implements BeforeApplicationShutdown {
  constructor(@Inject(NATS) private readonly nats: OwnNatsLink) {}

  /** After the recorder has stopped: what it acknowledged last is sent. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.nats.connection?.flush().catch(() => undefined);
    await this.nats.close();
  }
}
