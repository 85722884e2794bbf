import { VERIFICATION_VALID_MS, type VerificationAnswer, type VerificationCall } from '@trunkmesh/contracts/address.js';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import { trunkSubject } from '@trunkmesh/contracts/subjects.js';
import { trunkState, type TrunkState } from '@trunkmesh/contracts/trunk.js';
import { networkOfAddress } from '@trunkmesh/routing/claims.js';
import { proveIn } from '../address/prove.pg.js';
import { transact, type Work } from '../event-store/handle.pg.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { ACCEPTED, detailsOf, isClaimed, judgeArrival, judgeConfirmation, UNKNOWN_CODE } from './judge.js';
import { reportOf, type Arrival, type CodeRow, type VerificationReport } from './report.js';

/** Codes of one trunk that may be open at a time. */
const MAX_OPEN_CODES = 5;
/** Calls kept for the report of one code. */
const MAX_ARRIVALS = 50;

/** Awaited wherever it is used: a promise as a parameter of a query is `{}` for every code. */
const hashOf = (store: EventStore, code: string): Promise<Buffer> => store.fingerprint([`verification code ${code}`]);

export interface NewCode {
  id: string;
  organization_id: string;
  trunk_id: string;
  code: string;
  address: string | null;
}

/** Valid from now by PostgreSQL's clock; when it runs out. */
export async function openCode(
  store: EventStore,
  work: Work,
  { id, organization_id, trunk_id, code, address }: NewCode,
): Promise<Date> {
  const { manager } = work;
  await manager.query('select pg_advisory_xact_lock(hashtextextended($1, 2))', [trunk_id]);
  await manager.query(`delete from verification_codes where expires_at < now() - interval '7 days'`);
  const [{ open }] = await manager.query<[{ open: string }]>(
    'select count(*) as open from verification_codes where trunk_id = $1 and used_at is null and expires_at > now()',
    [trunk_id],
  );
  if (Number(open) >= MAX_OPEN_CODES)
    throw new DomainError(
      'conflict',
      `This trunk has ${MAX_OPEN_CODES} open verification codes. Dial one of them, or wait until they expire ` +
        '(15 minutes).',
    );
  const [row] = await manager.query<[{ expires_at: Date }]>(
    `
    insert into verification_codes (id, organization_id, trunk_id, code_hash, address, expires_at)
    values ($1, $2, $3, $4, $5, now() + make_interval(secs => $6)) returning expires_at`,
    [id, organization_id, trunk_id, await hashOf(store, code), address, VERIFICATION_VALID_MS / 1000],
  );
  return row.expires_at;
}

const CODE =
  'id, trunk_id, host(address) as address, created_at, expires_at, used_at is not null as used, expires_at <= ' +
  'now() as expired';

/** What became of the trunk's latest code; undefined where there is none. */
export async function latestReport(
  store: EventStore,
  organizationId: string,
  trunkId: string,
): Promise<VerificationReport | undefined> {
  const [code] = await store.query<CodeRow>(
    `select ${CODE} from verification_codes where organization_id = $1 and trunk_id = $2 order by created_at
      desc limit 1`,
    [organizationId, trunkId],
  );
  if (code === undefined) return undefined;
  const rows = await store.query<{
    at: Date;
    phase: Arrival['phase'];
    call_id: string;
    details: Omit<Arrival, 'at' | 'phase' | 'call_id'>;
  }>('select at, phase, call_id, details from verification_arrivals where code_id = $1 order by position limit $2', [
    code.id,
    MAX_ARRIVALS,
  ]);
  return reportOf(
    code,
    rows.map(({ at, phase, call_id, details }) => ({ at: at.toISOString(), phase, call_id, ...details })),
  );
}

interface Found extends CodeRow {
  organization_id: string;
  used_by: string | null;
}

/** What a bridge says of a call that dialled a code: kept for the report, and evidence once it is confirmed. */
export function takeVerificationCall(store: EventStore, call: VerificationCall): Promise<VerificationAnswer> {
  return transact(store, async (work) => {
    const [code] = await work.manager.query<Found[]>(
      `select ${CODE}, organization_id, used_by from verification_codes where code_hash = $1 for update`,
      [await hashOf(store, call.code)],
    );
    if (code === undefined) return UNKNOWN_CODE;
    const { state: trunk } = await work.load<TrunkState>(trunkSubject(code.organization_id, code.trunk_id), trunkState);
    const answer = await judged(work, code, trunk, call);
    if (call.phase === 'confirmed' && answer.outcome === 'accepted' && !code.used) await use(work, code, call);
    if (!(call.phase === 'confirmed' && code.used))
      await note(work, code.id, { call, answer, claimed: trunk !== null && isClaimed(trunk, call.source_address) });
    return answer;
  });
}

async function judged(
  work: Work,
  code: Found,
  trunk: TrunkState | null,
  call: VerificationCall,
): Promise<VerificationAnswer> {
  if (call.phase === 'abandoned') return ACCEPTED;
  if (call.phase === 'arrived') return judgeArrival(code, trunk, call);
  const accepted = await work.manager.query<unknown[]>(
    `select 1 from verification_arrivals where code_id = $1 and call_id = $2 and phase = 'arrived' and
      details->>'outcome' = 'accepted' and details->>'source_address' = $3 limit 1`,
    [code.id, call.call_id, call.source_address],
  );
  return judgeConfirmation(code, trunk, call, accepted.length > 0);
}

async function use(work: Work, code: Found, call: VerificationCall): Promise<void> {
  await work.manager.query('update verification_codes set used_at = now(), used_by = $2 where id = $1', [
    code.id,
    call.call_id,
  ]);
  const evidence = { by: 'verification-call' as const, at: work.at, trunk_id: code.trunk_id, call_id: call.call_id };
  await proveIn(work, {
    organization_id: code.organization_id,
    network: networkOfAddress(call.source_address)!,
    evidence,
  });
}

async function note(
  work: Work,
  codeId: string,
  { call, answer, claimed }: { call: VerificationCall; answer: VerificationAnswer; claimed: boolean },
): Promise<void> {
  await work.manager.query(
    `
    insert into verification_arrivals (code_id, call_id, phase, details)
    select $1, $2, $3, $4::jsonb where (select count(*) from verification_arrivals where code_id = $1) < $5`,
    [codeId, call.call_id, call.phase, JSON.stringify(detailsOf(call, answer, claimed)), MAX_ARRIVALS],
  );
}
