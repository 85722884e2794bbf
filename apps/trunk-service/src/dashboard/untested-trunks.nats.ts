import type { UsageSummaryQuery } from '@trunkmesh/contracts/usage-query.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import { listCalls } from '../calls/call-log.nats.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { summarizeUsage } from '../usage/usage.nats.js';
import { MAX_UNTESTED, type UntestedTrunks } from './untested-trunks.js';

/** A call that goes on is in no sum yet. */
const MAX_ONGOING = 1_000;
const PAGE_SIZE = 1_000;

/**
 * Enabled trunks without an answered call since the day `from`, however many trunks there are.
 *
 * @throws DomainError usage-unavailable, call-log-unavailable
 */
export async function untestedTrunksOf(
  { store, nats }: { store: Pick<EventStore, 'query'>; nats: NatsLink },
  organizationId: string,
  from: string,
): Promise<UntestedTrunks> {
  const [used, talking] = await Promise.all([
    usedSince(nats, organizationId, from),
    listCalls(nats, { organization_id: organizationId, status: 'ongoing', skip: 0, limit: MAX_ONGOING }),
  ]);
  const answered = talking.calls.filter(({ answered_at }) => answered_at !== null).map(({ trunk_id }) => trunk_id);
  const proven = [...new Set([...used, ...answered])].filter((id) => id !== null);
  const rows = await store.query<{ id: string; name: string; total: number }>(
    `select id, state ->> 'name' as name, (count(*) over ())::int as total from trunks
     where organization_id = $1 and enabled
       and not exists (select from unnest($2::uuid[]) as proven (id) where proven.id = trunks.id)
     order by priority, name_key limit $3`,
    [organizationId, proven, MAX_UNTESTED],
  );
  return { total: rows[0]?.total ?? 0, trunks: rows.map(({ id, name }) => ({ id, name })) };
}

async function usedSince(nats: NatsLink, organization_id: string, from: string): Promise<(string | null)[]> {
  const used: (string | null)[] = [];
  let after: UsageSummaryQuery['after'];
  do {
    const request = { organization_id, by: 'trunk' as const, from, limit: PAGE_SIZE, after };
    const { groups, next } = await summarizeUsage(nats, request);
    used.push(...groups.filter(({ answered_calls }) => answered_calls > 0).map(({ key }) => key));
    after = next ?? undefined;
  } while (after !== undefined);
  return used;
}
