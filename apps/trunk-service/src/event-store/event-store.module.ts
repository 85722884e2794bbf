import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { CONFIG, LOGGER } from '@trunkmesh/runtime/service.module.js';
import type { Config } from '../config.js';
import { ENTITIES, MIGRATIONS } from '../migrations.pg.js';
import { Quotas } from './quotas.pg.js';
import { EVENT_STORE } from '../tokens.js';
import { openEventStore, type EventStore } from './event-store.pg.js';

/**
 * The event store in PostgreSQL. The service starts while that is down: the factory does not wait for the connection,
 * and requests are refused with 503 until it is there.
 */
@Global()
@Module({
  providers: [
    {
      provide: EVENT_STORE,
      inject: [CONFIG, LOGGER],
      useFactory: (config: Config, logger: Logger): EventStore =>
        openEventStore({
          url: config.DATABASE_URL,
          poolSize: config.DATABASE_POOL,
          source: 'trunk-service',
          entities: ENTITIES,
          migrations: MIGRATIONS,
          fingerprintKey: config.BOOTSTRAP_KEY,
          logger,
          quotas: new Quotas({
            trunks: config.QUOTA_TRUNKS,
            numbers: config.QUOTA_NUMBERS,
            api_keys: config.QUOTA_API_KEYS,
          }),
        }),
    },
  ],
  exports: [EVENT_STORE],
})
export class EventStoreModule implements OnApplicationShutdown {
  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  async onApplicationShutdown(): Promise<void> {
    await this.store.close();
  }
}
