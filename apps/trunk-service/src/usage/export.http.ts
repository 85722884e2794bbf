import { once } from 'node:events';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import type { UsageExportQuery } from '@trunkmesh/contracts/usage-query.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { Response } from 'express';
import { missingHeaders } from './missing-records.js';
import { csvHead } from './usage-csv.js';
import { exportPart } from './usage.nats.js';

export const CSV = 'text/csv';

const isUnbounded = ({ date_from, statement }: UsageExportQuery) => date_from === undefined && statement === undefined;

/**
 * Every entry that matches, as CSV. At most two parts are in memory: one that the client takes, and the next one. Where
 * a later part cannot be read the connection breaks off, so that nobody takes a part for the whole.
 */
export async function exportRecords(nats: NatsLink, query: UsageExportQuery, response: Response): Promise<void> {
  const partAfter = (after: UsageExportQuery['after']) => exportPart(nats, { ...query, after });
  let part = await partAfter(query.after);
  if (part.complete_from !== null && isUnbounded(query)) throw incomplete(part.complete_from);
  response.status(200).set({
    'Content-Type': `${CSV}; charset=utf-8; header=present`,
    'Content-Disposition': 'attachment; filename="usage.csv"',
    ...missingHeaders(part),
  });
  response.write(csvHead);
  try {
    for (;;) {
      const coming = part.next === null ? undefined : partAfter(part.next);
      // It is awaited below; until then nobody else would see that it failed.
      coming?.catch(() => undefined);
      const taken = response.write(part.lines);
      if (coming === undefined) break;
      if (!taken) await drained(response);
      if (response.destroyed) return;
      part = await coming;
    }
    response.end();
  } catch (error) {
    response.destroy(error as Error);
  }
}

const incomplete = (completeFrom: string) =>
  new DomainError(
    'usage-archived',
    'Entries of earlier months were exported by the operator and are no longer here, so a file of all entries would ' +
      `be incomplete. Set date_from to ${completeFrom} or later.`,
  );

/** Or closed. */
async function drained(response: Response): Promise<void> {
  const over = new AbortController();
  const { signal } = over;
  try {
    await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]);
  } finally {
    // Takes the other one's listeners away.
    over.abort();
  }
}
