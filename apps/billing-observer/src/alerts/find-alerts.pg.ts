import type { EntityManager } from 'typeorm';
import {
  countryAlert,
  hourAlerts,
  trunkAlerts,
  type AlertSettings,
  type CountryFacts,
  type FoundAlert,
  type HourSums,
  type TrunkFacts,
} from './alert-facts.js';
import type { TouchedHour } from './alert-hours.pg.js';
import { comparableHours, HOUR_MS } from './alert-rules.js';
import { readPlans, usualSpend } from './usual-spend.pg.js';

/** A collapse is judged by the calls of so many hours. */
const RECENT_HOURS = 3;
/** The day before is left out of what is usual: a collapse must not become usual at once. */
const BASELINE_ENDS_MS = 24 * HOUR_MS;
const ORGANIZATIONS_AT_ONCE = 200;

export interface Evaluation extends AlertSettings {
  everySeconds: number;
  /** Where the usage of one organisation cannot be looked at, the others go on. */
  onTrouble?: (error: unknown, organizationId: string) => void;
}

interface HourRow {
  organization_id: string;
  hour: Date;
  currency: string;
  calls: string;
  seconds: string;
  amount_micros: string;
}

/** What is unusual about hours of organisations. */
export async function inHours(
  tx: EntityManager,
  touched: readonly TouchedHour[],
  settings: AlertSettings & Pick<Evaluation, 'onTrouble'>,
): Promise<FoundAlert[]> {
  const found: FoundAlert[] = [];
  for (const some of chunksOf(touched)) {
    const ids = [...new Set(some.map(({ organization_id }) => organization_id))];
    const firsts: { organization_id: string; first: Date }[] = await tx.query(
      'SELECT organization_id, min(hour) AS first FROM alert_hours WHERE organization_id = ANY($1::uuid[]) GROUP BY 1',
      [ids],
    );
    const hours = [...new Set(some.flatMap(({ hour }) => [hour.getTime(), ...comparableHours(hour.getTime(), 0)]))];
    const rows: HourRow[] = await tx.query(
      `SELECT organization_id, hour, currency, sum(calls) AS calls, sum(seconds) AS seconds,
         sum(amount_micros) AS amount_micros
       FROM alert_hours WHERE organization_id = ANY($1::uuid[]) AND hour = ANY($2::timestamptz[]) GROUP BY 1, 2, 3`,
      [ids, hours.map((hour) => new Date(hour))],
    );
    const sums = sumsOf(rows);
    const first = new Map(firsts.map((row) => [row.organization_id, row.first.getTime()]));
    const plans = await readPlans(tx, ids);
    for (const { organization_id, hour: begin } of some) {
      const [hour, firstHour] = [begin.getTime(), first.get(organization_id) ?? Infinity];
      const of = { organization_id, hour, firstHour };
      // A transaction of its own within this one: where it fails, that one alone is undone.
      const spend = await tx
        .transaction((own) => usualSpend(own, of, plans))
        .catch((error: unknown) => {
          settings.onTrouble?.(error, organization_id);
          return 'not-comparable' as const;
        });
      found.push(...hourAlerts({ ...of, spend, sums: sums.get(organization_id) ?? new Map() }, settings));
    }
  }
  return found;
}

function sumsOf(rows: readonly HourRow[]): Map<string, Map<number, HourSums>> {
  const all = new Map<string, Map<number, HourSums>>();
  for (const { organization_id, hour, currency, calls, seconds, amount_micros } of rows) {
    const hours = all.get(organization_id) ?? new Map<number, HourSums>();
    all.set(organization_id, hours);
    const before = hours.get(hour.getTime());
    hours.set(hour.getTime(), {
      calls: (before?.calls ?? 0) + Number(calls),
      seconds: (before?.seconds ?? 0n) + BigInt(seconds),
      amounts: new Map([...(before?.amounts ?? []), [currency, BigInt(amount_micros)]]),
    });
  }
  return all;
}

type TrunkRow = Record<`${'recent' | 'usual'}_${'calls' | 'answered' | 'seconds'}`, string | null> &
  Pick<TrunkFacts, 'organization_id' | 'trunk_id' | 'direction'>;

/** What is unusual about the calls of their trunks. */
export async function onTrunks(tx: EntityManager, touched: readonly TouchedHour[], now: Date): Promise<FoundAlert[]> {
  const from = Math.floor(now.getTime() / HOUR_MS) * HOUR_MS - (RECENT_HOURS - 1) * HOUR_MS;
  const recent = touched.filter(({ hour }) => hour.getTime() >= from);
  const sum = (name: string, when: string) => `sum(${name}) FILTER (WHERE hour ${when})`;
  const sums = ['calls', 'answered', 'seconds'].flatMap((name) => [
    `${sum(name, '>= $2')} AS recent_${name}`,
    `${sum(name, '< $3')} AS usual_${name}`,
  ]);
  const found: FoundAlert[] = [];
  for (const some of chunksOf(recent)) {
    const rows: TrunkRow[] = await tx.query(
      `SELECT organization_id, trunk AS trunk_id, direction, ${sums.join(', ')} FROM alert_hours
       WHERE organization_id = ANY($1::uuid[]) AND trunk <> '' GROUP BY 1, 2, 3`,
      [
        [...new Set(some.map(({ organization_id }) => organization_id))],
        new Date(from),
        new Date(now.getTime() - BASELINE_ENDS_MS),
      ],
    );
    found.push(...rows.flatMap((row) => trunkAlerts(trunkFacts(row, { from, until: now.getTime() }))));
  }
  return found;
}

const trunkFacts = (row: TrunkRow, period: TrunkFacts['period']): TrunkFacts => {
  const counts = (which: 'recent' | 'usual') => ({
    calls: Number(row[`${which}_calls`] ?? 0),
    answered: Number(row[`${which}_answered`] ?? 0),
    seconds: Number(row[`${which}_seconds`] ?? 0),
  });
  const { organization_id, trunk_id, direction } = row;
  return { organization_id, trunk_id, direction, recent: counts('recent'), baseline: counts('usual'), period };
};

/** Of the hours that were made again: all calls to countries that the organisation had not called before. */
export async function toCountries(
  tx: EntityManager,
  organizationIds: readonly string[],
  { countries, now }: { countries: readonly string[]; now: Date },
): Promise<FoundAlert[]> {
  const rows: (Pick<CountryFacts, 'organization_id' | 'country'> & { calls: string; first: Date; last: Date })[] =
    await tx.query(
      `WITH fresh AS (
         SELECT organization_id, country, count(*) AS calls, min(started_at) AS first, max(started_at) AS last
         FROM touched_hours AS touched JOIN ledger_entries AS entry USING (organization_id)
         WHERE organization_id = ANY($3::uuid[]) AND entry.started_at >= touched.hour
           AND entry.started_at < touched.hour + interval '1 hour' AND direction = 'outbound'
           AND country IS NOT NULL AND kind = 'call' AND carrier_cost = 'external'
         GROUP BY 1, 2),
       noted AS (
         INSERT INTO alert_countries SELECT organization_id, country FROM fresh ON CONFLICT DO NOTHING
         RETURNING organization_id, country)
       SELECT fresh.* FROM fresh JOIN noted USING (organization_id, country)
       WHERE country = ANY($1) AND last > $2::timestamptz - interval '1 day'`,
      [countries, now, organizationIds],
    );
  return rows.map((row) =>
    countryAlert({ ...row, calls: Number(row.calls), first: row.first.getTime(), last: row.last.getTime() }),
  );
}

function chunksOf(touched: readonly TouchedHour[]): TouchedHour[][] {
  const byOrganization = new Map<string, TouchedHour[]>();
  for (const each of touched)
    byOrganization.set(each.organization_id, [...(byOrganization.get(each.organization_id) ?? []), each]);
  const all = [...byOrganization.values()];
  const chunks: TouchedHour[][] = [];
  for (let from = 0; from < all.length; from += ORGANIZATIONS_AT_ONCE)
    chunks.push(all.slice(from, from + ORGANIZATIONS_AT_ONCE).flat());
  return chunks;
}
