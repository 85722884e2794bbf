import { once } from 'node:events';
import type { UsageRecordsQuery } from '@trunkmesh/contracts/usage-query.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { Response } from 'express';
import { csvHead, csvLines } from './usage-csv.js';
import { findRecords } from './usage.nats.js';

export const CSV = 'text/csv';
const ENTRIES_AT_ONCE = 1_000;

/**
 * Every entry that matches, as CSV. At most one part is in memory: the next is asked for when the client has taken this
 * one. Where a later part cannot be read the connection breaks off, so that nobody takes a part for the whole.
 */
export async function exportRecords(nats: NatsLink, query: UsageRecordsQuery, response: Response): Promise<void> {
  let page = await findRecords(nats, { ...query, limit: ENTRIES_AT_ONCE });
  response.status(200).set({
    'Content-Type': `${CSV}; charset=utf-8; header=present`,
    'Content-Disposition': 'attachment; filename="usage.csv"',
  });
  response.write(csvHead);
  try {
    for (;;) {
      const taken = response.write(csvLines(page.records));
      if (page.next === null) break;
      if (!taken) await Promise.race([once(response, 'drain'), once(response, 'close')]);
      if (response.destroyed) return;
      page = await findRecords(nats, { ...query, limit: ENTRIES_AT_ONCE, after: page.next });
    }
    response.end();
  } catch (error) {
    response.destroy(error as Error);
  }
}
