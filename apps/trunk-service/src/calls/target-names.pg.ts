import type { CallSummary } from '@trunkmesh/contracts/call-log.js';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import type { TargetNames } from './call-view.js';

type Reader = Pick<EventStore, 'query'>;
type Kind = 'assistant' | 'flow';

/** As many as a request to the call log holds (contracts/call-log.ts). */
const MAX_ASSISTANTS = 10_000;

/** The names that the organisation's phone numbers have for the assistants and flows of these calls. */
export async function targetNames(
  record: Reader,
  organizationId: string,
  calls: readonly Pick<CallSummary, 'assistant_id' | 'flow_id'>[],
): Promise<TargetNames> {
  const [assistants, flows] = await Promise.all([
    namesOf(record, organizationId, 'assistant', idsOf(calls.map(({ assistant_id }) => assistant_id))),
    namesOf(record, organizationId, 'flow', idsOf(calls.map(({ flow_id }) => flow_id))),
  ]);
  return { assistants, flows };
}

const idsOf = (ids: readonly (number | null)[]): number[] => [...new Set(ids.filter((id) => id !== null))];

async function namesOf(
  record: Reader,
  organizationId: string,
  kind: Kind,
  ids: readonly number[],
): Promise<Map<number, string>> {
  if (ids.length === 0) return new Map();
  const rows = await record.query<{ id: string; name: string }>(
    `
    select wanted.id, found.name from unnest($3::bigint[]) as wanted (id)
    cross join lateral (select state->'target'->>'name' as name from numbers
      where organization_id = $1 and target_kind = $2 and target_id = wanted.id and state->'target'->>'name' is not null
      order by phone_number limit 1) as found`,
    [organizationId, kind, ids],
  );
  return new Map(rows.map(({ id, name }) => [Number(id), name]));
}

/**
 * The assistants whose name contains the text, in any case.
 * @throws DomainError invalid-request: there are more of them than a request to the call log holds
 */
export async function assistantsNamed(record: Reader, organizationId: string, text: string): Promise<number[]> {
  const rows = await record.query<{ id: string }>(
    `
    select distinct target_id as id from numbers where organization_id = $1 and target_kind = 'assistant' and target_id
      is not null and position(lower($2) in lower(state->'target'->>'name')) > 0 limit ${MAX_ASSISTANTS + 1}`,
    [organizationId, text],
  );
  if (rows.length > MAX_ASSISTANTS)
    throw new DomainError('invalid-request', `More than ${MAX_ASSISTANTS} assistants have such a name.`, [
      { pointer: '/assistant_name', message: 'matches too many assistants; give more of the name' },
    ]);
  return rows.map(({ id }) => Number(id));
}
