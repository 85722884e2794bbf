import { deckRate, type DeckRate } from '@trunkmesh/contracts/rate-deck.js';
import { parseDecimal } from '../carrier-bill/decimal.js';
import { beginningOf, readGivenTime, type ReadDay } from '../http/given-time.js';

/** The columns of an import and of an export. */
export const DECK_COLUMNS = [
  'direction',
  'prefix',
  'effective_from',
  'rate_per_minute',
  'increments',
  'minimum_seconds',
] as const;
type Column = (typeof DECK_COLUMNS)[number];
const REQUIRED: readonly Column[] = ['prefix', 'rate_per_minute'];

const MICRO_PLACES = 6;
const MOST_MICROS = 1_000_000_000_000n;
const ALWAYS = '2000-01-01T00:00:00.000Z';
const { shape } = deckRate;

export type DeckHeader = { columns: (Column | undefined)[] } | { problem: string };
export type DeckLine = { rate: DeckRate } | { problems: { column: Column; message: string }[] };

/** Names in any case, spaces for underscores; further columns, such as the name of the destination, are passed over. */
export function deckHeader(cells: readonly string[]): DeckHeader {
  const names = cells.map((cell) =>
    cell
      .trim()
      .toLowerCase()
      .replace(/[\s-]+/g, '_'),
  );
  const columns = names.map((name) => DECK_COLUMNS.find((column) => column === name));
  const missing = REQUIRED.filter((column) => !columns.includes(column));
  if (missing.length > 0)
    return { problem: `has no column ${missing.join(' and ')}; the columns are ${DECK_COLUMNS.join(', ')}` };
  const twice = DECK_COLUMNS.find((column) => columns.indexOf(column) !== columns.lastIndexOf(column));
  return twice === undefined ? { columns } : { problem: `has the column ${twice} twice` };
}

interface Field {
  column: Column;
  name: keyof DeckRate;
  /** Undefined: the text is none. What is left out has its default: outbound, always, 60/60, no minimum. */
  read: (text: string, beginning: ReadDay) => string | number | undefined;
  /** What it must be. */
  message: string;
}

const FIELDS: readonly Field[] = [
  {
    column: 'direction',
    name: 'direction',
    read: (text) => shape.direction.safeParse(text.toLowerCase() || 'outbound').data,
    message: 'must be inbound or outbound',
  },
  {
    column: 'prefix',
    name: 'prefix',
    read: (text) => shape.prefix.safeParse(text.replace(/^'?(?:\+|00)?/, '')).data,
    message: 'must be 1 to 15 digits of a number in E.164, for example 49 or +4915',
  },
  {
    column: 'effective_from',
    name: 'effective_from',
    read: timeOf,
    message: 'must be a date (2026-12-01) or a time in RFC 3339',
  },
  {
    column: 'rate_per_minute',
    name: 'rate_per_minute_micros',
    read: microsOf,
    message: 'must be an amount of the currency with a decimal point, for example 0.0125',
  },
  {
    column: 'increments',
    name: 'increments',
    read: incrementsOf,
    message: 'must be two numbers of seconds up to 3600, for example 30/6',
  },
  {
    column: 'minimum_seconds',
    name: 'minimum_seconds',
    read: (text) => shape.minimum_seconds.safeParse(/^\d{0,4}$/.test(text) ? Number(text) : -1).data,
    message: 'must be a whole number of seconds from 0 to 3600',
  },
];

/** `beginning`: of the days of the organisation's time zone. */
export function deckLine(
  columns: readonly (Column | undefined)[],
  cells: readonly string[],
  beginning: ReadDay,
): DeckLine {
  const rate: Partial<Record<keyof DeckRate, string | number>> = {};
  const problems: { column: Column; message: string }[] = [];
  for (const { column, name, read, message } of FIELDS) {
    const value = read((cells[columns.indexOf(column)] ?? '').trim(), beginning);
    if (value === undefined) problems.push({ column, message });
    else rate[name] = value;
  }
  return problems.length > 0 ? { problems } : { rate: rate as DeckRate };
}

function timeOf(text: string, beginning: ReadDay): string | undefined {
  if (text === '') return ALWAYS;
  if (!/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[-+]\d\d:\d\d))?$/.test(text)) return undefined;
  const given = readGivenTime(text);
  return given && beginningOf(given, beginning);
}

function microsOf(text: string): string | undefined {
  const micros = parseDecimal(text, '.', MICRO_PLACES);
  return micros !== undefined && micros >= 0n && micros <= MOST_MICROS ? String(micros) : undefined;
}

function incrementsOf(text: string): string | undefined {
  if (text === '') return '60/60';
  const usable = shape.increments.safeParse(text).success && text.split('/').every((one) => Number(one) <= 3_600);
  return usable ? text : undefined;
}

/** `0.0125`, without zeros that say nothing. */
export function decimalOf(micros: string): string {
  const digits = micros.padStart(MICRO_PLACES + 1, '0');
  const fraction = digits.slice(-MICRO_PLACES).replace(/0+$/, '');
  const whole = digits.slice(0, -MICRO_PLACES);
  return fraction === '' ? whole : `${whole}.${fraction}`;
}

/** A rate as a line of an export, which an import takes again. */
export const deckCells = ({ rate_per_minute_micros, ...rate }: DeckRate): Record<Column, string | number> => ({
  ...rate,
  rate_per_minute: decimalOf(rate_per_minute_micros),
});
