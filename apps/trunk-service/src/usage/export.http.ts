import { once } from 'node:events';
import type { UsageRecordsQuery } from '@trunkmesh/contracts/usage-query.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { Response } from 'express';
import { csvHead, csvLines } from './usage-csv.js';
import { findRecords } from './usage.nats.js';

export const CSV = 'text/csv';
const ENTRIES_AT_ONCE = 1_000;

/**
 * Every entry that matches, as CSV. At most two parts are in memory: one that the client takes, and the next one. Where
 * a later part cannot be read the connection breaks off, so that nobody takes a part for the whole.
 */
export async function exportRecords(nats: NatsLink, query: UsageRecordsQuery, response: Response): Promise<void> {
  const partAfter = (after: UsageRecordsQuery['after']) =>
    findRecords(nats, { ...query, limit: ENTRIES_AT_ONCE, after });
  let page = await partAfter(query.after);
  response.status(200).set({
    'Content-Type': `${CSV}; charset=utf-8; header=present`,
    'Content-Disposition': 'attachment; filename="usage.csv"',
  });
  response.write(csvHead);
  try {
    for (;;) {
      const coming = page.next === null ? undefined : partAfter(page.next);
      // It is awaited below; until then nobody else would see that it failed.
      coming?.catch(() => undefined);
      const taken = response.write(csvLines(page.records));
      if (coming === undefined) break;
      if (!taken) await drained(response);
      if (response.destroyed) return;
      page = await coming;
    }
    response.end();
  } catch (error) {
    response.destroy(error as Error);
  }
}

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
