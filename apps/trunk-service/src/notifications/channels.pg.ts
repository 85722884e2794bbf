import { randomBytes } from 'node:crypto';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import { uuid } from '@trunkmesh/contracts/scalar.js';
import { open, type KeyRing } from '@trunkmesh/runtime/key-ring.js';
import { seal } from '@trunkmesh/runtime/seal.process.js';
import type { EntityManager } from 'typeorm';
import { uuidv7 } from 'uuidv7';
import { databaseFailure } from '../event-store/database-failure.pg.js';
import { nameKey } from '../event-store/name-key.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { noteChange } from '../event-store/note-change.pg.js';
import type { PlainChangeType } from '../event-store/plain-change-types.js';
import { ChannelRow } from './channel-row.pg.js';
import {
  CHANNELS_PER_ORGANIZATION,
  type ChannelBody,
  type ChannelPatch,
  type ChannelTarget,
  type ChannelView,
} from './notification-channel.js';

import { askRecipients, recipientStates } from './recipients.pg.js';
import { refuseUnsubscribed } from './unsubscribe.pg.js';
import type { RecipientState } from './recipient.js';

/** 256 random bits, as Standard Webhooks writes a secret. */
export const newSigningSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

export const channelNotFound = () =>
  new DomainError('notification-channel-not-found', 'There is no such notification channel.');

export const targetOf = (ring: KeyRing, { id, sealed }: Pick<ChannelRow, 'id' | 'sealed'>): ChannelTarget | null =>
  sealed === null ? null : (JSON.parse(open(ring, sealed, id)) as ChannelTarget);

const sealedTarget = (ring: KeyRing, id: string, target: ChannelTarget): string =>
  seal(ring, JSON.stringify(target), id);

const shownChannel = (row: ChannelRow, states: readonly RecipientState[]): ChannelView => ({
  id: row.id,
  kind: row.kind,
  name: row.name,
  enabled: row.enabled,
  host: row.host,
  recipients: row.recipients,
  recipient_states: row.recipients && [...states],
  has_signing_secret: row.has_signing_secret,
  created_at: row.created_at.toISOString(),
  updated_at: row.updated_at.toISOString(),
});

export async function channelView(store: Pick<EventStore, 'query'>, row: ChannelRow): Promise<ChannelView> {
  return shownChannel(row, await recipientStates(store, row.organization_id, row.recipients ?? []));
}

/** All of one organisation. */
export async function channelViews(
  store: Pick<EventStore, 'query'>,
  rows: readonly ChannelRow[],
): Promise<ChannelView[]> {
  const addresses = rows.flatMap(({ recipients }) => recipients ?? []);
  const states = await recipientStates(store, rows[0]?.organization_id ?? '', addresses);
  const stateOf = new Map(states.map((state) => [state.address, state]));
  return rows.map((row) =>
    shownChannel(
      row,
      (row.recipients ?? []).map((address) => stateOf.get(address)!),
    ),
  );
}

/** `secret`: what signs the messages of a webhook. */
export function newChannel(
  ring: KeyRing,
  body: ChannelBody,
  { organizationId, secret, now }: { organizationId: string; secret: string | null; now: Date },
): ChannelRow {
  const id = uuidv7();
  const target = body.kind === 'email' ? null : { url: body.url, signing_secret: secret };
  return {
    id,
    organization_id: organizationId,
    name: body.name,
    name_key: nameKey(body.name),
    kind: body.kind,
    enabled: true,
    host: target && new URL(target.url).host,
    recipients: body.kind === 'email' ? body.recipients : null,
    has_signing_secret: secret !== null,
    sealed: target && sealedTarget(ring, id, target),
    created_at: now,
    updated_at: now,
  };
}

export async function insertChannel(manager: EntityManager, row: ChannelRow): Promise<void> {
  const count = await manager.countBy(ChannelRow, { organization_id: row.organization_id });
  if (count >= CHANNELS_PER_ORGANIZATION)
    throw new DomainError('quota-exceeded', `An organisation has at most ${CHANNELS_PER_ORGANIZATION} channels.`);
  await manager.insert(ChannelRow, row).catch(duplicateName);
  await refuseUnsubscribed(manager, row.organization_id, row.recipients ?? []);
  await askRecipients(manager, row.organization_id, row.recipients ?? []);
  await note(manager, 'NotificationChannelCreated', { before: null, after: row });
}

const shownOf = (row: ChannelRow | null): object | null => {
  if (row === null) return null;
  const { name, enabled, host, recipients, has_signing_secret } = row;
  return { name, enabled, host, recipients, has_signing_secret };
};

function note(
  manager: EntityManager,
  type: PlainChangeType,
  { before, after }: { before: ChannelRow | null; after: ChannelRow | null },
): Promise<void> {
  const { organization_id, id, name } = (after ?? before)!;
  const change = { organization_id, kind: 'notification-channel', id, name, type } as const;
  return noteChange(manager, { ...change, before: shownOf(before), after: shownOf(after) });
}

/** @throws DomainError duplicate-name */
export function duplicateName(error: unknown): never {
  if (databaseFailure(error).kind === 'violation')
    throw new DomainError('duplicate-name', 'This name already exists (names are case-insensitive).', [
      { pointer: '/name', message: 'already exists' },
    ]);
  throw error;
}

export const listChannels = (store: EventStore, organizationId: string): Promise<ChannelRow[]> =>
  store.entities((manager) =>
    manager.find(ChannelRow, { where: { organization_id: organizationId }, order: { name_key: 'ASC' } }),
  );

/** @throws DomainError notification-channel-not-found */
export async function findChannel(store: EventStore, organizationId: string, id: string): Promise<ChannelRow> {
  const row = uuid.safeParse(id).success
    ? await store.entities((manager) => manager.findOneBy(ChannelRow, { id, organization_id: organizationId }))
    : null;
  if (row === null) throw channelNotFound();
  return row;
}

/** `secret`: undefined leaves the one that it has. */
export function changedChannel(
  ring: KeyRing,
  before: ChannelRow,
  { patch, secret, now }: { patch: ChannelPatch; secret: string | undefined; now: Date },
): ChannelRow {
  const { name = before.name, enabled = before.enabled, recipients = before.recipients } = patch;
  const changed: ChannelRow = { ...before, name, name_key: nameKey(name), enabled, recipients, updated_at: now };
  return before.sealed === null || (patch.url === undefined && secret === undefined)
    ? changed
    : withTarget(ring, changed, { url: patch.url, signing_secret: secret });
}

function withTarget(ring: KeyRing, row: ChannelRow, wanted: Partial<ChannelTarget>): ChannelRow {
  const before = targetOf(ring, row)!;
  const target = {
    url: wanted.url ?? before.url,
    signing_secret: wanted.signing_secret ?? before.signing_secret,
  };
  return {
    ...row,
    host: new URL(target.url).host,
    has_signing_secret: target.signing_secret !== null,
    sealed: sealedTarget(ring, row.id, target),
  };
}

export async function saveChannel(store: EventStore, before: ChannelRow, after: ChannelRow): Promise<void> {
  const { id, ...row } = after;
  await store.transaction(async (manager) => {
    await manager.update(ChannelRow, { id }, row).catch(duplicateName);
    const added = (after.recipients ?? []).filter((each) => before.recipients?.includes(each) !== true);
    await refuseUnsubscribed(manager, after.organization_id, added);
    await askRecipients(manager, after.organization_id, added);
    await note(manager, 'NotificationChannelUpdated', { before, after });
  });
}

/** @throws DomainError notification-channel-not-found, channel-in-use */
export async function deleteChannel(store: EventStore, organizationId: string, id: string): Promise<void> {
  const before = await findChannel(store, organizationId, id);
  const rules = await store.query<{ name: string }>(
    'select name from notification_rules where organization_id = $1 and $2::uuid = any(channel_ids) order by name',
    [organizationId, id],
  );
  if (rules.length > 0)
    throw new DomainError(
      'channel-in-use',
      `Rules send to this channel: ${rules.map(({ name }) => name).join(', ')}. Change or delete them first.`,
    );
  await store.transaction(async (manager) => {
    await manager.delete(ChannelRow, { id, organization_id: organizationId });
    await note(manager, 'NotificationChannelDeleted', { before, after: null });
  });
}
