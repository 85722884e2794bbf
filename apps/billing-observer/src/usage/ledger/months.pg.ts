import type { Logger } from 'pino';
import type { DataSource } from 'typeorm';
import { firstKept, monthsAhead } from './ledger-entry.js';

const CHECK_MS = 6 * 3_600_000;
const RETRY_MS = 30_000;
/** The default partition has rows of this month: they stay there, and so do later ones. */
const CHECK_VIOLATION = '23514';

const known = new WeakMap<DataSource, Set<string>>();

/**
 * Makes the ledger's partitions of these months (`2026-11`) where they do not exist. Months that `archive-usage` may
 * have dropped since then are looked for each time: a late call of such a month is in a partition of its own again.
 */
export async function makeMonths(dataSource: DataSource, months: readonly string[]): Promise<void> {
  const made = known.get(dataSource) ?? new Set<string>();
  known.set(dataSource, made);
  const keptSince = firstKept(new Date());
  for (const month of months) {
    if (made.has(month)) continue;
    await dataSource.query('SELECT ledger_month($1::date)', [`${month}-01`]).catch((error: unknown) => {
      if ((error as { driverError?: { code?: unknown } }).driverError?.code !== CHECK_VIOLATION) throw error;
    });
    if (month >= keptSince) made.add(month);
  }
}

export interface Months {
  stop(): void;
}

/** Makes the partitions of this and the next months, now and while the service runs. */
export function keepMonths({ dataSource, logger }: { dataSource: DataSource; logger: Logger }): Months {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const run = () => {
    makeMonths(dataSource, monthsAhead(new Date())).then(
      () => again(CHECK_MS),
      (error: unknown) => {
        if (!stopped) logger.warn({ err: error }, "cannot make the ledger's partitions; retrying");
        again(RETRY_MS);
      },
    );
  };
  const again = (ms: number) => {
    if (!stopped) timer = setTimeout(run, ms).unref();
  };
  run();
  return {
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
