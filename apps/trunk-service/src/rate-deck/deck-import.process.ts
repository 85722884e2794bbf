import { Readable } from 'node:stream';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import type { DeckRate } from '@trunkmesh/contracts/rate-deck.js';
import { CsvError, parse } from 'csv-parse';
import { dayReader, type ReadDay } from '../http/given-time.js';
import { delimiterOf } from '../number/import-row.js';
import { startSlices } from '../slices.process.js';
import { deckHeader, deckLine, type DeckHeader } from './deck-row.js';

export const MOST_RATES = 200_000;
const MOST_PROBLEMS = 100;
const MOST_RECORD = 4_096;
const PIECE = 16_384;

interface Problem {
  line: number;
  column: string | null;
  detail: string;
}

/**
 * Every rate of a CSV; its dates are days of the time zone.
 *
 * @throws DomainError import-has-errors with each line and column, invalid-request, payload-too-large
 */
export async function readDeck(text: string, timeZone: string): Promise<DeckRate[]> {
  if (text.includes('\0'))
    throw new DomainError('invalid-request', 'The file has a NUL character, so it is no CSV. Save it as CSV in UTF-8.');
  const parser = Readable.from(pieces(text)).pipe(
    parse({
      bom: true,
      delimiter: delimiterOf(text.slice(0, MOST_RECORD).split(/\r?\n/, 1)[0]!),
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      max_record_size: MOST_RECORD,
    }),
  );
  const reading = new DeckReading(dayReader(timeZone));
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>)
      if (reading.take(info.lines, record)) break;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const detail =
      error.code === 'CSV_MAX_RECORD_SIZE'
        ? `is longer than ${MOST_RECORD} characters, perhaps a quote that is not closed`
        : 'is not CSV: its quotes do not fit';
    reading.problems.push({ line: Number(error['lines'] ?? 0), column: null, detail });
  }
  return reading.result();
}

class DeckReading {
  readonly problems: Problem[] = [];
  private header: DeckHeader | undefined;
  private readonly rates = new Map<string, { line: number; rate: DeckRate }>();

  constructor(private readonly beginning: ReadDay) {}

  /** @returns whether the rest need not be read */
  take(line: number, record: readonly string[]): boolean {
    if (this.header === undefined) {
      this.header = deckHeader(record);
      if ('problem' in this.header) this.problems.push({ line, column: null, detail: this.header.problem });
    } else if ('columns' in this.header && record.some((cell) => cell.trim() !== '')) {
      const read = deckLine(this.header.columns, record, this.beginning);
      if ('rate' in read) this.add(line, read.rate);
      else for (const { column, message } of read.problems) this.problems.push({ line, column, detail: message });
    }
    if (this.rates.size > MOST_RATES)
      throw new DomainError('payload-too-large', `A rate deck may have ${MOST_RATES} rates.`);
    return this.problems.length >= MOST_PROBLEMS || 'problem' in this.header;
  }

  /** @throws DomainError import-has-errors, invalid-request */
  result(): DeckRate[] {
    const { length } = this.problems;
    if (length > 0)
      throw new DomainError(
        'import-has-errors',
        `Nothing was imported: ${length === 1 ? 'there is one problem' : `there are ${length} problems`} in the file.`,
        [],
        {
          error_count: length,
          lines_with_errors: new Set(this.problems.map(({ line }) => line)).size,
          errors: this.problems,
        },
      );
    if (this.header === undefined)
      throw new DomainError(
        'invalid-request',
        'The file is empty. Send a CSV with the columns prefix, rate_per_minute.',
      );
    return [...this.rates.values()].map(({ rate }) => rate);
  }

  private add(line: number, rate: DeckRate): void {
    const key = `${rate.direction}/${rate.prefix}/${rate.effective_from}`;
    const before = this.rates.get(key);
    if (before === undefined) this.rates.set(key, { line, rate });
    else
      this.problems.push({
        line,
        column: 'prefix',
        detail: `line ${before.line} has a rate for the same direction, prefix and time; remove one of them`,
      });
  }
}

async function* pieces(text: string): AsyncGenerator<string> {
  const slices = startSlices();
  for (let from = 0; from < text.length; from += PIECE) {
    await slices.breathe();
    yield text.slice(from, from + PIECE);
  }
}
