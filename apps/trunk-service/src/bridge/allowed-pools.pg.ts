import type { OrganizationState } from '@trunkmesh/contracts/organization.js';
import type { Queryable } from '../event-store/read-model.js';
import { poolsOf } from './pool-policy.js';

/** The bridge pools that the organisation may use. In a transaction, as it is there. */
export async function allowedPools(record: Pick<Queryable, 'query'>, id: string): Promise<readonly string[]> {
  const [row] = (await record.query('select state from organizations where id = $1', [id])) as {
    state: OrganizationState;
  }[];
  return poolsOf(row?.state ?? {});
}
