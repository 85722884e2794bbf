import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { CONFIG, LOGGER } from '@trunkmesh/runtime/service.module.js';
import type { Config } from '../config.js';
import { MIGRATIONS } from '../migrations.pg.js';
import { Quotas } from '../organization/quotas.pg.js';
import { RECORD } from '../tokens.js';
import { openRecord, type RecordStore } from './record-store.pg.js';

/**
 * The event store in PostgreSQL. The service starts while that is down: the factory does not wait for the connection,
 * and requests are refused with 503 until it is there.
 */
@Global()
@Module({
  providers: [
    {
      provide: RECORD,
      inject: [CONFIG, LOGGER],
      useFactory: (config: Config, logger: Logger): RecordStore =>
        openRecord({
          url: config.DATABASE_URL,
          poolSize: config.DATABASE_POOL,
          source: 'trunk-service',
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
  exports: [RECORD],
})
export class RecordModule implements OnApplicationShutdown {
  constructor(@Inject(RECORD) private readonly record: RecordStore) {}

  async onApplicationShutdown(): Promise<void> {
    await this.record.close();
  }
}
