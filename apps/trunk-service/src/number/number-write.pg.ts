import { numberState, type NumberState } from '@trunkmesh/contracts/number.js';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import { numberSubject } from '@trunkmesh/contracts/subjects.js';
import type { SealSecret } from '../call-settings/call-settings.js';
import { createOnce, type Answer, type IdempotencyKey } from '../http/idempotency.pg.js';
import { etagOf } from '../http/etag.js';
import type { Loaded } from '../event-store/decided.js';
import { transact, type Work } from '../event-store/handle.pg.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { newFields, presentNumber, type CreateNumber } from './number-input.js';
import { numberNotFound } from './number-query.pg.js';
import { decide, type NumberFields } from './number.js';

/** The trunk was deleted at the same moment: done again, the work sees that and says so. */
const RETRY = { retryOn: ['numbers_trunk'] };

export function addNumber(
  store: EventStore,
  key: IdempotencyKey | undefined,
  organizationId: string,
  added: { id: string; input: CreateNumber; seal: SealSecret },
): Promise<Answer> {
  const {
    id,
    seal,
    input: { phone_number, ...input },
  } = added;
  return createOnce(
    store,
    key,
    async (work) => {
      // Whether somebody else has it is what the unique constraint says.
      const before = await work.load<NumberState>(numberSubject(organizationId, phone_number), numberState);
      const fields = newFields(input, id, seal);
      const events = decide(before.state, {
        type: 'AddNumber',
        id,
        organization_id: organizationId,
        phone_number,
        fields,
        at: work.at,
      });
      await requireTrunk(work, organizationId, fields.sip_trunk_id);
      const { state, version } = work.append<NumberState>(before, events);
      return {
        status: 201,
        headers: { ETag: etagOf(version), Location: `/api/v1/phone-numbers/${id}` },
        body: presentNumber(state!),
      };
    },
    RETRY,
  );
}

/** `changes` sees the number as it is, so that a whole replacement can keep what it does not own. */
export function changeNumber(
  store: EventStore,
  which: { organizationId: string; id: string },
  changes: (before: NumberState) => Partial<NumberFields>,
  precondition: (before: Loaded<NumberState>) => void,
): Promise<Loaded<NumberState>> {
  return transact(
    store,
    async (work) => {
      const before = await loadById(work, which);
      precondition(before);
      const changed = changes(before.state!);
      if (changed.sip_trunk_id !== before.state!.sip_trunk_id)
        await requireTrunk(work, which.organizationId, changed.sip_trunk_id);
      return work.append(before, decide(before.state, { type: 'ChangeNumber', changes: changed, at: work.at }));
    },
    RETRY,
  );
}

export function removeNumber(
  store: EventStore,
  which: { organizationId: string; id: string },
  precondition: (before: Loaded<NumberState>) => void,
): Promise<void> {
  return transact(store, async (work) => {
    const before = await loadById(work, which);
    precondition(before);
    work.append(before, decide(before.state, { type: 'RemoveNumber' }));
  });
}

/**
 * The id finds the number, the number is the entity. Between the two it may have been removed and added again: then
 * this id is gone.
 */
async function loadById(
  work: Work,
  { organizationId, id }: { organizationId: string; id: string },
): Promise<Loaded<NumberState>> {
  const [row] = await work.manager.query<{ phone_number: string }[]>(
    'select phone_number from numbers where organization_id = $1 and id = $2',
    [organizationId, id],
  );
  if (row === undefined) throw numberNotFound();
  const loaded = await work.load<NumberState>(numberSubject(organizationId, row.phone_number), numberState);
  if (loaded.state?.id !== id) throw numberNotFound();
  return loaded;
}

/**
 * Another organisation's trunk answers as one that does not exist. The row stays locked against deletion until the
 * commit.
 */
async function requireTrunk(work: Work, organizationId: string, trunkId: string | null | undefined): Promise<void> {
  if (trunkId === null || trunkId === undefined) return;
  const found = await work.manager.query<unknown[]>(
    'select 1 from trunks where organization_id = $1 and id = $2 for key share',
    [organizationId, trunkId],
  );
  if (found.length === 0)
    throw new DomainError('trunk-not-found', 'There is no such trunk.', [
      { pointer: '/sip_trunk_id', message: 'is not the id of one of your trunks' },
    ]);
}
