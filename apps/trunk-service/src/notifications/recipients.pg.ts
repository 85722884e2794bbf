import { createHash, randomInt } from 'node:crypto';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import type { Queryable } from '../event-store/read-model.js';
import { refuseUnsubscribed } from './unsubscribe.pg.js';
import { CODE_ALPHABET, CODE_LENGTH, readCode, type RecipientState } from './recipient.js';

type Store = Pick<EventStore, 'query'>;

/** Guesses at one code; there are 2^50 codes. */
const TRIES = 10;
/** Codes that an organisation has sent in an hour: nobody is to write to strangers by our mail server. */
export const CODES_PER_HOUR = 20;
const HOUR = `interval '1 hour'`;
const CODE_HOLDS = `interval '24 hours'`;
/** One that never confirmed may be asked again after so long. */
const KEPT = `interval '90 days'`;

const hashOf = (code: string): string => createHash('sha256').update(code).digest('hex');
const newCode = (): string =>
  Array.from({ length: CODE_LENGTH }, () => CODE_ALPHABET[randomInt(CODE_ALPHABET.length)]).join('');
/** The domain's case does not count, and no mail server in use tells the user's apart. */
const keyOf = (address: string): string => address.toLowerCase();

/** A code is sent to those that have not confirmed and have none on its way. */
export async function askRecipients(
  store: Queryable,
  organizationId: string,
  addresses: readonly string[],
): Promise<void> {
  await store.query(
    `insert into notification_recipients (organization_id, address, wants_code)
     select distinct $1::uuid, address, true from unnest($2::text[]) as wanted (address)
     on conflict do nothing`,
    [organizationId, addresses.map(keyOf)],
  );
}

/**
 * A further code, as soon as an hour has passed since the last one.
 * @throws DomainError recipient-unsubscribed
 */
export async function askAgain(store: Store, organizationId: string, address: string): Promise<void> {
  await refuseUnsubscribed(store, organizationId, [address]);
  await askRecipients(store, organizationId, [address]);
  await store.query(
    `update notification_recipients set wants_code = true
     where organization_id = $1 and address = $2 and confirmed_at is null and unsubscribed_at is null`,
    [organizationId, keyOf(address)],
  );
}

interface StateRow {
  address: string;
  confirmed_at: Date | null;
  code_sent_at: Date | null;
  unsubscribed_at: Date | null;
}

/** What each address is allowed to get, in the order given. */
export async function recipientStates(
  store: Store,
  organizationId: string,
  addresses: readonly string[],
): Promise<RecipientState[]> {
  if (addresses.length === 0) return [];
  const rows = await store.query<StateRow>(
    `select address, confirmed_at, code_sent_at, unsubscribed_at from notification_recipients
     where organization_id = $1 and address = any($2::text[])`,
    [organizationId, addresses.map(keyOf)],
  );
  const known = new Map(rows.map((row) => [row.address, row]));
  return addresses.map((address) => {
    const row = known.get(keyOf(address));
    const at = (time: Date | null | undefined) => time?.toISOString() ?? null;
    const times = { code_sent_at: at(row?.code_sent_at), unsubscribed_at: at(row?.unsubscribed_at) };
    return { address, state: stateOf(row), ...times };
  });
}

function stateOf(row: StateRow | undefined): RecipientState['state'] {
  if (row === undefined) return 'code-waiting';
  if (row.unsubscribed_at !== null) return 'unsubscribed';
  if (row.confirmed_at !== null) return 'confirmed';
  return row.code_sent_at === null ? 'code-waiting' : 'code-sent';
}

/** Who may get an e-mail, and the secret of its unsubscribe link. */
export interface Subscriber {
  address: string;
  unsubscribe_token: string;
}

/** Those that have confirmed and not unsubscribed. The others are asked, where they never were. */
export async function confirmedOf(
  store: Store,
  organizationId: string,
  addresses: readonly string[],
): Promise<Subscriber[]> {
  const states = await recipientStates(store, organizationId, addresses);
  const unasked = states.filter(({ state }) => state === 'code-waiting');
  if (unasked.length > 0)
    await askRecipients(
      store,
      organizationId,
      unasked.map(({ address }) => address),
    );
  const rows = await store.query<Subscriber>(
    `select address, unsubscribe_token from notification_recipients
     where organization_id = $1 and address = any($2::text[]) and confirmed_at is not null and unsubscribed_at is null`,
    [organizationId, addresses.map(keyOf)],
  );
  const tokens = new Map(rows.map((row) => [row.address, row.unsubscribe_token]));
  return addresses.flatMap((address) => {
    const unsubscribe_token = tokens.get(keyOf(address));
    return unsubscribe_token === undefined ? [] : [{ address, unsubscribe_token }];
  });
}

/** @throws DomainError invalid-request, too-many-requests, recipient-unsubscribed */
export async function confirmRecipient(
  store: Store,
  organizationId: string,
  { recipient, code }: { recipient: string; code: string },
): Promise<void> {
  await refuseUnsubscribed(store, organizationId, [recipient]);
  // One statement, so that guesses sent at once are counted one by one.
  const [row] = await store.query<{ tries: number; right: boolean; confirmed: boolean }>(
    `with tried as (
       update notification_recipients set tries = tries + 1,
         confirmed_at = case when tries < $4 and code_hash = $3 and code_sent_at > now() - ${CODE_HOLDS}
           then now() else confirmed_at end
       where organization_id = $1 and address = $2 and code_hash is not null and confirmed_at is null
       returning tries, confirmed_at)
     select tries, confirmed_at is not null as right from tried`,
    [organizationId, keyOf(recipient), hashOf(readCode(code)), TRIES],
  );
  if (row?.right === true) return;
  const [state] = await recipientStates(store, organizationId, [recipient]);
  if (state!.state === 'confirmed') return;
  if ((row?.tries ?? 0) > TRIES)
    throw new DomainError('too-many-requests', 'Too many wrong codes. Have a further code sent.', [], {
      retry_after_seconds: 3_600,
    });
  throw new DomainError(
    'invalid-request',
    'This is not the code of the last e-mail to this address, or it is older than 24 hours.',
    [{ pointer: '/code', message: 'does not match' }],
  );
}

export interface DueCode extends Subscriber {
  organization_id: string;
  organization_name: string;
  code: string;
}

/**
 * The next recipient that a code may be sent to: one an hour to an address, whoever asks, and so many of an
 * organisation. It counts as sent.
 */
export async function takeDueCode(store: EventStore): Promise<DueCode | undefined> {
  const code = newCode();
  return store.transaction(async (manager) => {
    // Two copies of the service would each send one to the same address.
    await manager.query(`select pg_advisory_xact_lock(hashtext('notification_recipients'))`);
    const [row] = (await manager.query(
      `with due as (
         select waiting.organization_id, waiting.address from notification_recipients as waiting
         where waiting.wants_code and waiting.confirmed_at is null and waiting.unsubscribed_at is null
           and not exists (select from notification_recipients as other
             where other.address = waiting.address and other.code_sent_at > now() - ${HOUR})
           and (select count(*) from notification_recipients as own
             where own.organization_id = waiting.organization_id and own.code_sent_at > now() - ${HOUR}) < $2
         order by waiting.created_at limit 1),
       taken as (
         update notification_recipients as waiting
         set wants_code = false, code_hash = $1, code_sent_at = now(), tries = 0
         from due where waiting.organization_id = due.organization_id and waiting.address = due.address
         returning waiting.organization_id, waiting.address, waiting.unsubscribe_token)
       select taken.*, organizations.state->>'name' as organization_name
       from taken join organizations on organizations.id = taken.organization_id`,
      [hashOf(code), CODES_PER_HOUR],
    )) as Omit<DueCode, 'code'>[];
    return row && { ...row, code };
  });
}

/** It did not arrive: a further one is sent when the hour is over. */
export async function codeNotSent(store: Store, { organization_id, address }: DueCode): Promise<void> {
  await store.query(
    'update notification_recipients set wants_code = true where organization_id = $1 and address = $2',
    [organization_id, address],
  );
}

export async function forgetRecipients(store: Store): Promise<void> {
  await store.query(`delete from notification_recipients where confirmed_at is null and unsubscribed_at is null
    and created_at < now() - ${KEPT} and coalesce(code_sent_at, created_at) < now() - ${HOUR}`);
}
