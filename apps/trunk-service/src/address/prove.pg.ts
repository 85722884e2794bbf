import { addressState, type AddressEvidence, type AddressState } from '@trunkmesh/contracts/address.js';
import { addressSubject } from '@trunkmesh/contracts/subjects.js';
import type { Loaded } from '../event-store/decided.js';
import { transact, type Work } from '../event-store/handle.pg.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { decide, type AddressCommand } from './address.js';

export interface Proof {
  organization_id: string;
  network: string;
  evidence: AddressEvidence;
}

/**
 * Any number that nothing else of ours locks. Two organisations that prove one address at the same moment must see
 * each other.
 */
const EVIDENCE_LOCK = 7_102_005;

interface Holder {
  organization_id: string;
  network: string;
}

const OTHERS = `
  select organization_id, text(network) as network from addresses where network && $1::inet and organization_id <> $2
    order by organization_id, network`;

/** Those that share the address already know: of a carrier's address they are thousands. */
const ALONE = `
  select organization_id, text(network) as network from addresses
  where network && $1::inet and organization_id <> $2 and state->>'shared_since' is null order by organization_id,
    network`;

const IS_SHARED =
  'select exists (select 1 from addresses where network && $1::inet and organization_id <> $2) as shared';

const STILL_SHARED = `
  select 1 from addresses where network && $1::inet and organization_id <> $2 and (organization_id, network) <>
    ($3::uuid, $4::inet) limit 1`;

/**
 * Records the evidence, and notes for every organisation that has evidence there already that it shares the address
 * from now on.
 */
export function proveAddress(store: EventStore, proof: Proof): Promise<AddressState> {
  return transact(store, (work) => proveIn(work, proof));
}

/** The same within a transaction of more. */
export async function proveIn(work: Work, { organization_id, network, evidence }: Proof): Promise<AddressState> {
  await work.manager.query('select pg_advisory_xact_lock($1)', [EVIDENCE_LOCK]);
  const [found] = await work.manager.query<{ shared: boolean }[]>(IS_SHARED, [network, organization_id]);
  const before = await work.load<AddressState>(addressSubject(organization_id, network), addressState);
  const events = decide(before.state, {
    type: 'ProveAddress',
    organization_id,
    network,
    evidence,
    shared: found!.shared,
  });
  const after = work.append(before, events);
  if (before.state === null)
    await tell(work, await work.manager.query<Holder[]>(ALONE, [network, organization_id]), {
      type: 'ShareAddress',
      at: work.at,
    });
  await work.flush();
  return after.state!;
}

export interface Withdrawal extends Holder {
  reason: string | null;
}

/** Of those that shared the address, one may be left alone. */
export function withdrawEvidence(store: EventStore, { organization_id, network, reason }: Withdrawal): Promise<void> {
  return transact(store, async (work) => {
    await work.manager.query('select pg_advisory_xact_lock($1)', [EVIDENCE_LOCK]);
    const before = await work.load<AddressState>(addressSubject(organization_id, network), addressState);
    work.append(before, decide(before.state, { type: 'WithdrawEvidence', reason }));
    const alone: Holder[] = [];
    for (const other of await work.manager.query<Holder[]>(OTHERS, [network, organization_id])) {
      const rest = await work.manager.query<unknown[]>(STILL_SHARED, [
        other.network,
        other.organization_id,
        organization_id,
        network,
      ]);
      if (rest.length === 0) alone.push(other);
    }
    await tell(work, alone, { type: 'UnshareAddress', at: work.at });
  });
}

async function tell(work: Work, holders: readonly Holder[], command: AddressCommand): Promise<void> {
  const loaded = await work.loadMany<AddressState>(
    holders.map(({ organization_id, network }) => addressSubject(organization_id, network)),
    addressState,
  );
  for (const before of loaded.values()) work.append(before as Loaded<AddressState>, decide(before.state, command));
}
