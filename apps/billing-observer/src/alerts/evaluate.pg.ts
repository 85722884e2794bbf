import type { UsageAlert, UsageAlertRaised } from '@trunkmesh/contracts/usage-alert.js';
import { alertSubject } from '@trunkmesh/contracts/subjects.js';
import type { DataSource, EntityManager } from 'typeorm';
import { uuidv7 } from 'uuidv7';
import type { FoundAlert } from './alert-facts.js';
import { beginHours, forgetHours, noteTouched, renewHours } from './alert-hours.pg.js';
import { inHours, onTrunks, toCountries, type Evaluation } from './find-alerts.pg.js';
import { clearSetbacks, dueSetbacks, setBack, setBackSince } from './setbacks.pg.js';

/**
 * Evaluates what was recorded since the previous evaluation. One copy does so at a time, once per interval, and writes
 * the alerts to the outbox in the same transaction. If evaluating an organisation fails, it is set back: it is
 * retried later, starting at the entry that it stopped at. Returns the number of new alerts, or undefined if it was not
 * this copy's turn.
 */
export async function evaluateUsage(
  dataSource: DataSource,
  settings: Evaluation,
  now: Date,
): Promise<number | undefined> {
  await beginHours(dataSource);
  const raised = await evaluateRecent(dataSource, settings, now);
  const later = await evaluateSetBack(dataSource, settings, now);
  return raised === undefined && later === 0 ? undefined : (raised ?? 0) + later;
}

function evaluateRecent(dataSource: DataSource, settings: Evaluation, now: Date): Promise<number | undefined> {
  return dataSource.transaction(async (tx) => {
    const [turn]: { last_entry: string }[] = await tx.query(
      `SELECT last_entry FROM alert_progress
       WHERE coalesce(evaluated_at <= $1::timestamptz - make_interval(secs => $2), true) FOR UPDATE SKIP LOCKED`,
      [now, settings.everySeconds],
    );
    if (turn === undefined) return undefined;
    const [last]: { entry: string }[] = await tx.query(
      'SELECT coalesce(max(entry_id), 0) AS entry FROM ledger_entries',
    );
    const touched = await noteTouched(tx, BigInt(turn.last_entry));
    const raised = await evaluateAll(tx, touched, { settings, now, since: turn.last_entry });
    await forgetHours(tx);
    await tx.query('UPDATE alert_progress SET last_entry = greatest(last_entry, $1::bigint), evaluated_at = $2', [
      last!.entry,
      now,
    ]);
    return raised;
  });
}

/** Each organisation in its own transaction. Does nothing while another copy evaluates. */
async function evaluateSetBack(dataSource: DataSource, settings: Evaluation, now: Date): Promise<number> {
  let raised = 0;
  for (const organizationId of await dueSetbacks(dataSource.manager, now))
    raised += await dataSource.transaction(async (tx) => {
      const turn: unknown[] = await tx.query('SELECT FROM alert_progress FOR UPDATE SKIP LOCKED');
      const since = turn.length === 0 ? undefined : await setBackSince(tx, organizationId);
      if (since === undefined) return 0;
      const evaluated = { settings, now, since };
      return orSetBack(tx, evaluated, organizationId, async (own) => {
        await noteTouched(own, BigInt(since), organizationId);
        return evaluateSome(own, [organizationId], evaluated);
      });
    });
  return raised;
}

interface Evaluated {
  settings: Evaluation;
  now: Date;
  /** Entries up to this one have been evaluated before. */
  since: string;
}

/**
 * Evaluates all organisations together. If that fails, evaluates each half separately, and so on, so that finding the
 * organisation at fault takes a number of steps that is logarithmic in the number of organisations.
 */
async function evaluateAll(tx: EntityManager, ids: readonly string[], evaluated: Evaluated): Promise<number> {
  if (ids.length === 0) return 0;
  const evaluate = (own: EntityManager) => evaluateSome(own, ids, evaluated);
  if (ids.length === 1) return orSetBack(tx, evaluated, ids[0]!, evaluate);
  try {
    // A nested transaction: if it fails, only its own changes are rolled back.
    return await tx.transaction(evaluate);
  } catch {
    const half = ids.length >> 1;
    const first = await evaluateAll(tx, ids.slice(0, half), evaluated);
    return first + (await evaluateAll(tx, ids.slice(half), evaluated));
  }
}

/** If the organisation cannot be evaluated, rolls back what was begun and schedules a retry. */
async function orSetBack(
  tx: EntityManager,
  { settings, now, since }: Evaluated,
  organizationId: string,
  evaluate: (own: EntityManager) => Promise<number>,
): Promise<number> {
  try {
    return await tx.transaction(evaluate);
  } catch (error) {
    await setBack(tx, organizationId, { since, now, error });
    settings.onTrouble?.(error, organizationId);
    return 0;
  }
}

async function evaluateSome(tx: EntityManager, ids: readonly string[], { settings, now }: Evaluated): Promise<number> {
  const touched = await renewHours(tx, ids);
  const found = [
    ...(await inHours(tx, touched, settings)),
    ...(await onTrunks(tx, touched, now)),
    ...(await toCountries(tx, ids, { countries: settings.countries, now })),
  ];
  await clearSetbacks(tx, ids);
  return raise(tx, found, now);
}

async function raise(tx: EntityManager, found: readonly FoundAlert[], now: Date): Promise<number> {
  let raised = 0;
  for (const { key, alert } of found) {
    const event = eventOf({ ...alert, alert_id: uuidv7(), raised_at: now.toISOString() });
    const { alert_id, organization_id, rule } = event.data;
    const rows: unknown[] = await tx.query(
      `INSERT INTO usage_alerts (alert_id, organization_id, rule, key, event) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT DO NOTHING RETURNING alert_id`,
      [alert_id, organization_id, rule, key, JSON.stringify(event)],
    );
    raised += rows.length;
  }
  return raised;
}

const eventOf = (data: UsageAlert): UsageAlertRaised => ({
  specversion: '1.0',
  id: data.alert_id,
  source: 'trunkmesh/billing-observer',
  type: 'UsageAlertRaised',
  subject: alertSubject(data.organization_id, data.alert_id),
  time: data.raised_at,
  datacontenttype: 'application/json',
  data,
});
