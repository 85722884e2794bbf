import { pipeline, Readable } from 'node:stream';
import { TextDecoder } from 'node:util';
import { createGunzip } from 'node:zlib';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import type { CarrierCall } from '@trunkmesh/contracts/carrier-bill.js';
import { CsvError, parse } from 'csv-parse';
import type { CarrierFormatBody } from './carrier-format.js';
import { readerFor, type RowProblem, type RowReader } from './read-row.js';

/** After decompression. */
export const MOST_BYTES = 2 * 1024 ** 3;
/** Of one line, and of an open quote. */
const MOST_RECORD = 65_536;
/** Some exports have a title above the header. */
const HEADER_WITHIN = 20;
const NEWLINE = 10;

export interface CarrierFile {
  /** As it arrives: a request or a file. */
  bytes: AsyncIterable<Buffer>;
  /** Of the header Content-Type. */
  charset: string;
  format: CarrierFormatBody;
}
export type FileLine = { call: CarrierCall } | { problems: RowProblem[] };

/**
 * The calls of a CSV, one after the other; memory holds one line. What makes the rest unreadable is thrown: a character
 * set that is another one, a quote that is not closed, a missing column.
 *
 * @throws DomainError invalid-request, payload-too-large, unsupported-media-type
 */
export async function* readCarrierFile({ bytes, charset, format }: CarrierFile): AsyncGenerator<FileLine> {
  const text = new FileText(charset);
  const pieces = text.decoded(bounded(unzipped(bytes)));
  const first = await firstPieces(pieces);
  const parser = parse({
    bom: true,
    delimiter: format.delimiter ?? delimiterOf(first),
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: MOST_RECORD,
  });
  // The error of either end is thrown by the loop below.
  pipeline(Readable.from(joined(first, pieces)), parser, () => undefined);
  const seen: string[][] = [];
  try {
    yield* rowsOf(parser as AsyncIterable<Line>, format, seen);
  } catch (error) {
    throw error instanceof CsvError ? unreadable(error) : error;
  }
}

interface Line {
  record: string[];
  info: { lines: number };
}

/** `seen`: the lines above the header. */
async function* rowsOf(
  lines: AsyncIterable<Line>,
  format: CarrierFormatBody,
  seen: string[][],
): AsyncGenerator<FileLine> {
  let reader: RowReader | undefined;
  for await (const { record, info } of lines) {
    if (reader === undefined) {
      reader = headerOf(record, format, seen);
      if (seen.length >= HEADER_WITHIN) break;
    } else if (record.some((cell) => cell.trim() !== '')) yield reader.read(info.lines, record);
  }
  if (reader === undefined) throw withoutHeader(seen, format);
}

function headerOf(record: string[], format: CarrierFormatBody, seen: string[][]): RowReader | undefined {
  const header = readerFor(record, format);
  if ('reader' in header) return header.reader;
  seen.push(record);
  return undefined;
}

async function* joined(first: string, rest: AsyncIterable<string>): AsyncGenerator<string> {
  if (first !== '') yield first;
  yield* rest;
}

/** Enough for the header line. */
async function firstPieces(pieces: AsyncIterator<string, unknown>): Promise<string> {
  let text = '';
  while (text.length < MOST_RECORD && !/\n./.test(text)) {
    const { done, value } = await pieces.next();
    if (done === true) break;
    text += value as string;
  }
  return text;
}

const DELIMITERS = [',', ';', '\t', '|'];

/** That of which the first lines have most. */
function delimiterOf(text: string): string {
  const lines = text.split('\n', 5).join('\n');
  const counts = DELIMITERS.map((delimiter) => ({ delimiter, count: lines.split(delimiter).length }));
  return counts.reduce((best, one) => (one.count > best.count ? one : best)).delimiter;
}

/** Compressed or not: a gzip file begins with two bytes that no text begins with. */
async function* unzipped(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const source = bytes[Symbol.asyncIterator]();
  const first = await source.next();
  if (first.done === true) return;
  const whole = (async function* () {
    yield first.value;
    yield* { [Symbol.asyncIterator]: () => source };
  })();
  if (first.value[0] !== 0x1f || first.value[1] !== 0x8b) {
    yield* whole;
    return;
  }
  const gunzip = createGunzip();
  pipeline(Readable.from(whole), gunzip, () => undefined);
  try {
    yield* gunzip as AsyncIterable<Buffer>;
  } catch (error) {
    if (typeof (error as { code?: unknown }).code === 'string' && /^Z_/.test((error as { code: string }).code))
      throw refused('The file is not valid gzip, or it is cut off. Compress it again, or send it uncompressed.');
    throw error;
  }
}

async function* bounded(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let total = 0;
  for await (const piece of bytes) {
    total += piece.length;
    if (total > MOST_BYTES)
      throw new DomainError(
        'payload-too-large',
        `The file has more than ${MOST_BYTES / 1024 ** 3} GB uncompressed; send it in parts, a reconciliation each.`,
      );
    yield piece;
  }
}

/** Decodes, and knows the line of what it cannot decode. */
class FileText {
  private readonly decoder: TextDecoder;
  private line = 1;

  constructor(private readonly charset: string) {
    try {
      this.decoder = new TextDecoder(charset, { fatal: true });
    } catch {
      throw new DomainError(
        'unsupported-media-type',
        'The character set of the header Content-Type is not supported. Send UTF-8, or name another one, for example ' +
          'charset=windows-1252.',
      );
    }
  }

  async *decoded(bytes: AsyncIterable<Buffer>): AsyncGenerator<string, undefined> {
    for await (const piece of bytes) {
      const text = this.decode(piece);
      if (text.includes('\0')) throw this.notText(text);
      for (const byte of piece) if (byte === NEWLINE) this.line += 1;
      if (text !== '') yield text;
    }
    const rest = this.decode(undefined);
    if (rest !== '') yield rest;
    return undefined;
  }

  private decode(piece: Buffer | undefined): string {
    try {
      return this.decoder.decode(piece, { stream: piece !== undefined });
    } catch {
      throw refused(
        `Near line ${this.line + this.linesUntilFault(piece)} the file has bytes that are not ${this.charset}. Save ` +
          'it as UTF-8, or name its character set in the header Content-Type, for example "text/csv; ' +
          'charset=windows-1252" (Latin-1).',
      );
    }
  }

  /** Lines of this piece before the first byte that is no ASCII: the fault is there or later. */
  private linesUntilFault(piece: Buffer | undefined): number {
    if (piece === undefined) return 0;
    const fault = piece.findIndex((byte) => byte > 127);
    return piece.subarray(0, Math.max(fault, 0)).filter((byte) => byte === NEWLINE).length;
  }

  private notText(text: string): DomainError {
    const line = this.line + text.slice(0, text.indexOf('\0')).split('\n').length - 1;
    return refused(
      `Line ${line} has a NUL character, so it is no text, or it is in UTF-16. Save the file as CSV in UTF-8, or ` +
        'send the header "Content-Type: text/csv; charset=utf-16le".',
    );
  }
}

const refused = (message: string) => new DomainError('invalid-request', message);

function unreadable(error: CsvError): DomainError {
  const line = Number(error['lines'] ?? 0);
  return refused(
    error.code === 'CSV_MAX_RECORD_SIZE'
      ? `The line that begins at or before line ${line} has more than ${MOST_RECORD} characters: perhaps a quote is ` +
          'not closed. Correct it and send the file again.'
      : `Line ${line}, column ${Number(error['column'] ?? 0) + 1} is not CSV: its quotes do not fit. Put a cell that ` +
          'holds a quote in quotes, with each quote twice.',
  );
}

function withoutHeader(seen: readonly string[][], format: CarrierFormatBody): DomainError {
  if (seen.length === 0) return refused('The file is empty. Send a CSV with a header line.');
  const missing = seen
    .map((record) => readerFor(record, format))
    .map((header) => ('missing' in header ? header.missing : []))
    .reduce((least, one) => (one.length < least.length ? one : least));
  const found = seen[0]!.slice(0, 30).map((name) => JSON.stringify(name.slice(0, 60)));
  return refused(
    `None of the first ${seen.length} lines is a header with the columns of the format: missing ` +
      `${missing.join(', ')}. Line 1 has ${found.join(', ')}. Choose another format, or set its columns.`,
  );
}
