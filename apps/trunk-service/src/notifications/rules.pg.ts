import { DomainError } from '@trunkmesh/contracts/problem.js';
import { uuid } from '@trunkmesh/contracts/scalar.js';
import type { EntityManager } from 'typeorm';
import { uuidv7 } from 'uuidv7';
import type { EventStore } from '../event-store/event-store.pg.js';
import { noteChange } from '../event-store/note-change.pg.js';
import type { PlainChangeType } from '../event-store/plain-change-types.js';
import { nameKey } from '../event-store/name-key.js';
import { duplicateName } from './channels.pg.js';
import {
  condition,
  RULES_PER_ORGANIZATION,
  type RuleBody,
  type RulePatch,
  type RuleView,
} from './notification-rule.js';
import { RuleRow } from './rule-row.pg.js';

const FIRING_SHOWN = 100;

export const newRule = (organizationId: string, body: RuleBody, now: Date): RuleRow => ({
  id: uuidv7(),
  organization_id: organizationId,
  name: body.name,
  name_key: nameKey(body.name),
  kind: body.condition.kind,
  condition: body.condition,
  channel_ids: [...new Set(body.channel_ids)],
  enabled: body.enabled,
  messages_per_hour: body.messages_per_hour,
  suppressed: 0,
  created_at: now,
  updated_at: now,
});

export function changedRule(before: RuleRow, patch: RulePatch, now: Date): RuleRow {
  const wanted = patch.condition ?? before.condition;
  return {
    ...before,
    name: patch.name ?? before.name,
    name_key: nameKey(patch.name ?? before.name),
    kind: wanted.kind,
    condition: wanted,
    channel_ids: [...new Set(patch.channel_ids ?? before.channel_ids)],
    enabled: patch.enabled ?? before.enabled,
    messages_per_hour: patch.messages_per_hour ?? before.messages_per_hour,
    updated_at: now,
  };
}

export async function insertRule(manager: EntityManager, row: RuleRow): Promise<void> {
  const count = await manager.countBy(RuleRow, { organization_id: row.organization_id });
  if (count >= RULES_PER_ORGANIZATION)
    throw new DomainError('quota-exceeded', `An organisation has at most ${RULES_PER_ORGANIZATION} rules.`);
  await requireChannels(manager, row);
  await manager.insert(RuleRow, row).catch(duplicateName);
  await note(manager, 'NotificationRuleCreated', { before: null, after: row });
}

const shownOf = (row: RuleRow | null): object | null => {
  if (row === null) return null;
  const { name, condition: wanted, channel_ids, enabled, messages_per_hour } = row;
  return { name, condition: wanted, channel_ids, enabled, messages_per_hour };
};

function note(
  manager: EntityManager,
  type: PlainChangeType,
  { before, after }: { before: RuleRow | null; after: RuleRow | null },
): Promise<void> {
  const { organization_id, id, name } = (after ?? before)!;
  const change = { organization_id, kind: 'notification-rule', id, name, type } as const;
  return noteChange(manager, { ...change, before: shownOf(before), after: shownOf(after) });
}

/** Another organisation's channel is as unknown as none. */
async function requireChannels(
  manager: EntityManager,
  { organization_id, channel_ids }: Pick<RuleRow, 'organization_id' | 'channel_ids'>,
): Promise<void> {
  const known: unknown[] = await manager.query(
    'select from notification_channels where organization_id = $1 and id = any($2::uuid[])',
    [organization_id, channel_ids],
  );
  if (known.length < channel_ids.length)
    throw new DomainError('invalid-request', 'A channel of the rule does not exist.', [
      { pointer: '/channel_ids', message: 'names a channel that does not exist' },
    ]);
}

/** Alarms of a rule that is disabled are dropped without a message. */
export async function saveRule(store: EventStore, before: RuleRow, after: RuleRow): Promise<void> {
  const { id, suppressed: _, ...row } = after;
  await store.transaction(async (manager) => {
    await requireChannels(manager, row);
    await manager.update(RuleRow, { id }, row).catch(duplicateName);
    if (!row.enabled) await manager.query('delete from notification_alarms where rule_id = $1', [id]);
    await note(manager, 'NotificationRuleUpdated', { before, after });
  });
}

/** @throws DomainError notification-rule-not-found */
export async function findRule(store: EventStore, organizationId: string, id: string): Promise<RuleRow> {
  const row = uuid.safeParse(id).success
    ? await store.entities((manager) => manager.findOneBy(RuleRow, { id, organization_id: organizationId }))
    : null;
  if (row === null) throw new DomainError('notification-rule-not-found', 'There is no such notification rule.');
  return row;
}

export const listRules = (store: EventStore, organizationId: string): Promise<RuleRow[]> =>
  store.entities((manager) =>
    manager.find(RuleRow, { where: { organization_id: organizationId }, order: { name_key: 'ASC' } }),
  );

export async function deleteRule(store: EventStore, organizationId: string, id: string): Promise<void> {
  const before = await findRule(store, organizationId, id);
  await store.transaction(async (manager) => {
    await manager.delete(RuleRow, { id, organization_id: organizationId });
    await note(manager, 'NotificationRuleDeleted', { before, after: null });
  });
}

interface FiringRow {
  rule_id: string;
  subject: string;
  since: Date;
  summary: string;
  notified: boolean;
}

export async function ruleViews(store: EventStore, rules: readonly RuleRow[]): Promise<RuleView[]> {
  const firing = await store.query<FiringRow>(
    `select rule_id, subject, since, summary, notified from (
       select *, row_number() over (partition by rule_id order by since, subject) as place from notification_alarms
       where rule_id = any($1::uuid[])) as ranked
     where place <= ${FIRING_SHOWN} order by rule_id, since, subject`,
    [rules.map(({ id }) => id)],
  );
  return rules.map((row) =>
    ruleViewOf(
      row,
      firing
        .filter(({ rule_id }) => rule_id === row.id)
        .map(({ subject, since, summary, notified }) => ({ subject, since: since.toISOString(), summary, notified })),
    ),
  );
}

export const ruleViewOf = (row: RuleRow, firing: RuleView['firing']): RuleView => ({
  id: row.id,
  name: row.name,
  condition: condition.parse(row.condition),
  channel_ids: row.channel_ids,
  enabled: row.enabled,
  messages_per_hour: row.messages_per_hour,
  firing,
  created_at: row.created_at.toISOString(),
  updated_at: row.updated_at.toISOString(),
});
