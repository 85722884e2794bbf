import { once } from 'node:events';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import type { UsageExportQuery } from '@trunkmesh/contracts/usage-export.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { Response } from 'express';
import { missingHeaders } from './missing-records.js';
import { csvHead } from './usage-csv.js';
import { exportPart, type Part } from './usage.nats.js';

export const CSV = 'text/csv';

const isUnbounded = ({ date_from, statement }: UsageExportQuery) => date_from === undefined && statement === undefined;

interface Coming {
  after: Cursor;
  part: Promise<Part>;
}
type Cursor = NonNullable<UsageExportQuery['after']>;

/** A client that takes nothing for so long has gone away, or wants the memory of the service. */
const STALLED_MS = 60_000;

/**
 * Every entry that matches, as CSV. At most three parts are in memory: one that the client takes, and the next two.
 * Where a later part cannot be read, or the client takes nothing for `stalledMs`, the connection breaks off, so that
 * nobody takes a part for the whole.
 */
export async function exportRecords(
  nats: NatsLink,
  query: UsageExportQuery,
  { response, stalledMs = STALLED_MS }: { response: Response; stalledMs?: number },
): Promise<void> {
  const partAfter = (after: UsageExportQuery['after']) => exportPart(nats, { ...query, after });
  let part = await partAfter(query.after);
  if (part.complete_from !== null && isUnbounded(query)) throw incomplete(part.complete_from);
  response.status(200).set({
    'Content-Type': `${CSV}; charset=utf-8; header=present`,
    'Content-Disposition': 'attachment; filename="usage.csv"',
    ...missingHeaders(part),
  });
  // Until the last byte is taken. The socket begins the time again whenever the client takes some of what waits.
  response.setTimeout(stalledMs, () => response.destroy(new Error(`the client took nothing for ${stalledMs} ms`)));
  response.write(csvHead);
  let coming: Coming[] = [];
  try {
    for (;;) {
      // A client may leave while a part is made; no event of it follows.
      if (response.destroyed) return;
      coming = comingAfter(part, coming, partAfter);
      // Node sends what is written in one turn together.
      const taken = part.lines.map((lines) => response.write(lines)).at(-1);
      const next = coming.shift();
      if (next === undefined) break;
      if (!taken) await drained(response);
      part = await next.part;
    }
    response.end();
  } catch (error) {
    response.destroy(error as Error);
  }
}

/**
 * The next part, and the one after it where it is known where that will begin: the database makes one while the other
 * is on its way. One that was asked for and does not begin where the part before it ended is left out.
 */
function comingAfter({ next, ahead }: Part, asked: readonly Coming[], ask: (after: Cursor) => Promise<Part>): Coming[] {
  const begins = next === null ? [] : ahead === null ? [next] : [next, ahead];
  return begins.map((after) => {
    const known = asked.find((one) => isSame(one.after, after));
    if (known !== undefined) return known;
    const part = ask(after);
    // It is awaited later; until then nobody else would see that it failed.
    part.catch(() => undefined);
    return { after, part };
  });
}

const isSame = (one: Cursor, other: Cursor): boolean =>
  one.entry_id === other.entry_id && one.started_at === other.started_at;

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
