import { once } from 'node:events';
import type { Response } from 'express';
import { csvCell } from './csv-cell.js';

export const CSV = 'text/csv';

type Row<Column extends string> = Record<Column, string | number | boolean | null>;

export interface CsvFile<Column extends string> {
  name: string;
  columns: readonly Column[];
  /** Where to begin. */
  first: string | undefined;
}

/**
 * Rows as a CSV file, a part at a time as the client takes them. Where a later part cannot be read the connection
 * breaks off, so that nobody takes a part for the whole.
 */
export async function streamCsv<Column extends string>(
  response: Response,
  { name, columns, first }: CsvFile<Column>,
  partAfter: (after: string | undefined) => Promise<{ items: readonly Row<Column>[]; next: string | null }>,
): Promise<void> {
  let part = await partAfter(first);
  response.status(200).set({
    'Content-Type': `${CSV}; charset=utf-8; header=present`,
    'Content-Disposition': `attachment; filename="${name}"`,
  });
  response.write(`${columns.join(',')}\r\n`);
  try {
    for (;;) {
      const text = part.items.map((row) => `${columns.map((column) => csvCell(row[column])).join(',')}\r\n`).join('');
      if (!response.write(text)) await drained(response);
      if (response.destroyed || part.next === null) break;
      part = await partAfter(part.next);
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
