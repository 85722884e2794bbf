import type { AnyEvent } from '@trunkmesh/contracts/envelope.js';
import type { NumberState } from '@trunkmesh/contracts/number.js';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import { entityOfSubject } from '@trunkmesh/contracts/subjects.js';
import { lastPerSubject, type Queryable, type ReadModel } from '../event-store/read-model.js';
import { HOW_TO_CLAIM } from './number.js';

/**
 * A number that another organisation has conflicts with the second unique constraint, `numbers_phone_number`, which no
 * arbiter excuses.
 */
const UPSERT = `
  insert into numbers (id, organization_id, phone_number, sip_trunk_id, target_kind, target_id, is_active, version,
    state)
  select (state->>'id')::uuid, (state->>'organization_id')::uuid, state->>'phone_number',
    (state->>'sip_trunk_id')::uuid,
    state->'target'->>'kind', (state->'target'->>'id')::bigint, (state->>'is_active')::boolean, version, state
  from jsonb_to_recordset($1::jsonb) as row (version int, state jsonb)
  on conflict (organization_id, phone_number) do update set id = excluded.id, sip_trunk_id = excluded.sip_trunk_id,
    target_kind = excluded.target_kind,
    target_id = excluded.target_id, is_active = excluded.is_active, version = excluded.version, state = excluded.state`;

const DELETE = `
  delete from numbers using unnest($1::uuid[], $2::text[]) as gone (organization_id, phone_number)
  where numbers.organization_id = gone.organization_id and numbers.phone_number = gone.phone_number`;

async function project(transaction: Queryable, events: readonly AnyEvent[]): Promise<void> {
  const last = lastPerSubject(events);
  const gone = last
    .filter(({ data }) => data.state === null)
    .map(({ subject }) => entityOfSubject(subject))
    .filter((entity) => entity?.kind === 'number');
  // Removals first: one request may free a trunk or a number that another of its events takes.
  if (gone.length > 0) await transaction.query(DELETE, [gone.map(({ org }) => org), gone.map(({ number }) => number)]);
  const rows = last
    .filter(({ data }) => data.state !== null)
    .map(({ entityversion, data }) => ({ version: entityversion, state: data.state }));
  if (rows.length > 0) await transaction.query(UPSERT, [JSON.stringify(rows)]);
}

export const numberReadModel: ReadModel = {
  kind: 'number',
  tables: ['numbers'],
  project,
  violations: {
    // Does not say whose it is.
    numbers_phone_number: () =>
      new DomainError('duplicate-number', `This phone number is already in use. ${HOW_TO_CLAIM}`, [
        { pointer: '/phone_number', message: 'is already in use' },
      ]),
  },
};

export interface NumberRow {
  version: number;
  state: NumberState;
}
