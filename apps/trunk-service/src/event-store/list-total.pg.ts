import type { KnownTotals } from './known-totals.js';
import type { EventStore } from './event-store.pg.js';

/** A search that finds more says so: nobody reads them all, and counting them takes longer than the page. */
const MOST_FOUND = 1_000;

type RowsOf = EventStore['query'];

export interface Total {
  total: number;
  /** More match than `total`. */
  limited: boolean;
}

/** How a list is read. `search`: its filters hold a text that is searched. */
export function listing(store: EventStore, { totals, search }: { totals: KnownTotals; search: boolean }) {
  const rows = rowsOf(store, search);
  const count = async (from: string, parameters: unknown[]) => {
    const [row] = await rows<{ total: string }>(`select count(*) as total ${from}`, parameters);
    return Number(row!.total);
  };
  return {
    rows,
    /** Of `from … where …`. */
    async total(from: string, parameters: unknown[]): Promise<Total> {
      if (!search)
        return {
          total: await totals.of(JSON.stringify([from, parameters]), () => count(from, parameters)),
          limited: false,
        };
      const found = await count(`from (select ${from} limit ${MOST_FOUND + 1}) as found`, parameters);
      return { total: Math.min(found, MOST_FOUND), limited: found > MOST_FOUND };
    },
  };
}

/** For `like`: a text that has these characters in it. */
export const patternOf = (text: string): string => `%${text.replace(/[\\%_]/g, '\\$&')}%`;

/**
 * A search is planned by PostgreSQL each time, because the plan depends on what is searched: few rows are found by the
 * index of the searched text, many in the order of the list. Other statements are planned once.
 */
export const rowsOf =
  (store: EventStore, search: boolean): RowsOf =>
  <Row>(sql: string, parameters?: unknown[]) =>
    search ? store.entities((manager) => manager.query<Row[]>(sql, parameters)) : store.query<Row>(sql, parameters);
