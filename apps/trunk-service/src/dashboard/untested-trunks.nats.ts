import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import { listCalls } from '../calls/call-log.nats.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { answeredTrunks } from '../usage/usage.nats.js';
import { MAX_UNTESTED, type UntestedTrunks } from './untested-trunks.js';

/** A call that goes on is in no sum yet. */
const MAX_ONGOING = 1_000;

export interface LookedAt extends UntestedTrunks {
  /** Trunks that had an answered call. */
  proven: number;
}

/**
 * Enabled trunks without an answered call since the day `from`, however many trunks there are.
 *
 * @throws DomainError usage-unavailable, call-log-unavailable
 */
export async function untestedTrunksOf(
  { store, nats }: { store: Pick<EventStore, 'query'>; nats: NatsLink },
  organization_id: string,
  from: string,
): Promise<LookedAt> {
  const [used, talking] = await Promise.all([
    answeredTrunks(nats, { organization_id, from }),
    listCalls(nats, { organization_id, status: 'ongoing', skip: 0, limit: MAX_ONGOING }),
  ]);
  const answered = talking.calls.filter(({ answered_at }) => answered_at !== null).map(({ trunk_id }) => trunk_id);
  const proven = [...new Set([...used, ...answered])].filter((id) => id !== null);
  // `not in`: PostgreSQL hashes the ids. As a join it would compare each of 100,000 with each trunk.
  const rows = await store.query<{ id: string; name: string; total: number }>(
    `select id, state ->> 'name' as name, (count(*) over ())::int as total from trunks
     where organization_id = $1 and enabled and id not in (select unnest($2::uuid[]))
     order by priority, name_key limit $3`,
    [organization_id, proven, MAX_UNTESTED],
  );
  const trunks = rows.map(({ id, name }) => ({ id, name }));
  return { total: rows[0]?.total ?? 0, trunks, proven: proven.length };
}
