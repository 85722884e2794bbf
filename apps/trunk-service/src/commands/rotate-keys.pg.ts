import { open, sealedWith, type KeyRing } from '@trunkmesh/runtime/key-ring.js';
import { seal } from '@trunkmesh/runtime/seal.process.js';
import { transact } from '../event-store/handle.pg.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import type { Running } from '@trunkmesh/runtime/operator-command.process.js';
import { KEEPERS, type Keeper, type Row } from './secret-keepers.pg.js';

export interface Rotated {
  total: number;
  reencrypted: number;
  /** Sealed with a key that is not in the ring, or damaged: nobody can open them. */ unreadable: Unreadable[];
}
export interface Unreadable {
  kind: Keeper['kind'];
  id: string;
  key_id: string;
}

const ROWS_PER_BATCH = 200;
/**
 * Rows that one statement looks through: of five million numbers hardly one has a secret, and an index for this alone
 * would be paid for by all of them.
 */
const PAGE = 20_000;
const FIRST = '00000000-0000-0000-0000-000000000000';

interface Page {
  seen: number;
  last: string | null;
  old: Row[];
}

/**
 * Seals every secret again that is not under the ring's first key, so that the old key can be taken out of it. In
 * batches, each a transaction: stopped at any moment, the next run goes on. The gateways are not touched, and no event
 * says that a secret changed.
 */
export async function rotateKeys(store: EventStore, ring: KeyRing, running: Running): Promise<Rotated> {
  const result: Rotated = { total: 0, reencrypted: 0, unreadable: [] };
  const counts = await Promise.all(
    KEEPERS.map(async ({ table }) =>
      Number((await store.query<{ rows: string }>(`select count(*) as rows from ${table}`))[0]!.rows),
    ),
  );
  const all = counts.reduce((sum, rows) => sum + rows, 0);
  let looked = 0;
  for (const keeper of KEEPERS) {
    for await (const { seen, old } of pages(store, keeper, ring)) {
      if (running.signal.aborted) return result;
      await rotatePage({ store, ring, running, keeper }, old, result);
      looked += seen;
      running.progress('encrypting again', looked, Math.max(all, looked));
    }
  }
  return result;
}

async function* pages(store: EventStore, { table, columns, sealed }: Keeper, ring: KeyRing): AsyncGenerator<Page> {
  for (let after = FIRST; ;) {
    const [page] = await store.query<Page>(
      `
      with page as materialized (select ${columns}, ${sealed} as sealed from ${table} where id > $2 order by id limit
        ${PAGE})
      select (select count(*)::int from page) as seen, (select id from page order by id desc limit 1) as last,
        (select coalesce(json_agg(page), '[]') from page where sealed is not null and split_part(sealed, '.', 2) <>
          $1) as old`,
      [ring.sealsWith, after],
    );
    if (page?.last == null) return;
    yield page;
    after = page.last;
  }
}

interface Rotation {
  store: EventStore;
  ring: KeyRing;
  running: Running;
  keeper: Keeper;
}

async function rotatePage(rotation: Rotation, rows: readonly Row[], result: Rotated): Promise<void> {
  result.total += rows.length;
  for (let from = 0; from < rows.length && !rotation.running.signal.aborted; from += ROWS_PER_BATCH) {
    const { reencrypted, unreadable } = await rotateBatch(rotation, rows.slice(from, from + ROWS_PER_BATCH));
    result.reencrypted += reencrypted;
    result.unreadable.push(...unreadable);
  }
}

function rotateBatch(
  { store, ring, keeper }: Rotation,
  rows: readonly Row[],
): Promise<Pick<Rotated, 'reencrypted' | 'unreadable'>> {
  return transact(store, async (work) => {
    const unreadable: Unreadable[] = [];
    let reencrypted = 0;
    for (const { id, secret, reseal } of await keeper.load(work, rows)) {
      // Changed since the list was read.
      if (sealedWith(secret) === ring.sealsWith) continue;
      const again = sealedAgain(ring, secret, id);
      if (again === undefined) unreadable.push({ kind: keeper.kind, id, key_id: sealedWith(secret) });
      else reencrypted += await reseal(again);
    }
    return { reencrypted, unreadable };
  });
}

function sealedAgain(ring: KeyRing, sealed: string, boundTo: string): string | undefined {
  try {
    return seal(ring, open(ring, sealed, boundTo), boundTo);
  } catch {
    // The reason is the key that is missing; the value itself is never shown.
    return undefined;
  }
}
