import { DomainError } from '@trunkmesh/contracts/problem.js';
import { numberState } from '@trunkmesh/contracts/number.js';
import { numberSubject, trunkSubject } from '@trunkmesh/contracts/subjects.js';
import { trunkState, type TrunkState } from '@trunkmesh/contracts/trunk.js';
import { decide as decideNumber } from '../number/number.js';
import type { Loaded } from '../event-store/decided.js';
import { transact, type Work } from '../event-store/handle.pg.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { decide } from './trunk.js';

interface AssignedNumber {
  id: string;
  phone_number: string;
}

const NAMED = 100;

/**
 * One transaction: the numbers lose the trunk, then the trunk goes. A number that is assigned meanwhile is caught by
 * its foreign key, and the work, done again, sees it.
 */
export function deleteTrunk(
  store: EventStore,
  trunk: { organizationId: string; id: string; force: boolean },
  precondition: (before: Loaded<TrunkState>) => void,
): Promise<void> {
  const { organizationId, id, force } = trunk;
  return transact(
    store,
    async (work) => {
      const before = await work.load(trunkSubject(organizationId, id), trunkState);
      const events = decide(before.state, { type: 'DeleteTrunk' }, work.next(before));
      precondition(before);
      const numbers = await numbersOf(work, organizationId, id);
      if (numbers.length > 0 && !force) throw hasNumbers(before.state!.name, numbers);
      await unassign(work, organizationId, numbers);
      work.append(before, events);
    },
    { retryOn: ['numbers_trunk'] },
  );
}

async function numbersOf(work: Work, organizationId: string, id: string): Promise<AssignedNumber[]> {
  return (await work.manager.query(
    'select id, phone_number from numbers where organization_id = $1 and sip_trunk_id = $2 order by phone_number',
    [organizationId, id],
  )) as AssignedNumber[];
}

async function unassign(work: Work, organizationId: string, numbers: readonly AssignedNumber[]): Promise<void> {
  const loaded = await work.loadMany(
    numbers.map(({ phone_number }) => numberSubject(organizationId, phone_number)),
    numberState,
  );
  for (const number of loaded.values())
    work.append(
      number,
      decideNumber(number.state, { type: 'ChangeNumber', changes: { sip_trunk_id: null }, at: work.at }),
    );
}

function hasNumbers(name: string, numbers: readonly AssignedNumber[]): DomainError {
  const some = numbers
    .slice(0, 5)
    .map(({ phone_number }) => phone_number)
    .join(', ');
  const others = numbers.length > 5 ? ` and ${numbers.length - 5} more` : '';
  return new DomainError(
    'trunk-has-numbers',
    `The trunk "${name}" still has numbers: ${some}${others}. Assign them to another trunk first, or delete ` +
      'with ?force=true, which leaves them without a trunk.',
    [],
    {
      numbers: numbers.slice(0, NAMED),
      number_count: numbers.length,
    },
  );
}
