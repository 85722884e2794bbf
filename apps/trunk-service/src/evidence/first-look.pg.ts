import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { contestedCount } from '../address/contested.pg.js';
import type { EventStore } from '../event-store/event-store.pg.js';

/** When evidence was first read from calls, in the whole life of the installation; `created` where it is now. */
export async function firstStart(store: EventStore, created: Date): Promise<Date> {
  const [row] = await store.query<{ made_at: Date }>(
    `with made as (
      insert into reports_made (name, made_at) values ('evidence-from-calls', $1) on conflict do nothing
      returning made_at
    )
    select made_at from made union all select made_at from reports_made where name = 'evidence-from-calls' limit 1`,
    [created],
  );
  return row!.made_at;
}

/**
 * Once in an installation's life, when what its calls prove is known: how many addresses several organisations claim.
 * Whatever one organisation alone uses stays as it was; the operator looks at the others.
 */
export async function reportContested(store: EventStore, logger: Logger): Promise<void> {
  const count = await contestedCount(store);
  const first = await store.query(
    `insert into reports_made (name, made_at) values ('contested-addresses', now()) on conflict do nothing
      returning name`,
  );
  if (first.length === 0) return;
  const where = 'GET /api/v1/addresses?contested=true';
  if (count > 0) logger.warn({ count, where }, 'several organisations claim the same addresses');
  else logger.info({ count, where }, 'no address is claimed by several organisations');
}
