import { DomainError } from '@trunkmesh/contracts/problem.js';
import type { Queryable } from './read-model.js';

export type QuotaKind = 'trunks' | 'numbers' | 'api_keys';

const COUNTED: Record<QuotaKind, { things: string; rows: string }> = {
  trunks: { things: 'trunks', rows: 'trunks' },
  numbers: { things: 'phone numbers', rows: 'numbers' },
  api_keys: { things: 'API keys', rows: '(select organization_id from api_keys where revoked_at is null)' },
};

/** For so long a count is believed, as long as there is much room: counting costs more than the command. */
const KNOWN_MS = 5_000;
const SPARE_SHARE = 0.1;
const MAX_SPARE = 100_000_000;

/** How many of each an organisation may have: its own quota, else the installation's; 0: any number. */
export class Quotas {
  private readonly known = new Map<string, { room: number; much: number; until: number }>();
  constructor(private readonly standard: Readonly<Record<QuotaKind, number>>) {}

  /**
   * Called in the transaction that has added so many. Near the limit it is exact, but for what other transactions are
   * adding at the same moment.
   * @throws DomainError quota-exceeded
   */
  async check(transaction: Queryable, organizationId: string, ...[kind, added]: [QuotaKind, number]): Promise<void> {
    const key = `${kind} ${organizationId}`;
    const known = this.known.get(key);
    if (known !== undefined && performance.now() < known.until && known.room - added >= known.much) {
      known.room -= added;
      return;
    }
    const { quota, count } = await this.count(transaction, organizationId, kind);
    if (count > quota) throw exceeded(kind, quota);
    if (this.known.size >= 10_000) this.known.clear();
    const much = Math.min(quota * SPARE_SHARE, MAX_SPARE);
    this.known.set(key, { room: quota - count, much, until: performance.now() + KNOWN_MS });
  }

  /**
   * Whether so many could be added; for a trial.
   * @throws DomainError quota-exceeded
   */
  async checkRoom(transaction: Queryable, organizationId: string, ...[kind, more]: [QuotaKind, number]): Promise<void> {
    const { quota, count } = await this.count(transaction, organizationId, kind);
    if (count + more > quota) throw exceeded(kind, quota);
  }

  private async count(
    transaction: Queryable,
    organizationId: string,
    kind: QuotaKind,
  ): Promise<{ quota: number; count: number }> {
    const [row] = (await transaction.query(
      `
      select coalesce((o.state->'quotas'->>$2)::bigint, $3::bigint) as quota,
        (select count(*) from ${COUNTED[kind].rows} as counted where counted.organization_id = o.id) as count
      from organizations o where o.id = $1`,
      [organizationId, kind, this.standard[kind]],
    )) as { quota: string; count: string }[];
    return { quota: Number(row?.quota ?? 0) || Infinity, count: Number(row?.count ?? 0) };
  }
}

function exceeded(kind: QuotaKind, quota: number): DomainError {
  const { things } = COUNTED[kind];
  const advice = `Delete ${things} that are not needed, or ask the operator for a higher quota.`;
  const detail = `This organisation may have ${quota} ${things}. Nothing was changed. ${advice}`;
  return new DomainError('quota-exceeded', detail, [], { quota: kind, limit: quota });
}
