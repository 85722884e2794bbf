import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import { CsvError, parse } from 'csv-parse';
import { checkRequest } from '../http/field-problems.js';
import { csvHeader, csvRow, delimiterOf } from './import-row.js';
import type { ImportLine, LineProblem } from './import-plan.js';
import type { NumberSchemas } from './number-input.js';

export const MAX_IMPORT = 100_000;
/** Between two of these the event loop serves others, and the client's wish to stop is heard. */
const TURN = 500;
/** Characters of one CSV line. */
const MAX_RECORD = 16_384;

export interface ReadImport { lines: ImportLine[]; problems: LineProblem[]; read: number }
export interface Reading { entry: NumberSchemas['entry']; signal: AbortSignal; progress: (read: number) => void }

type Raw = { line: number; value: unknown } | { line: number; problem: string };

/** Every line judged by the schema of a single number. `body`: a text (CSV, or JSON a line) or a parsed JSON array. */
export async function readImport(body: unknown, contentType: string, { entry, signal, progress }: Reading): Promise<ReadImport> {
  const result: ReadImport = { lines: [], problems: [], read: 0 };
  for await (const raw of rawLines(body, contentType)) {
    if (!('problem' in raw)) result.read += 1;
    if (result.read > MAX_IMPORT) throw tooMany();
    judge(raw, entry, result);
    if (result.read % TURN !== 0) continue;
    progress(result.read);
    await turn();
    signal.throwIfAborted();
  }
  return result;
}

const tooMany = () => new DomainError('payload-too-large', `An import takes up to ${MAX_IMPORT} numbers; send the rest in a second one.`);

function judge(raw: Raw, entry: NumberSchemas['entry'], { lines, problems }: ReadImport): void {
  if ('problem' in raw) { problems.push({ line: raw.line, pointer: '', message: raw.problem }); return; }
  const checked = checkRequest(entry, raw.value);
  if (checked.problems) problems.push(...checked.problems.map((problem) => ({ line: raw.line, ...problem })));
  else lines.push({ line: raw.line, entry: checked.value });
}

function rawLines(body: unknown, contentType: string): Iterable<Raw> | AsyncIterable<Raw> {
  if (Array.isArray(body) && body.length > MAX_IMPORT) throw tooMany();
  if (Array.isArray(body)) return body.map((value, index) => ({ line: index + 1, value }));
  if (typeof body !== 'string') throw new DomainError('invalid-request', 'Send a CSV with a header line, a JSON array, or a JSON object a line.', [{ pointer: '', message: 'must be a list of numbers' }]);
  return contentType.includes('ndjson') ? jsonLines(body) : csvLines(body);
}

function* jsonLines(text: string): Generator<Raw> {
  let line = 0;
  for (const each of text.split('\n')) {
    line += 1;
    if (each.trim() === '') continue;
    yield jsonLine(each, line);
  }
}

function jsonLine(text: string, line: number): Raw {
  try {
    return { line, value: JSON.parse(text) };
  } catch {
    return { line, problem: 'is not valid JSON' };
  }
}

/** What a header's problem or a broken quote leaves unread is not reported line by line: everything after it would be wrong for that one reason. */
async function* csvLines(text: string): AsyncGenerator<Raw> {
  const parser = Readable.from(pieces(text)).pipe(parse({
    bom: true, delimiter: delimiterOf(text.slice(0, 4_096).split(/\r?\n/, 1)[0]!), info: true, relax_column_count: true, skip_empty_lines: true, max_record_size: MAX_RECORD,
  }));
  let columns: string[] | undefined;
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      if (columns !== undefined) { yield csvLine(columns, record, info.lines); continue; }
      const header = csvHeader(record);
      yield* header.problems.map((problem) => ({ line: info.lines, problem }));
      if (header.problems.length > 0) return;
      columns = header.columns;
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    yield { line: Number(error['lines'] ?? 0), problem: `is not CSV (${error.code === 'CSV_MAX_RECORD_SIZE' ? `longer than ${MAX_RECORD} characters, perhaps a quote that is not closed` : 'its quotes do not fit'}); nothing after it was read` };
  }
}

function csvLine(columns: readonly string[], cells: readonly string[], line: number): Raw {
  if (cells.length <= columns.length) return { line, value: csvRow(columns, cells) };
  return { line, problem: `has ${cells.length} cells, the header ${columns.length}; put a cell that holds a separator in quotes` };
}

function* pieces(text: string): Generator<string> {
  for (let from = 0; from < text.length; from += 65_536) yield text.slice(from, from + 65_536);
}
