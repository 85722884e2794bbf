import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { LOGGER } from '@trunkmesh/runtime/service.module.js';
import { startReconciliationWorker, type ReconciliationWorker } from './reconciliation-worker.pg.js';
import { SlowDatabase } from './slow-database.service.js';

/** Compares files beside recording and answering. */
@Injectable()
export class Reconciliations implements OnModuleDestroy {
  private worker: ReconciliationWorker | undefined;
  private stopped = false;

  constructor(
    private readonly database: SlowDatabase,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    void this.start();
  }

  wake(): void {
    this.worker?.wake();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopped = true;
    await this.worker?.stop();
  }

  private async start(): Promise<void> {
    try {
      const db = await this.database.opened;
      if (!this.stopped) this.worker = startReconciliationWorker(db, this.logger);
    } catch (error) {
      this.logger.error({ err: error }, 'cannot reconcile: the database cannot be used');
    }
  }
}
