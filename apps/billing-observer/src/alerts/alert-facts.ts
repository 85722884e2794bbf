import { USAGE_ALERT_RULES, type UsageAlert, type UsageAlertRule } from '@trunkmesh/contracts/usage-alert.js';
import {
  collapsedAnswerRate,
  collapsedDuration,
  comparableHours,
  HOUR_MS,
  unusualSum,
  type CallCounts,
  type Unusual,
} from './alert-rules.js';

/** An alert before it has an id; `key` names what it is about and its period: each is raised once. */
export interface FoundAlert {
  key: string;
  alert: Omit<UsageAlert, 'alert_id' | 'raised_at'>;
}

export interface AlertSettings {
  /** Hours with fewer minutes are never unusual. */
  minutes: number;
  /** Hours with a lower charge are never unusual, micro-units of whatever currency. */
  amountMicros: number;
  /** Countries whose first calls are worth an alert. */
  countries: readonly string[];
}

/** Sums of one organisation and hour; `amounts` by currency. */
export interface HourSums {
  calls: number;
  seconds: number;
  amounts: ReadonlyMap<string, number>;
}

export interface HourFacts {
  organization_id: string;
  hour: number;
  /** Of the organisation, by hour; what is not there had no call. */
  sums: ReadonlyMap<number, HourSums>;
  firstHour: number;
}

const iso = (ms: number) => new Date(ms).toISOString();
const clock = (ms: number) => `${iso(ms).slice(11, 16)} UTC`;
const rounded = (value: number) => Math.round(value * 1000) / 1000;

/** What is unusual about an hour of an organisation. */
export function hourAlerts(
  { organization_id, hour, sums, firstHour }: HourFacts,
  settings: AlertSettings,
): FoundAlert[] {
  const now = sums.get(hour);
  if (now === undefined) return [];
  const before = comparableHours(hour, firstHour).map((each) => sums.get(each));
  const base = { organization_id, hour, calls: now.calls };
  const found: FoundAlert[] = [];
  const usualMinutes = before.map((each) => (each?.seconds ?? 0) / 60);
  const minutes = unusualSum(now.seconds / 60, usualMinutes, settings.minutes);
  if (minutes !== undefined)
    found.push(sumAlert({ ...base, currency: null, observed: now.seconds / 60, baseline: usualMinutes }, minutes));
  for (const [currency, observed] of now.amounts) {
    if (currency === '') continue;
    const baseline = before.map((each) => each?.amounts.get(currency) ?? 0);
    const amount = unusualSum(observed, baseline, settings.amountMicros);
    if (amount !== undefined) found.push(sumAlert({ ...base, currency, observed, baseline }, amount));
  }
  return found;
}

interface SumFacts {
  organization_id: string;
  hour: number;
  calls: number;
  currency: string | null;
  observed: number;
  baseline: readonly number[];
}

function sumAlert(facts: SumFacts, { expected, threshold }: Unusual): FoundAlert {
  const { organization_id, hour, calls, currency, observed, baseline } = facts;
  const rule = currency === null ? 'unusual-minutes' : 'unusual-spend';
  const what = (value: number) =>
    currency === null ? `${Math.round(value)} minutes of calls` : `calls for ${(value / 1e6).toFixed(2)} ${currency}`;
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
      observed: rounded(observed),
      expected: rounded(expected),
      threshold: rounded(threshold),
      calls,
      baseline: baseline.map(rounded),
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
  return {
    key: country,
    alert: {
      ...ofRule('new-high-cost-country', organization_id),
      message:
        `The first calls ever to ${country}, a country where calls are expensive: ${calls} until ${clock(last)}. If ` +
        'you do not expect them, take the country out of outbound_country_codes and check your API keys.',
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
