import { numberState, type NumberState } from '@trunkmesh/contracts/number.js';
import { numberSubject } from '@trunkmesh/contracts/subjects.js';
import type { Work } from '../event-store/handle.pg.js';
import { decide } from './number.js';

interface RoutedCall {
  organization_id: string;
  phone_number: string;
  source: string;
}

/**
 * Another organisation has an open claim on the number, and is served from the same address: then the call proves
 * nothing for either.
 */
const CONTESTED = `
  select 1 from number_claims c join addresses a on a.organization_id = c.organization_id and a.network >>= $3::inet
  where c.phone_number = $1 and c.organization_id <> $2 and c.expires_at > now() limit 1`;

/** A call for the number was routed to the organisation from an address where it has evidence. */
export async function proveNumberIn(work: Work, { organization_id, phone_number, source }: RoutedCall): Promise<void> {
  const before = await work.load<NumberState>(numberSubject(organization_id, phone_number), numberState);
  if (before.state === null || before.state.proof !== undefined) return;
  const contested = await work.manager.query<unknown[]>(CONTESTED, [phone_number, organization_id, source]);
  if (contested.length > 0) return;
  work.append(before, decide(before.state, { type: 'ProveNumber', by: 'call', at: work.at }));
}
