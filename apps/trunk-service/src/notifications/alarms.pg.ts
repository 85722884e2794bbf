import type { EntityManager } from 'typeorm';
import { uuidv7 } from 'uuidv7';
import type { EventStore } from '../event-store/event-store.pg.js';
import { stepsOf, type Alarm, type Finding, type RuleBudget, type Step } from './alarms.js';
import { FINDERS } from './findings.pg.js';
import { MESSAGE_TYPES, type NotificationMessage } from '@trunkmesh/contracts/notification.js';
import type { ConditionKind } from './notification-rule.js';
import { enqueue, notifiedLately } from './outbox.pg.js';

export type WatchedKind = keyof typeof FINDERS;
export const WATCHED_KINDS = Object.keys(FINDERS) as WatchedKind[];

/** Any number that nothing else of ours locks in this database. */
const WATCH_LOCK = 7_102_041;

interface Rule {
  id: string;
  organization_id: string;
  name: string;
  kind: ConditionKind;
  channel_ids: string[];
  messages_per_hour: number;
  suppressed: number;
}

/**
 * Looks where the conditions hold, opens and resolves alarms, and puts the messages into the outbox, in one
 * transaction. One copy at a time: the others return false.
 */
export function watch(store: EventStore, kinds: readonly WatchedKind[]): Promise<boolean> {
  return store.transaction(async (manager) => {
    const [lock] = (await manager.query('select pg_try_advisory_xact_lock($1) as mine', [WATCH_LOCK])) as {
      mine: boolean;
    }[];
    if (!lock!.mine) return false;
    const found: Finding[] = [];
    for (const kind of kinds) found.push(...(await FINDERS[kind](manager)));
    const open = (await manager.query(
      `select alarm.rule_id, alarm.subject, alarm.trunk_id, alarm.since, alarm.summary, alarm.details, alarm.notified
       from notification_alarms as alarm join notification_rules as rule on rule.id = alarm.rule_id
       where rule.kind = any($1)`,
      [kinds],
    )) as (Omit<Alarm, 'since'> & { since: Date })[];
    await carryOut(
      manager,
      open.map((alarm) => ({ ...alarm, since: alarm.since.toISOString() })),
      found,
    );
    return true;
  });
}

async function carryOut(manager: EntityManager, open: readonly Alarm[], found: readonly Finding[]): Promise<void> {
  const ids = [...new Set([...open, ...found].map(({ rule_id }) => rule_id))];
  if (ids.length === 0) return;
  const rules = new Map((await rulesOf(manager, ids)).map((rule) => [rule.id, rule]));
  const notified = await notifiedLately(manager, ids);
  const budgets = new Map<string, RuleBudget>(
    [...rules.values()].map(({ id, messages_per_hour, suppressed }) => [
      id,
      { id, suppressed, left: messages_per_hour - (notified.get(id) ?? 0) },
    ]),
  );
  const { steps, suppressed } = stepsOf(open, found, budgets);
  for (const step of steps) {
    const rule = rules.get(step.do === 'resolve' ? step.alarm.rule_id : step.finding.rule_id);
    // The rule was deleted in this moment; its alarms went with it.
    if (rule !== undefined) await take(manager, step, rule);
  }
  for (const [id, count] of suppressed)
    if (rules.get(id)!.suppressed !== count)
      await manager.query('update notification_rules set suppressed = $2 where id = $1', [id, count]);
}

const rulesOf = (manager: EntityManager, ids: readonly string[]): Promise<Rule[]> =>
  manager.query(
    `select id, organization_id, name, kind, channel_ids, messages_per_hour, suppressed
     from notification_rules where id = any($1::uuid[])`,
    [ids],
  );

async function take(manager: EntityManager, step: Step, rule: Rule): Promise<void> {
  switch (step.do) {
    case 'keep':
      return;
    case 'open': {
      const { subject, trunk_id, since, summary, details } = step.finding;
      await manager.query(
        `insert into notification_alarms (rule_id, subject, trunk_id, since, summary, details, notified)
         values ($1, $2, $3, $4, $5, $6::jsonb, $7) on conflict do nothing`,
        [rule.id, subject, trunk_id, since, summary, JSON.stringify(details), step.notified],
      );
      if (step.notified)
        await notify(manager, rule, { finding: step.finding, state: 'firing', suppressed: step.suppressed });
      return;
    }
    case 'notify':
      await manager.query('update notification_alarms set notified = true where rule_id = $1 and subject = $2', [
        rule.id,
        step.finding.subject,
      ]);
      return notify(manager, rule, { finding: step.finding, state: 'firing', suppressed: step.suppressed });
    case 'resolve':
      await manager.query('delete from notification_alarms where rule_id = $1 and subject = $2', [
        rule.id,
        step.alarm.subject,
      ]);
      if (step.alarm.notified) await notify(manager, rule, { finding: step.alarm, state: 'resolved', suppressed: 0 });
  }
}

interface NotifiedOf {
  finding: Finding;
  state: 'firing' | 'resolved';
  suppressed: number;
}

async function notify(manager: EntityManager, rule: Rule, { finding, state, suppressed }: NotifiedOf): Promise<void> {
  const { id, organization_id, name, kind, channel_ids } = rule;
  const { since, summary, details, trunk_id } = finding;
  const message: NotificationMessage = {
    type: MESSAGE_TYPES[kind],
    timestamp: new Date().toISOString(),
    data: {
      notification_id: uuidv7(),
      state,
      organization_id,
      rule_id: id,
      rule_name: name,
      trunk_id,
      since,
      summary: state === 'resolved' ? `This is over: ${summary}` : summary,
      suppressed,
      details,
    },
  };
  await enqueue(manager, { organization_id, rule_id: id, channel_ids, message, begins: state === 'firing' });
}
