import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, Inject, UseFilters, UseInterceptors, UsePipes } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import type { Logger } from 'pino';
import type { DataSource } from 'typeorm';
import { callLogGet, callLogQuery, type CallLogGet, type CallLogQuery } from '@trunkmesh/contracts/call-log.js';
import { CALL_LOG_GET, CALL_LOG_LIST } from '@trunkmesh/contracts/subjects.js';
import { RefusalFilter } from '@trunkmesh/requests/refusal.filter.js';
import { InvalidRequest, RequestPipe } from '@trunkmesh/requests/request.pipe.js';
import { inTurns, TooManyWaiting } from '@trunkmesh/requests/turns.js';
import { CALL_LOG } from '../tokens.js';
import { detailAnswer, failure, listAnswer } from './call-log-answer.js';
import { AnswerTimes } from './answer-times.otel.js';
import { findCall, listCalls } from './call-log-query.pg.js';

export interface CallLogOptions {
  /** Separate from the recorder's pool, so that requests never take its connections. */
  dataSource: DataSource;
  /** Bytes of the largest message that NATS takes; undefined while that is not known. */
  maxPayload(): number | undefined;
  deadlineMs: number;
  logger: Logger;
}

/** A query takes milliseconds; the asker waits five seconds. */
export const CALL_LOG_DEADLINE_MS = 4_000;
const CONCURRENT_QUERIES = 2;
const WAITING_REQUESTS = 200;
/** The asker may be connected to a server with the default `max_payload` where ours takes more. */
const DEFAULT_MAX_PAYLOAD_BYTES = 1_048_576;
const SPARE_BYTES = 4_096;
const SPAN = { span: 'call log' };

class Late extends Error {
  override readonly name = 'Late';
}

/**
 * Requests to the call log. Each is answered within the deadline, also those that cannot be read and those that the
 * database does not answer.
 */
@Controller()
@UsePipes(RequestPipe)
@UseFilters(new RefusalFilter(refusalOf))
@UseInterceptors(AnswerTimes)
export class CallLogController {
  private readonly takeTurn = inTurns(CONCURRENT_QUERIES, WAITING_REQUESTS);

  constructor(@Inject(CALL_LOG) private readonly options: CallLogOptions) {}

  @MessagePattern(CALL_LOG_LIST, SPAN)
  list(@Payload({ schema: callLogQuery }) query: CallLogQuery): Promise<Uint8Array> {
    return this.inTime(async () => {
      const { summaries, total } = await listCalls(this.options.dataSource, query);
      return listAnswer(summaries, total, this.size());
    });
  }

  @MessagePattern(CALL_LOG_GET, SPAN)
  get(@Payload({ schema: callLogGet }) wanted: CallLogGet): Promise<Uint8Array> {
    return this.inTime(async () => {
      const call = await findCall(this.options.dataSource, wanted);
      return call === undefined ? JSON.stringify({ outcome: 'not-found' }) : detailAnswer(call, this.size());
    });
  }

  private async inTime(answer: () => Promise<string>): Promise<Uint8Array> {
    const { deadlineMs, logger } = this.options;
    const late = new AbortController();
    try {
      const text = await Promise.race([
        this.takeTurn(() => (late.signal.aborted ? Promise.reject(new Late()) : answer())),
        sleep(deadlineMs, undefined, { signal: late.signal, ref: false }).then(() => {
          throw new Late(`not within ${deadlineMs} ms`);
        }),
      ]);
      return Buffer.from(text);
    } catch (error) {
      if (!(error instanceof TooManyWaiting)) logger.warn({ err: error }, 'cannot answer a request to the call log');
      throw error;
    } finally {
      late.abort();
    }
  }

  private size() {
    const largest = Math.min(this.options.maxPayload() ?? DEFAULT_MAX_PAYLOAD_BYTES, DEFAULT_MAX_PAYLOAD_BYTES);
    return { maxBytes: largest - SPARE_BYTES, bytesOf: (text: string) => Buffer.byteLength(text) };
  }
}

function refusalOf(error: unknown) {
  if (error instanceof InvalidRequest) return failure('invalid-request', error.message);
  if (error instanceof TooManyWaiting) return failure('unavailable', 'too many concurrent requests');
  return failure('unavailable', error instanceof Late ? 'no answer in time' : 'its database is unavailable');
}
