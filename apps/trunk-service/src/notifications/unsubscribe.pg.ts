import { DomainError } from '@trunkmesh/contracts/problem.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { actingFor } from '../event-store/actor.process.js';
import { noteChange } from '../event-store/note-change.pg.js';
import type { PlainChangeType } from '../event-store/plain-change-types.js';
import type { Queryable } from '../event-store/read-model.js';

/** Whom an unsubscribe link is for. */
export interface LinkedRecipient {
  organization_id: string;
  organization_name: string;
  address: string;
  unsubscribed_at: Date | null;
}

/** Undefined: nobody has this link. */
export async function linkedRecipient(
  store: Pick<EventStore, 'query'>,
  token: string,
): Promise<LinkedRecipient | undefined> {
  const [row] = await store.query<LinkedRecipient>(
    `select recipient.organization_id, recipient.address, recipient.unsubscribed_at,
       organizations.state->>'name' as organization_name
     from notification_recipients as recipient join organizations on organizations.id = recipient.organization_id
     where recipient.unsubscribe_token = $1`,
    [token],
  );
  return row;
}

/** From then on nothing is sent to the recipient for the organisation, not even a code. Twice is no error. */
export const unsubscribe = (store: EventStore, token: string): Promise<void> =>
  change(store, token, {
    set: 'unsubscribed_at = now(), wants_code = false',
    where: 'unsubscribed_at is null',
    states: ['subscribed', 'unsubscribed'],
    type: 'NotificationRecipientUnsubscribed',
  });

/** As it was before: an address that had not confirmed has still to. */
export const subscribeAgain = (store: EventStore, token: string): Promise<void> =>
  change(store, token, {
    set: 'unsubscribed_at = null',
    where: 'unsubscribed_at is not null',
    states: ['unsubscribed', 'subscribed'],
    type: 'NotificationRecipientSubscribedAgain',
  });

interface Change {
  set: string;
  where: string;
  /** Before and after, as the history shows them. */
  states: readonly [string, string];
  type: PlainChangeType;
}

async function change(store: EventStore, token: string, { set, where, states, type }: Change): Promise<void> {
  await store.transaction(async (manager) => {
    const [changed] = (await manager.query(
      `with changed as (
         update notification_recipients set ${set} where unsubscribe_token = $1 and ${where}
         returning organization_id, address)
       select * from changed`,
      [token],
    )) as { organization_id: string; address: string }[];
    if (changed === undefined) return;
    const { organization_id, address } = changed;
    const channels = (await manager.query(
      `select id, name from notification_channels where organization_id = $1 and exists (
         select from jsonb_array_elements_text(recipients) as recipient where lower(recipient) = $2)`,
      [organization_id, address],
    )) as { id: string; name: string }[];
    const [before, after] = states.map((state) => ({ [address]: state }));
    // Without the address that the request came from: it is the recipient's, and none of the organisation's business.
    await actingFor(
      () => ({ actor: 'system' }),
      async () => {
        for (const { id, name } of channels)
          await noteChange(manager, {
            ...{ organization_id, kind: 'notification-channel', id, name, type },
            ...{ before: before!, after: after! },
          });
      },
    );
  });
}

/** @throws DomainError recipient-unsubscribed */
export async function refuseUnsubscribed(
  store: Queryable,
  organizationId: string,
  addresses: readonly string[],
): Promise<void> {
  const [row] = (await store.query(
    `select address from notification_recipients
     where organization_id = $1 and address = any($2::text[]) and unsubscribed_at is not null limit 1`,
    [organizationId, addresses.map((address) => address.toLowerCase())],
  )) as { address: string }[];
  if (row === undefined) return;
  throw new DomainError(
    'recipient-unsubscribed',
    `${row.address} has unsubscribed. Nothing was changed. Only the recipient can subscribe again, by the link in an ` +
      'e-mail that it got from this organisation.',
  );
}
