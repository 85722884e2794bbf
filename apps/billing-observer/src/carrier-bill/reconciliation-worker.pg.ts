import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { DataSource } from 'typeorm';
import { MonthArchived } from '../usage/archive/month-archived.js';
import { claimReconciliation, fail, MOST_ATTEMPTS, reconcile, Taken } from './reconcile.pg.js';

const POLL_MS = 10_000;
const ROWS_AT_ONCE = 10_000;
/** An upload whose connection broke sends nothing more, and is reported as failed. */
const SILENT_UPLOAD = "interval '15 minutes'";

const GIVEN_UP =
  'It could not be compared. Send the file again; if this persists, the log of billing-observer says why.';

export interface ReconciliationWorker {
  /** There is something to compare or to remove. */
  wake(): void;
  stop(): Promise<void>;
}

/** Compares files one at a time, and removes what nobody needs any more. */
export function startReconciliationWorker(db: DataSource, logger: Logger): ReconciliationWorker {
  const stopping = new AbortController();
  const worker = randomUUID();
  let waking = new AbortController();
  const run = async () => {
    while (!stopping.signal.aborted) {
      const waken = AbortSignal.any([waking.signal, stopping.signal]);
      try {
        while (await work(db, worker, { logger, signal: stopping.signal })) stopping.signal.throwIfAborted();
        await tidy(db, stopping.signal);
      } catch (error) {
        if (!stopping.signal.aborted) logger.warn({ err: error }, 'cannot reconcile; retrying');
      }
      await sleep(POLL_MS, undefined, { signal: waken, ref: false }).catch(() => undefined);
      if (waking.signal.aborted) waking = new AbortController();
    }
  };
  const running = run();
  return {
    wake: () => waking.abort(),
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

/** @returns whether there was something to compare */
async function work(
  db: DataSource,
  worker: string,
  { logger, signal }: { logger: Logger; signal: AbortSignal },
): Promise<boolean> {
  const job = await claimReconciliation(db, worker);
  if (job === undefined) return false;
  const of = { reconciliation_id: job.id, organization_id: job.organization_id };
  try {
    await reconcile({ db, job, worker }, signal);
    logger.info({ ...of, rows: job.rows }, 'reconciled a carrier file with the ledger');
  } catch (error) {
    if (error instanceof MonthArchived) await fail({ db, job, worker }, error.message);
    else if (error instanceof Taken) logger.info(of, 'stopped a reconciliation');
    else throw error;
  }
  return true;
}

/** The file's calls are needed only while they are compared; differences, until the reconciliation is deleted. */
async function tidy(db: DataSource, signal: AbortSignal): Promise<void> {
  await db.query(
    `UPDATE reconciliations SET status = 'failed', problem = 'The upload broke off. Send the file again.', finished_at =
      now() WHERE status = 'receiving' AND changed_at < now() - ${SILENT_UPLOAD}`,
  );
  await db.query(
    `UPDATE reconciliations SET status = 'failed', problem = $2, finished_at = now() WHERE status = 'matching' AND
      attempts >= $1 AND lease_until < now()`,
    [MOST_ATTEMPTS, GIVEN_UP],
  );
  const remove = async (table: string, key: string, condition: string) => {
    for (let removed = ROWS_AT_ONCE; removed === ROWS_AT_ONCE;) {
      signal.throwIfAborted();
      const [, count] = (await db.query(
        `DELETE FROM ${table} WHERE (reconciliation_id, ${key}) IN (SELECT reconciliation_id, ${key} FROM ${table} WHERE
          reconciliation_id IN (SELECT id FROM reconciliations WHERE ${condition}) LIMIT ${ROWS_AT_ONCE})`,
      )) as [unknown, number];
      removed = count;
    }
  };
  await remove('carrier_calls', 'line', "status NOT IN ('receiving', 'matching')");
  await remove('carrier_differences', 'difference_id', "status IN ('stopped', 'failed', 'deleted')");
  await db.query("DELETE FROM reconciliations WHERE status = 'deleted'");
}
