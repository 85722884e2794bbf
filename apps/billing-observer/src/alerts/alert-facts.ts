import { WORLD } from '@trunkmesh/contracts/scalar.js';
import { USAGE_ALERT_RULES, type UsageAlert, type UsageAlertRule } from '@trunkmesh/contracts/usage-alert.js';
import {
  collapsedAnswerRate,
  collapsedDuration,
  comparableHours,
  HOUR_MS,
  unusualSum,
  type CallCounts,
  type Unusual,
  type UnusualSum,
} from './alert-rules.js';

/** An alert before it has an id; `key` names what it is about and its period: each is raised once. */
export interface FoundAlert {
  key: string;
  alert: Omit<UsageAlert, 'alert_id' | 'raised_at'>;
}

export interface AlertSettings {
  /** Hours with fewer seconds of calls are never unusual. */
  seconds: bigint;
  /** Hours with a lower charge are never unusual, micro-units of whatever currency. */
  amountMicros: bigint;
  /** Countries whose first calls are worth an alert. */
  countries: readonly string[];
}

/** Sums of one organisation and hour; `amounts` by currency, in micro-units. */
export interface HourSums {
  calls: number;
  seconds: bigint;
  amounts: ReadonlyMap<string, bigint>;
}

/**
 * What the charge of an hour is compared with: what comparable hours were charged; or, where another plan counted in
 * some of them, what their calls would have cost by the plan of this hour, in micro-units; or nothing.
 */
export type UsualSpend = 'as-charged' | ReadonlyMap<number, bigint> | 'not-comparable';

export interface HourFacts {
  organization_id: string;
  hour: number;
  /** Of the organisation, by hour; what is not there had no call. */
  sums: ReadonlyMap<number, HourSums>;
  firstHour: number;
  spend: UsualSpend;
}

const iso = (ms: number) => new Date(ms).toISOString();
const clock = (ms: number) => `${iso(ms).slice(11, 16)} UTC`;
const rounded = (value: number) => Math.round(value * 1000) / 1000;
const MICROS_A_CENT = 10_000n;
/** `12.50 USD`, rounded half up. */
function money(micros: bigint, currency: string): string {
  const cents = String((micros + MICROS_A_CENT / 2n) / MICROS_A_CENT).padStart(3, '0');
  return `${cents.slice(0, -2)}.${cents.slice(-2)} ${currency}`;
}

/** What is unusual about an hour of an organisation. */
export function hourAlerts(facts: HourFacts, settings: AlertSettings): FoundAlert[] {
  const { hour, sums, firstHour } = facts;
  const now = sums.get(hour);
  if (now === undefined) return [];
  const hours = comparableHours(hour, firstHour);
  const found: FoundAlert[] = [];
  const baseline = hours.map((each) => sums.get(each)?.seconds ?? 0n);
  const minutes = unusualSum(now.seconds, baseline, settings.seconds);
  const of = { organization_id: facts.organization_id, hour, calls: now.calls };
  if (minutes !== undefined) found.push(sumAlert({ ...of, currency: null, observed: now.seconds, baseline }, minutes));
  for (const [currency, observed] of now.amounts) {
    const usual = currency === '' ? undefined : usualAmounts(facts, hours, currency);
    const amount = usual && unusualSum(observed, usual, settings.amountMicros);
    if (amount !== undefined) found.push(sumAlert({ ...of, currency, observed, baseline: usual! }, amount));
  }
  return found;
}

function usualAmounts({ sums, spend }: HourFacts, hours: readonly number[], currency: string): bigint[] | undefined {
  if (spend === 'not-comparable') return undefined;
  if (spend === 'as-charged') return hours.map((each) => sums.get(each)?.amounts.get(currency) ?? 0n);
  return hours.map((each) => spend.get(each) ?? 0n);
}

interface SumFacts {
  organization_id: string;
  hour: number;
  calls: number;
  /** Null: the sums are seconds of calls. */
  currency: string | null;
  observed: bigint;
  baseline: readonly bigint[];
}

function sumAlert(facts: SumFacts, { expected, threshold }: UnusualSum): FoundAlert {
  const { organization_id, hour, calls, currency, observed, baseline } = facts;
  const rule = currency === null ? 'unusual-minutes' : 'unusual-spend';
  const what = (value: bigint) =>
    currency === null ? `${Math.round(Number(value) / 60)} minutes of calls` : `calls for ${money(value, currency)}`;
  /** Minutes, or whole micro-units. */
  const figure = (value: bigint) => (currency === null ? rounded(Number(value) / 60) : Number(value));
  return {
    key: `${iso(hour)} ${currency ?? ''}`.trim(),
    alert: {
      ...ofRule(rule, organization_id),
      message:
        `In the hour from ${clock(hour)} there were ${what(observed)}; ${what(expected)} are usual for this hour of ` +
        'the week. If you do not expect them, check the calls and revoke API keys that may be stolen.',
      period_from: iso(hour),
      period_until: iso(hour + HOUR_MS),
      currency,
      observed: figure(observed),
      expected: figure(expected),
      threshold: figure(threshold),
      calls,
      baseline: baseline.map(figure),
    },
  };
}

export interface TrunkFacts {
  organization_id: string;
  trunk_id: string;
  direction: 'inbound' | 'outbound';
  recent: CallCounts;
  baseline: CallCounts;
  period: { from: number; until: number };
}

/** What is unusual about a trunk's calls of the last hours. */
export function trunkAlerts(facts: TrunkFacts): FoundAlert[] {
  const { recent, baseline } = facts;
  const rate = collapsedAnswerRate(recent, baseline);
  const duration = collapsedDuration(recent, baseline);
  const percent = (value: number) => `${Math.round(value * 100)} %`;
  const found: FoundAlert[] = [];
  if (rate !== undefined) {
    const observed = recent.answered / recent.calls;
    const message =
      `Of the last ${recent.calls} ${facts.direction} calls of this trunk ${percent(observed)} were answered; ` +
      `${percent(rate.expected)} are usual. Test the trunk, and ask the carrier.`;
    found.push(trunkAlert(facts, { rule: 'answer-rate-collapsed', observed, calls: recent.calls, message }, rate));
  }
  if (duration !== undefined) {
    const observed = recent.seconds / recent.answered;
    const message =
      `The last ${recent.answered} answered ${facts.direction} calls of this trunk took ${Math.round(observed)} s on ` +
      `average; ${Math.round(duration.expected)} s are usual. Listen to one: the audio may be missing.`;
    found.push(
      trunkAlert(facts, { rule: 'call-duration-collapsed', observed, calls: recent.answered, message }, duration),
    );
  }
  return found;
}

interface TrunkFigures {
  rule: 'answer-rate-collapsed' | 'call-duration-collapsed';
  observed: number;
  calls: number;
  message: string;
}

function trunkAlert(facts: TrunkFacts, { rule, observed, calls, message }: TrunkFigures, usual: Unusual): FoundAlert {
  const { organization_id, trunk_id, direction, baseline, period } = facts;
  return {
    // Once a day.
    key: `${trunk_id} ${direction} ${iso(period.until).slice(0, 10)}`,
    alert: {
      ...ofRule(rule, organization_id),
      message,
      period_from: iso(period.from),
      period_until: iso(period.until),
      trunk_id,
      direction,
      observed: rounded(observed),
      expected: rounded(usual.expected),
      threshold: rounded(usual.threshold),
      calls,
      baseline: [rounded(usual.expected)],
      baseline_calls: rule === 'answer-rate-collapsed' ? baseline.calls : baseline.answered,
    },
  };
}

export interface CountryFacts {
  organization_id: string;
  country: string;
  calls: number;
  first: number;
  last: number;
}

export function countryAlert({ organization_id, country, calls, first, last }: CountryFacts): FoundAlert {
  const [where, setting] =
    country === WORLD
      ? ['numbers of no country (satellite, international networks)', 'special numbers out of outbound_special_numbers']
      : [`${country}, a country`, 'the country out of outbound_country_codes'];
  return {
    key: country,
    alert: {
      ...ofRule('new-high-cost-country', organization_id),
      message:
        `The first calls ever to ${where} where calls are expensive: ${calls} until ${clock(last)}. If ` +
        `you do not expect them, take ${setting} and check your API keys.`,
      period_from: iso(first),
      period_until: iso(last),
      direction: 'outbound',
      country,
      observed: calls,
      calls,
    },
  };
}

function ofRule(rule: UsageAlertRule, organization_id: string) {
  return {
    organization_id,
    rule,
    unit: USAGE_ALERT_RULES[rule],
    trunk_id: null,
    direction: null,
    country: null,
    currency: null,
    expected: null,
    threshold: null,
    baseline: [] as number[],
    baseline_calls: null,
  };
}
