import { numberState, type NumberProof, type NumberState } from '@trunkmesh/contracts/number.js';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import { numberSubject } from '@trunkmesh/contracts/subjects.js';
import { uuidv7 } from 'uuidv7';
import { transact, type Work } from '../event-store/handle.pg.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { decide, NEW_NUMBER } from './number.js';

export const CLAIM_DAYS = 7;
/** Open claims of one organisation. */
const MAX_OPEN_CLAIMS = 20;
const RETRY = { retryOn: ['numbers_phone_number', 'numbers_pk'] };

export interface NumberClaim {
  phone_number: string;
  created_at: string;
  expires_at: string;
}
interface ClaimRow {
  phone_number: string;
  created_at: Date;
  expires_at: Date;
}

const viewOf = ({ phone_number, created_at, expires_at }: ClaimRow): NumberClaim => ({
  phone_number,
  created_at: created_at.toISOString(),
  expires_at: expires_at.toISOString(),
});

/** Claiming again starts over. Whether the present holder has proven the number is not shown. */
export function openClaim(store: EventStore, organizationId: string, phone_number: string): Promise<NumberClaim> {
  return transact(store, async ({ manager }) => {
    await manager.query('select pg_advisory_xact_lock(hashtextextended($1, 3))', [organizationId]);
    const [holder] = await manager.query<{ organization_id: string }[]>(
      'select organization_id from numbers where phone_number = $1',
      [phone_number],
    );
    if (holder === undefined)
      throw new DomainError('conflict', `Nobody has ${phone_number} here. Add it: POST /api/v1/phone-numbers.`);
    if (holder.organization_id === organizationId)
      throw new DomainError('duplicate-number', `${phone_number} is already one of your numbers.`);
    await manager.query('delete from number_claims where expires_at <= now()');
    const [{ open }] = await manager.query<[{ open: string }]>(
      'select count(*) as open from number_claims where organization_id = $1 and phone_number <> $2',
      [organizationId, phone_number],
    );
    if (Number(open) >= MAX_OPEN_CLAIMS) {
      throw new DomainError(
        'conflict',
        `Your organisation has ${MAX_OPEN_CLAIMS} open claims. Withdraw one of them, or wait until it expires.`,
      );
    }
    const [row] = await manager.query<[ClaimRow]>(
      `
      insert into number_claims (organization_id, phone_number, created_at, expires_at) values ($1, $2, now(), now() +
        make_interval(days => $3))
      on conflict (organization_id, phone_number) do update set created_at = excluded.created_at, expires_at =
        excluded.expires_at
      returning phone_number, created_at, expires_at`,
      [organizationId, phone_number, CLAIM_DAYS],
    );
    return viewOf(row);
  });
}

export async function listClaims(store: EventStore, organizationId: string): Promise<NumberClaim[]> {
  const rows = await store.query<ClaimRow>(
    `
    select phone_number, created_at, expires_at from number_claims where organization_id = $1 and expires_at > now()
      order by phone_number`,
    [organizationId],
  );
  return rows.map(viewOf);
}

export async function withdrawClaim(store: EventStore, organizationId: string, phone_number: string): Promise<void> {
  const gone = await store.query(
    'delete from number_claims where organization_id = $1 and phone_number = $2 returning phone_number',
    [organizationId, phone_number],
  );
  if (gone.length === 0) throw new DomainError('claim-not-found', 'There is no such claim.');
}

/** Until when another organisation claims the number; null: nobody does. */
export async function claimedUntil(
  store: EventStore,
  organizationId: string,
  phone_number: string,
): Promise<string | null> {
  const [row] = await store.query<{ until: Date | null }>(
    'select max(expires_at) as until from number_claims where phone_number = $1 and organization_id <> $2 and ' +
      'expires_at > now()',
    [phone_number, organizationId],
  );
  return row?.until?.toISOString() ?? null;
}

/** The operator's word: the number is this organisation's, no matter who has it now. */
export function moveNumber(
  store: EventStore,
  { organizationId, phone_number }: { organizationId: string; phone_number: string },
): Promise<NumberState> {
  return transact(
    store,
    async (work) => {
      const [holder] = await work.manager.query<{ organization_id: string }[]>(
        'select organization_id from numbers where phone_number = $1',
        [phone_number],
      );
      const proof: NumberProof = { by: 'operator', at: work.at };
      if (holder?.organization_id !== organizationId)
        return moveIn(work, { from: holder?.organization_id, to: organizationId, phone_number, proof });
      const before = await work.load<NumberState>(numberSubject(organizationId, phone_number), numberState);
      return work.append(before, decide(before.state, { type: 'ProveNumber', by: 'operator', at: work.at })).state!;
    },
    RETRY,
  );
}

interface Move {
  from: string | undefined;
  to: string;
  phone_number: string;
  proof: NumberProof;
}

/** It arrives without trunk and assistant: what the other organisation had set is not passed on. */
async function moveIn(work: Work, { from, to, phone_number, proof }: Move): Promise<NumberState> {
  if (from !== undefined) {
    const taken = await work.load<NumberState>(numberSubject(from, phone_number), numberState);
    work.append(taken, decide(taken.state, { type: 'RemoveNumber' }));
  }
  const before = await work.load<NumberState>(numberSubject(to, phone_number), numberState);
  const command = {
    type: 'AddNumber',
    id: uuidv7(),
    organization_id: to,
    phone_number,
    fields: NEW_NUMBER,
    proof,
    at: work.at,
  } as const;
  const after = work.append(before, decide(before.state, command));
  await work.manager.query('delete from number_claims where phone_number = $1', [phone_number]);
  return after.state!;
}

/**
 * Claimants that a refused call speaks for: it came from a listed carrier's network, which the claimant lists and where
 * it has evidence. ADR 0018 has why nothing less counts.
 */
const CLAIMANTS = `
  select c.organization_id from number_claims c where c.phone_number = $1 and c.expires_at > now()
    and exists (select 1 from carrier_networks n where n.network >>= $2::inet)
    and exists (select 1 from addresses a where a.organization_id = c.organization_id and a.network >>= $2::inet)
    and exists (select 1 from trunk_claims t where t.organization_id = c.organization_id and t.network >>= $2::inet)`;

const HOLDER = `
  select n.organization_id, n.state ? 'proof' as proven,
    exists (select 1 from trunk_claims t where t.organization_id = n.organization_id and t.network >>= $2::inet) as
      is_there
  from numbers n where n.phone_number = $1`;

/** True: the number has moved to the one organisation whose claim the call proves. */
export function settleClaim(store: EventStore, phone_number: string, source: string): Promise<boolean> {
  return transact(
    store,
    async (work) => {
      const claimants = await work.manager.query<{ organization_id: string }[]>(CLAIMANTS, [phone_number, source]);
      const [holder] = await work.manager.query<{ organization_id: string; proven: boolean; is_there: boolean }[]>(
        HOLDER,
        [phone_number, source],
      );
      if (claimants.length !== 1 || holder?.proven === true || holder?.is_there === true) return false;
      const proof: NumberProof = { by: 'call', at: work.at };
      await moveIn(work, { from: holder?.organization_id, to: claimants[0]!.organization_id, phone_number, proof });
      return true;
    },
    RETRY,
  );
}
