import type { CarrierCall } from '@trunkmesh/contracts/carrier-bill.js';
import { dialectOf, formatE164, toE164, type Dialect } from '@trunkmesh/routing/number-format.js';
import type { CarrierFormatBody } from './carrier-format.js';
import { parseDecimal } from './decimal.js';
import { timeReader, type ReadTime } from './time-format.js';

type Field = keyof CarrierFormatBody['columns'];
const OPTIONAL: ReadonlySet<Field> = new Set(['time_of_day', 'amount', 'currency', 'reference'] as const);

/** `column`: its name in the file; undefined where the whole line is meant. */
export interface RowProblem {
  line: number;
  column?: string;
  message: string;
}
export type ReadRow = { call: CarrierCall } | { problems: RowProblem[] };

const bare = (name: string) => name.toLowerCase().replace(/[\s_.-]+/g, '');
const MICRO_PLACES = 6;
const MOST_MICROS = 10n ** 18n;
const MOST_SECONDS = 10_000_000;

/** Undefined: this is not the header line, for `missing` tells which columns it lacks. */
export function readerFor(
  header: readonly string[],
  format: CarrierFormatBody,
): { reader: RowReader } | { missing: string[] } {
  const names = header.map(bare);
  const places: Partial<Record<Field, number>> = {};
  const missing: string[] = [];
  for (const [field, wanted] of Object.entries(format.columns) as [Field, string[] | null][]) {
    if (wanted === null) continue;
    const place = wanted.map((name) => names.indexOf(bare(name))).find((index) => index >= 0);
    if (place !== undefined) places[field] = place;
    else if (!OPTIONAL.has(field) || field === 'time_of_day')
      missing.push(wanted.map((name) => `"${name}"`).join(' or '));
  }
  return missing.length > 0 ? { missing } : { reader: new RowReader(header, format, places) };
}

/** Reads the lines of one file. */
export class RowReader {
  private readonly readTime: ReadTime;
  private readonly dialect: Dialect;

  constructor(
    private readonly header: readonly string[],
    private readonly format: CarrierFormatBody,
    private readonly places: Partial<Record<Field, number>>,
  ) {
    this.readTime = timeReader(format.time_format, format.time_zone);
    this.dialect = dialectOf({ default_country: format.default_country, number_rules: [] });
  }

  read(line: number, cells: readonly string[]): ReadRow {
    const problems: RowProblem[] = [];
    const wrong = (field: Field, is: string): null => {
      const text = shown(this.cell(cells, field));
      problems.push({ line, column: this.header[this.places[field]!]!.slice(0, 100), message: `${text} ${is}` });
      return null;
    };
    const call = {
      line,
      reference: this.cell(cells, 'reference').slice(0, 128) || null,
      from: this.number(cells, 'from'),
      to: this.number(cells, 'to') || wrong('to', 'is no number; every call needs the called number'),
      at: this.time(cells) ?? wrong('time', `is no time in the format "${this.format.time_format}"; see time_format`),
      seconds:
        this.seconds(cells) ?? wrong('duration', `is no length in ${this.format.duration_unit}; see duration_unit`),
      ...this.money(cells, wrong),
    };
    return problems.length > 0 ? { problems } : { call: call as CarrierCall };
  }

  private cell(cells: readonly string[], field: Field): string {
    const place = this.places[field];
    return place === undefined ? '' : (cells[place] ?? '').trim();
  }

  /** In E.164 where it can be brought to it. Spreadsheets are kept from reading a number by `'` or `="…"`. */
  private number(cells: readonly string[], field: 'from' | 'to'): string {
    const text = this.cell(cells, field).replace(/^=?["']+|["']+$/g, '');
    const user = /^(?:sips?|tel):([^@;]+)/i.exec(text)?.[1] ?? text;
    const e164 = toE164(user, this.dialect);
    return e164 === 0 ? user.slice(0, 64) : formatE164(e164);
  }

  private time(cells: readonly string[]): number | undefined {
    const day = this.cell(cells, 'time');
    const text = this.places.time_of_day === undefined ? day : `${day} ${this.cell(cells, 'time_of_day')}`;
    const seconds = this.readTime(text);
    return seconds !== undefined && seconds >= 0 ? seconds : undefined;
  }

  private seconds(cells: readonly string[]): number | undefined {
    const text = this.cell(cells, 'duration');
    // Some files leave it empty where a call was not answered.
    if (text === '') return 0;
    const { duration_unit: unit, decimal } = this.format;
    if (unit === 'clock') return clockSeconds(text);
    const thousandths = parseDecimal(text, decimal, 3);
    if (thousandths === undefined || thousandths < 0n) return undefined;
    const seconds = SECONDS[unit](thousandths);
    return seconds <= MOST_SECONDS ? Number(seconds) : undefined;
  }

  private money(
    cells: readonly string[],
    wrong: (field: Field, is: string) => null,
  ): Pick<CarrierCall, 'amount_micros' | 'currency'> {
    const text = this.cell(cells, 'amount');
    if (text === '') return { amount_micros: null, currency: null };
    const amount = parseDecimal(text, this.format.decimal, MICRO_PLACES);
    const usable = amount !== undefined && amount < MOST_MICROS && amount > -MOST_MICROS;
    if (!usable) wrong('amount', `is no amount with "${this.format.decimal}" before the decimals; see decimal`);
    const currency = this.cell(cells, 'currency').toUpperCase() || this.format.currency;
    if (currency === null || !/^[A-Z]{3}$/.test(currency)) {
      wrong('currency', 'is no ISO 4217 currency code');
      return { amount_micros: null, currency: null };
    }
    return { amount_micros: String((this.format.negative_amounts ? -1n : 1n) * (amount ?? 0n)), currency };
  }
}

/** From thousandths of the unit. A second that has begun counts whole; minutes have two decimals in most files. */
const SECONDS: Record<'seconds' | 'minutes' | 'milliseconds', (thousandths: bigint) => bigint> = {
  seconds: (thousandths) => (thousandths + 999n) / 1_000n,
  milliseconds: (thousandths) => (thousandths + 999_999n) / 1_000_000n,
  minutes: (thousandths) => (thousandths * 60n + 500n) / 1_000n,
};

function clockSeconds(text: string): number | undefined {
  const match = /^(?:(\d{1,4}):)?(\d{1,4}):(\d{2})(?:[.,]\d+)?$/.exec(text);
  return match === null ? undefined : Number(match[1] ?? 0) * 3_600 + Number(match[2]) * 60 + Number(match[3]);
}

const shown = (text: string) => (text === '' ? 'the empty cell' : JSON.stringify(text.slice(0, 40)));
