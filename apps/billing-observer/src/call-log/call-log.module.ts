import { Inject, Module, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { OwnNatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { LOGGER } from '@trunkmesh/runtime/service.module.js';
import { Database } from '../database.service.js';
import { NATS } from '@trunkmesh/runtime/nats.module.js';
import { CALL_LOG } from '../tokens.js';
import { CALL_LOG_DEADLINE_MS, CallLogController, type CallLogOptions } from './call-log.controller.js';
import { DayCounting } from './day-counting.process.js';
import { PackedDays } from './packed-days.pg.js';
import { startFilling, type Filling } from './filling.process.js';

/** Answers requests to the call log, counts its past days, and adds calls that were recorded before there was one. */
@Module({
  controllers: [CallLogController],
  providers: [
    {
      provide: DayCounting,
      inject: [Database, LOGGER],
      useFactory: ({ recording }: Database, logger: Logger) =>
        new DayCounting({ dataSource: recording, logger, packedDays: new PackedDays() }),
    },
    {
      provide: CALL_LOG,
      inject: [Database, NATS, LOGGER, DayCounting],
      useFactory: (
        database: Database,
        nats: OwnNatsLink,
        logger: Logger,
        dayCounting: DayCounting,
      ): CallLogOptions => ({
        dataSource: database.callLog,
        maxPayload: () => nats.connection?.info?.max_payload,
        deadlineMs: CALL_LOG_DEADLINE_MS,
        logger,
        dayCounting,
        packedDays: dayCounting.packedDays,
      }),
    },
  ],
})
export class CallLogModule implements OnApplicationBootstrap, OnModuleDestroy {
  private filling: Filling | undefined;
  private stopped = false;

  constructor(
    private readonly database: Database,
    private readonly dayCounting: DayCounting,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    const { database, logger } = this;
    void database.opened.then(() => {
      if (!this.stopped) this.filling = startFilling({ dataSource: database.recording, logger });
    });
  }

  async onModuleDestroy(): Promise<void> {
    this.stopped = true;
    await this.filling?.stop();
    await this.dayCounting.stop();
  }
}
