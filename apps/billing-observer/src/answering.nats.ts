import { setTimeout as sleep } from 'node:timers/promises';
import { InvalidRequest } from '@trunkmesh/requests/request.pipe.js';
import { inTurns, TooManyWaiting } from '@trunkmesh/requests/turns.js';
import type { Logger } from 'pino';
import type { DataSource } from 'typeorm';
import { MonthArchived } from './usage/archive/month-archived.js';

export interface AnsweringOptions {
  /** Separate from the recorder's pool, so that requests never take its connections. */
  dataSource: DataSource;
  /** Bytes of the largest message that NATS takes; undefined while that is not known. */
  maxPayload(): number | undefined;
  deadlineMs: number;
  logger: Logger;
}

const CONCURRENT_QUERIES = 2;
const WAITING_REQUESTS = 200;
/** The asker may be connected to a server with the default `max_payload` where ours takes more. */
const DEFAULT_MAX_PAYLOAD_BYTES = 1_048_576;
const SPARE_BYTES = 4_096;

class Late extends Error {
  override readonly name = 'Late';
}

/** Answers each request within the deadline, also those that the database does not answer. */
export class Answering {
  private readonly takeTurn = inTurns(CONCURRENT_QUERIES, WAITING_REQUESTS);

  constructor(
    private readonly options: AnsweringOptions,
    private readonly what: string,
  ) {}

  /** `answer` gets a signal that ends work that nobody waits for any more. */
  async inTime(answer: (signal: AbortSignal) => Promise<string | Uint8Array>): Promise<Uint8Array> {
    const { deadlineMs, logger } = this.options;
    const late = new AbortController();
    try {
      const answered = await Promise.race([
        this.takeTurn(() => (late.signal.aborted ? Promise.reject(new Late()) : answer(late.signal))),
        sleep(deadlineMs, undefined, { signal: late.signal, ref: false }).then(() => {
          throw new Late(`not within ${deadlineMs} ms`);
        }),
      ]);
      return typeof answered === 'string' ? Buffer.from(answered) : answered;
    } catch (error) {
      if (!(error instanceof TooManyWaiting || error instanceof MonthArchived || isUnusableValue(error)))
        logger.warn({ err: error }, `cannot answer a request to ${this.what}`);
      throw error;
    } finally {
      late.abort(new Late(`not within ${deadlineMs} ms`));
    }
  }

  size() {
    const largest = Math.min(this.options.maxPayload() ?? DEFAULT_MAX_PAYLOAD_BYTES, DEFAULT_MAX_PAYLOAD_BYTES);
    return { maxBytes: largest - SPARE_BYTES, bytesOf: (text: string) => Buffer.byteLength(text) };
  }
}

const UNUSABLE = 'it holds a value that the database cannot use, such as the year 0 or a character U+0000';

/** SQLSTATE of a time or a text that is none, or out of range: what was asked, and not the database, is at fault. */
const UNUSABLE_VALUES: ReadonlySet<unknown> = new Set(['22007', '22008', '22021', '22P02', '22P05']);

const isUnusableValue = (error: unknown): boolean =>
  UNUSABLE_VALUES.has((error as { driverError?: { code?: unknown } }).driverError?.code);

export const failure = (code: 'invalid-request' | 'unavailable' | 'archived', message: string) =>
  ({ outcome: 'error', code, message }) as const;

export function refusalOf(error: unknown) {
  if (error instanceof InvalidRequest) return failure('invalid-request', error.message);
  if (error instanceof MonthArchived) return failure('archived', error.message);
  if (isUnusableValue(error)) return failure('invalid-request', UNUSABLE);
  if (error instanceof TooManyWaiting) return failure('unavailable', 'too many concurrent requests');
  return failure('unavailable', error instanceof Late ? 'no answer in time' : 'its database is unavailable');
}
