/** Seconds since 1970 in UTC; undefined where the text is no such time. */
export type ReadTime = (text: string) => number | undefined;

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** The parts that a pattern may have, and what each looks like. */
const TOKENS: Record<string, string> = {
  YYYY: '(?<year>\\d{4})',
  YY: '(?<year>\\d{2})',
  MMM: '(?<name>[A-Za-z]{3})[A-Za-z]*',
  MM: '(?<month>\\d{1,2})',
  M: '(?<month>\\d{1,2})',
  DD: '(?<day>\\d{1,2})',
  D: '(?<day>\\d{1,2})',
  HH: '(?<hour>\\d{1,2})',
  H: '(?<hour>\\d{1,2})',
  hh: '(?<hour>\\d{1,2})',
  h: '(?<hour>\\d{1,2})',
  mm: '(?<minute>\\d{2})',
  ss: '(?<second>\\d{2})(?:[.,]\\d+)?',
  A: '(?<half>[AaPp])\\.?[Mm]\\.?',
  Z: '(?<zone>Z|UTC|GMT|[-+]\\d{2}:?\\d{2})',
  ddd: '[A-Za-z]{3,9}',
};
const TOKEN = new RegExp(Object.keys(TOKENS).join('|'), 'g');

/** Formats with a name of their own. */
export const NAMED_FORMATS = ['standard', 'unix', 'unix-ms'] as const;
const STANDARD = [
  /^(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)[T ](?<hour>\d\d):(?<minute>\d\d)(?::(?<second>\d\d)(?:[.,]\d+)?)? ?(?<zone>Z|UTC|GMT|[-+]\d\d(?::?\d\d)?)?$/i,
  regexOf('ddd, DD MMM YYYY HH:mm:ss Z'),
];

/** Whether a pattern says the day and the time; a text between the parts stands for itself. */
export function isTimePattern(pattern: string): boolean {
  const parts: string[] = pattern.match(TOKEN) ?? [];
  const has = (...names: string[]) => parts.filter((part) => names.includes(part)).length === 1;
  const hours = has('HH', 'H') !== (has('hh', 'h') && has('A'));
  return new Set(parts).size === parts.length && has('YYYY', 'YY') && has('MMM', 'MM', 'M') && has('DD', 'D') && hours;
}

function regexOf(pattern: string): RegExp {
  let source = '';
  let at = 0;
  for (const { 0: token, index } of pattern.matchAll(TOKEN)) {
    source += literal(pattern.slice(at, index)) + TOKENS[token]!;
    at = index + token.length;
  }
  return new RegExp(`^${source}${literal(pattern.slice(at))}$`, 'i');
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&').replace(/\s+/g, '\\s+');
}

/** `timeZone`: of times that do not say theirs, an IANA name. */
export function timeReader(format: string, timeZone: string): ReadTime {
  if (format === 'unix') return (text) => (/^\d{9,11}(\.\d+)?$/.test(text) ? Math.floor(Number(text)) : undefined);
  if (format === 'unix-ms') return (text) => (/^\d{12,14}$/.test(text) ? Math.floor(Number(text) / 1000) : undefined);
  const expressions = format === 'standard' ? STANDARD : [regexOf(format)];
  const toUtc = zoneReader(timeZone);
  return (text) => {
    for (const expression of expressions) {
      const groups = expression.exec(text)?.groups;
      if (groups !== undefined) return secondsOf(groups, toUtc);
    }
    return undefined;
  };
}

type Groups = Record<string, string | undefined>;

function secondsOf(groups: Groups, toUtc: (local: number) => number): number | undefined {
  const number = (name: string) => Number(groups[name] ?? 0);
  const year = groups['year']!.length === 2 ? 2000 + number('year') : number('year');
  const month = groups['name'] === undefined ? number('month') : MONTHS.indexOf(groups['name'].toLowerCase()) + 1;
  const [hour, minute, second] = [hourOf(groups), number('minute'), number('second')];
  if (hour === undefined || hour > 23 || minute > 59 || second > 60) return undefined;
  const date = new Date(Date.UTC(year, month - 1, number('day'), hour, minute, second));
  // 31 June would be 1 July.
  if (date.getUTCMonth() !== month - 1 || month === 0) return undefined;
  const local = date.getTime() / 1000;
  const { zone } = groups;
  return zone === undefined ? toUtc(local) : local - offsetOf(zone);
}

function hourOf({ hour, half }: Groups): number | undefined {
  if (half === undefined) return Number(hour);
  const twelve = Number(hour);
  if (twelve < 1 || twelve > 12) return undefined;
  return (twelve % 12) + (half.toLowerCase() === 'p' ? 12 : 0);
}

function offsetOf(zone: string): number {
  const match = /^([-+])(\d\d):?(\d\d)?$/.exec(zone);
  if (match === null) return 0;
  return (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 3_600 + Number(match[3] ?? 0) * 60);
}

const QUARTER = 900;
const MOST_REMEMBERED = 10_000;

/**
 * From the zone's wall clock to UTC. An hour that summer time makes twice is taken as the earlier one. Asking Intl
 * costs microseconds, and a file has few different quarters of an hour.
 */
function zoneReader(timeZone: string): (local: number) => number {
  if (timeZone === 'UTC') return (local) => local;
  const clock = new Intl.DateTimeFormat('en-US', { timeZone, hourCycle: 'h23', ...FIELDS });
  const known = new Map<number, number>();
  const offset = (utc: number): number => {
    const quarter = Math.floor(utc / QUARTER);
    const remembered = known.get(quarter);
    if (remembered !== undefined) return remembered;
    if (known.size >= MOST_REMEMBERED) known.clear();
    const parts = Object.fromEntries(
      clock.formatToParts(quarter * QUARTER * 1000).map(({ type, value }) => [type, Number(value)]),
    );
    const { year, month, day, hour, minute } = parts as Record<string, number>;
    const found = Date.UTC(year!, month! - 1, day!, hour!, minute!) / 1000 - quarter * QUARTER;
    known.set(quarter, found);
    return found;
  };
  return (local) => {
    const first = local - offset(local - offset(local));
    const earlier = local - offset(first - 3_600);
    return earlier < first && earlier + offset(earlier) === local ? earlier : first;
  };
}
const FIELDS = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' } as const;
