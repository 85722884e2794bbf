import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { DataSource } from 'typeorm';
import { countNextDay, hasManyCalls } from './count-days.pg.js';
import type { PackedDays } from './packed-days.pg.js';

/** An organisation that somebody looks at is looked through this often. */
const AGAIN_MS = 600_000;
const BUSY_MS = 500;
const MAX_KNOWN = 10_000;

export interface CountingOptions {
  dataSource: DataSource;
  logger: Logger;
  /** An organisation with fewer calls is not counted. */
  many?: number;
  /** Gets the counted days of the organisations that are looked at. */
  packedDays?: PackedDays;
}

/**
 * Counts past days of organisations that have many calls and that somebody looks at, one day in each transaction, while
 * calls are recorded. Counting may be interrupted at any time: lists then take longer, and are right.
 */
export class DayCounting {
  /** When each was looked through last. */
  private readonly noticed = new Map<string, number>();
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly options: CountingOptions) {}

  get packedDays(): PackedDays | undefined {
    return this.options.packedDays;
  }

  /** Whenever calls of an organisation are listed. */
  notice(organizationId: string): void {
    const now = performance.now();
    if (now - (this.noticed.get(organizationId) ?? -Infinity) < AGAIN_MS) return;
    if (this.noticed.size >= MAX_KNOWN) this.noticed.clear();
    this.noticed.set(organizationId, now);
    this.running = this.running.then(() => this.count(organizationId));
  }

  /** Once everything that was noticed is counted. */
  idle(): Promise<void> {
    return this.running;
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async count(organizationId: string): Promise<void> {
    const { dataSource, logger, many, packedDays } = this.options;
    const { signal } = this.stopping;
    try {
      if (signal.aborted || !(await hasManyCalls(dataSource, organizationId, many))) return;
      let day: string | 'busy' | undefined;
      while (!signal.aborted && (day = await countNextDay(dataSource, organizationId)) !== undefined)
        if (day === 'busy') await sleep(BUSY_MS, undefined, { signal }).catch(() => undefined);
      await packedDays?.load(dataSource, organizationId, signal);
    } catch (error) {
      logger.warn({ err: error, organizationId }, 'cannot count the past days of a call log; lists take longer');
    }
  }
}
