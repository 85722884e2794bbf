import { Readable } from 'node:stream';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import { parse, type CsvError, type Parser } from 'csv-parse';
import { checkRequest } from '../http/field-problems.js';
import { startSlices, type Slices } from '../slices.process.js';
import { csvHeader, csvRow, delimiterOf, isBlank } from './import-row.js';
import type { ImportLine, LineProblem } from './import-plan.js';
import type { NumberSchemas } from './number-input.js';

export const MAX_IMPORT = 100_000;
/** With those that are blank: a spreadsheet has not more. */
const MAX_LINES = 1_048_576;
/** Characters of one CSV line. */
const MAX_RECORD = 16_384;
/** JSON escapes a character with six. */
const MAX_JSON_LINE = 4 * MAX_RECORD;
/** Characters that the CSV parser is given at once. */
const PIECE = 4_096;
/** Of all lines together; every column of 100,000 numbers, and as many again. */
const MAX_CELLS = 4_000_000;
/** A request with so many is not what its sender meant; the rest would be read for nothing. */
const MAX_COLLECTED = 10_000;

/** `cutShort`: so much was wrong that the rest was not read. */
export interface ReadImport {
  lines: ImportLine[];
  problems: LineProblem[];
  /** What lines with a problem give as their number, by line. Nothing else of them: a secret may be in any cell. */
  wrong: Map<number, string>;
  read: number;
  cutShort: boolean;
}
export interface Reading {
  entry: NumberSchemas['entry'];
  signal: AbortSignal;
  progress: (read: number) => void;
}

type Raw = { line: number; value: unknown } | { line: number; problem: string };

/**
 * Every line judged by the schema of a single number, in slices. `body`: a text (CSV, or JSON a line) or a parsed JSON
 * array.
 */
export async function readImport(
  body: unknown,
  contentType: string,
  { entry, signal, progress }: Reading,
): Promise<ReadImport> {
  const result: ReadImport = { lines: [], problems: [], wrong: new Map(), read: 0, cutShort: false };
  const slices = startSlices(signal);
  for await (const raw of rawLines(body, contentType, slices)) {
    if (!('problem' in raw)) result.read += 1;
    if (result.read > MAX_IMPORT) throw tooMany();
    judge(raw, entry, result);
    result.cutShort = result.problems.length >= MAX_COLLECTED;
    if (result.cutShort) return result;
    if (!slices.isOver()) continue;
    progress(result.read);
    await slices.breathe();
  }
  progress(result.read);
  return result;
}

const tooMany = () =>
  new DomainError('payload-too-large', `An import takes up to ${MAX_IMPORT} numbers; send the rest in a second one.`);

function tooManyLines(): DomainError {
  const most = `${MAX_LINES} lines and ${MAX_CELLS} cells, blank ones included`;
  return new DomainError('payload-too-large', `An import takes up to ${most}; remove what is not needed.`);
}

function judge(raw: Raw, entry: NumberSchemas['entry'], { lines, problems, wrong }: ReadImport): void {
  if ('problem' in raw) {
    problems.push({ line: raw.line, pointer: '', message: raw.problem });
    return;
  }
  const checked = checkRequest(entry, raw.value);
  if (!checked.problems) {
    lines.push({ line: raw.line, entry: checked.value });
    return;
  }
  problems.push(...checked.problems.map((problem) => ({ line: raw.line, ...problem })));
  const number = numberAsSent(raw.value);
  if (number !== undefined) wrong.set(raw.line, number);
}

/** Only what looks like a number or is as short as one: a column in the wrong place may hold a secret. */
function numberAsSent(value: unknown): string | undefined {
  const sent = typeof value === 'object' && value !== null && 'phone_number' in value ? value.phone_number : undefined;
  return typeof sent === 'string' && /^[\d\s()+./-]{1,40}$|^\w{1,15}$/.test(sent) ? sent : undefined;
}

function rawLines(body: unknown, contentType: string, slices: Slices): Iterable<Raw> | AsyncIterable<Raw> {
  if (Array.isArray(body)) return body.map((value, index) => ({ line: index + 1, value }));
  if (typeof body !== 'string')
    throw new DomainError('invalid-request', 'Send a CSV with a header line, a JSON array, or a JSON object a line.', [
      { pointer: '', message: 'must be a list of numbers' },
    ]);
  return contentType.includes('ndjson') ? jsonLines(body, slices) : csvLines(body, slices);
}

async function* jsonLines(text: string, slices: Slices): AsyncGenerator<Raw> {
  let line = 0;
  for (let from = 0; from < text.length;) {
    const end = text.indexOf('\n', from);
    const to = end < 0 ? text.length : end;
    line += 1;
    if (line > MAX_LINES) throw tooManyLines();
    if (slices.isOver()) await slices.breathe();
    if (to - from > MAX_JSON_LINE) yield { line, problem: `is longer than ${MAX_JSON_LINE} characters` };
    else if (text.slice(from, to).trim() !== '') yield jsonLine(text.slice(from, to), line);
    from = to + 1;
  }
}

function jsonLine(text: string, line: number): Raw {
  try {
    return { line, value: JSON.parse(text) };
  } catch {
    return { line, problem: 'is not valid JSON' };
  }
}

/**
 * What a header's problem or a broken quote leaves unread is not reported line by line: everything after it would be
 * wrong for that one reason. What stands before it is read.
 */
async function* csvLines(text: string, slices: Slices): AsyncGenerator<Raw> {
  const parser = csvParser(delimiterOf(text.slice(0, 4_096).split(/\r?\n/, 1)[0]!));
  const fault = firstFault(parser);
  const source = pieces(text, slices, () => fault.error !== undefined);
  let columns: string[] | undefined;
  let cells = 0;
  let read = 0;
  let line = 0;
  for await (const { record, info } of Readable.from(source).pipe(parser) as AsyncIterable<Parsed>) {
    if (fault.error !== undefined && read >= fault.records) break;
    read += 1;
    line = info.lines;
    cells += record.length;
    if (line > MAX_LINES || cells > MAX_CELLS) throw tooManyLines();
    if (isBlank(record)) continue;
    if (columns !== undefined) {
      yield csvLine(columns, record, line);
      continue;
    }
    const header = csvHeader(record);
    yield* header.problems.map((problem) => ({ line, problem }));
    if (header.problems.length > 0) return;
    columns = header.columns;
  }
  if (fault.error !== undefined) yield { line: line + 1, problem: faultText(fault.error) };
}

interface Parsed {
  record: string[];
  info: { lines: number };
}

const csvParser = (delimiter: string): Parser =>
  parse({
    bom: true,
    delimiter,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: MAX_RECORD,
    // An error would take the records with it that wait to be read.
    skip_records_with_error: true,
  });

/** What cannot be read first, and how many records stand before it. */
function firstFault(parser: Parser): { error: CsvError | undefined; records: number } {
  const fault: ReturnType<typeof firstFault> = { error: undefined, records: 0 };
  parser.on('skip', (error: CsvError) => {
    if (fault.error !== undefined) return;
    fault.error = error;
    fault.records = Number(error['records'] ?? 0);
  });
  return fault;
}

function faultText({ code }: CsvError): string {
  const rest = 'nothing from here on was read';
  if (code === 'CSV_MAX_RECORD_SIZE')
    return `is not CSV (longer than ${MAX_RECORD} characters, perhaps a quote that is not closed); ${rest}`;
  const why = code === 'CSV_QUOTE_NOT_CLOSED' ? 'a quote is not closed' : 'its quotes do not fit';
  return `is not CSV (${why}); ${rest}`;
}

function csvLine(columns: readonly string[], cells: readonly string[], line: number): Raw {
  const stray = cells.findIndex((cell, index) => (columns[index] ?? '') === '' && cell.trim() !== '');
  if (stray < 0) return { line, value: csvRow(columns, cells) };
  const advice = 'name the column, clear the cell, or put a cell that holds a separator in quotes';
  return { line, problem: `has a value in place ${stray + 1}, where the header has no name; ${advice}` };
}

/** A stream of pieces that are there already is read to its end before the event loop looks at anything else. */
async function* pieces(text: string, slices: Slices, isEnough: () => boolean): AsyncGenerator<string> {
  for (let from = 0; from < text.length && !isEnough(); from += PIECE) {
    await slices.breathe();
    yield text.slice(from, from + PIECE);
  }
}
