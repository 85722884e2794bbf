import type { EntityManager } from 'typeorm';
import type { Finding } from './alarms.js';
import {
  degradedTrunk,
  lostRegistration,
  lowQuality,
  refusedCalls,
  unreachableAssistant,
  type DegradedTrunk,
  type LostRegistration,
  type LowQuality,
  type RefusedCalls,
  type UnreachableAssistant,
} from './findings.js';
import type { ConditionKind } from './notification-rule.js';

/** Without calls for so long, the last ones say nothing about now. */
const CALLS_HOLD = `interval '24 hours'`;
/** As registrations.pg.ts: a bridge that was not seen for so long is gone. */
const BRIDGE_LOST = `interval '60 seconds'`;

const ruleOf = (kind: ConditionKind): string => `rule.enabled and rule.kind = '${kind}'`;
const setting = (name: string, type = 'int'): string => `(rule.condition->>'${name}')::${type}`;

/**
 * Nearly all trunks are up: those that are not are found first, by hashes. Down since the last of its gateways went
 * down, left its bridge or was lost with it; or since the trunk was changed.
 */
const LOST_REGISTRATIONS = `
  with seen as materialized (
    select bridge_id, max(until) as until, max(until) < now() - ${BRIDGE_LOST} as lost
    from bridge_presence group by bridge_id),
  suspect as (
    select rule.id as rule_id, rule.condition, trunk.id as trunk_id, trunk.state
    from notification_rules as rule
    join trunks as trunk on trunk.organization_id = rule.organization_id and trunk.enabled and trunk.register
    where ${ruleOf('registration-lost')} and not exists (
      select from gateway_states as gateway join seen using (bridge_id)
      where gateway.trunk_id = trunk.id and gateway.up and gateway.present and not seen.lost))
  select rule.rule_id, rule.trunk_id, rule.state->>'name' as trunk_name, down.since, down.sip_status, down.sip_phrase
  from suspect as rule cross join lateral (
    select greatest(max(case when not gateway.present then gateway.at
        when not gateway.up then gateway.since else coalesce(seen.until, gateway.at) end),
        (rule.state->>'updated_at')::timestamptz) as since,
      (array_agg(gateway.sip_status order by gateway.at desc))[1] as sip_status,
      (array_agg(gateway.sip_phrase order by gateway.at desc))[1] as sip_phrase
    from gateway_states as gateway left join seen using (bridge_id) where gateway.trunk_id = rule.trunk_id) as down
  where down.since < now() - make_interval(secs => ${setting('for_seconds')})`;

const counterOf = (kind: ConditionKind): string => `
  from notification_rules as rule
  join notification_counters as counter on counter.organization_id = rule.organization_id
    and counter.last_at > now() - ${CALLS_HOLD} and ${ruleOf(kind)}`;
const TRUNK = `join trunks as trunk on trunk.id::text = counter.subject and trunk.enabled`;

const DEGRADED_TRUNKS = `
  select rule.id as rule_id, trunk.id as trunk_id, trunk.state->>'name' as trunk_name, counter.failed,
    counter.first_failed_at as since
  ${counterOf('trunk-degraded')} ${TRUNK} where counter.failed >= ${setting('failed_calls')}`;

const LOW_QUALITY = `
  select rule.id as rule_id, trunk.id as trunk_id, trunk.state->>'name' as trunk_name, latest.mos,
    ${setting('calls')} as calls, counter.last_at as since
  ${counterOf('low-quality')} ${TRUNK}
  cross join lateral (select avg(score)::float8 as mos from (
    select score from unnest(counter.mos) with ordinality as scores (score, place) order by place desc
    limit ${setting('calls')}) as last) as latest
  where cardinality(counter.mos) >= ${setting('calls')} and latest.mos < ${setting('mos', 'float8')}`;

const UNREACHABLE_ASSISTANTS = `
  select rule.id as rule_id, counter.failed, counter.first_failed_at as since
  ${counterOf('assistant-unreachable')}
  where counter.subject = 'organization' and counter.failed >= ${setting('failed_calls')}`;

const REFUSED_CALLS = `
  select rule.id as rule_id, ${setting('minutes')} as minutes, sum(refused.count)::int as calls,
    min(refused.first_at) as since, mode() within group (order by refused.reason) as reason
  from notification_rules as rule
  join refused_calls as refused on refused.organization_id = rule.organization_id
    and refused.minute > now() - make_interval(mins => ${setting('minutes')})
  where ${ruleOf('refused-calls')} group by rule.id having sum(refused.count) > ${setting('calls')}`;

const rows = async <Row>(manager: EntityManager, sql: string, finding: (row: Row) => Finding): Promise<Finding[]> =>
  ((await manager.query(sql)) as Row[]).map(finding);

/** Where the conditions of all rules hold now. */
export const FINDERS: Record<Exclude<ConditionKind, 'usage-alert'>, (manager: EntityManager) => Promise<Finding[]>> = {
  'registration-lost': (manager) => rows<LostRegistration>(manager, LOST_REGISTRATIONS, lostRegistration),
  'trunk-degraded': (manager) => rows<DegradedTrunk>(manager, DEGRADED_TRUNKS, degradedTrunk),
  'low-quality': (manager) => rows<LowQuality>(manager, LOW_QUALITY, lowQuality),
  'refused-calls': (manager) => rows<RefusedCalls>(manager, REFUSED_CALLS, refusedCalls),
  'assistant-unreachable': (manager) =>
    rows<UnreachableAssistant>(manager, UNREACHABLE_ASSISTANTS, unreachableAssistant),
};
