import { Controller, Inject, UseFilters, UseInterceptors, UsePipes } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { callLogGet, callLogQuery, type CallLogGet, type CallLogQuery } from '@trunkmesh/contracts/call-log.js';
import { CALL_LOG_GET, CALL_LOG_LIST } from '@trunkmesh/contracts/subjects.js';
import { RefusalFilter } from '@trunkmesh/requests/refusal.filter.js';
import { RequestPipe } from '@trunkmesh/requests/request.pipe.js';
import { Answering, refusalOf, type AnsweringOptions } from '../answering.nats.js';
import { CALL_LOG } from '../tokens.js';
import { detailAnswer, listAnswer } from './call-log-answer.js';
import { AnswerTimes } from './answer-times.otel.js';
import type { DayCounting } from './day-counting.process.js';
import { findCall, listCalls } from './call-log-query.pg.js';
import type { PackedDays } from './packed-days.pg.js';

export interface CallLogOptions extends AnsweringOptions {
  /** Is told which organisations list their calls. */
  dayCounting?: Pick<DayCounting, 'notice'>;
  /** Days that are searched in memory. */
  packedDays?: PackedDays | undefined;
}

/** A query takes milliseconds; the asker waits five seconds. */
export const CALL_LOG_DEADLINE_MS = 4_000;
const SPAN = { span: 'call log' };

/**
 * Requests to the call log. Each is answered within the deadline, also those that cannot be read and those that the
 * database does not answer.
 */
@Controller()
@UsePipes(RequestPipe)
@UseFilters(new RefusalFilter(refusalOf))
@UseInterceptors(AnswerTimes)
export class CallLogController {
  private readonly answering: Answering;

  constructor(@Inject(CALL_LOG) private readonly options: CallLogOptions) {
    this.answering = new Answering(options, 'the call log');
  }

  @MessagePattern(CALL_LOG_LIST, SPAN)
  list(@Payload({ schema: callLogQuery }) query: CallLogQuery): Promise<Uint8Array> {
    return this.answering.inTime(async () => {
      const { dataSource, packedDays } = this.options;
      const { summaries, total } = await listCalls(dataSource, query, packedDays);
      this.options.dayCounting?.notice(query.organization_id);
      return listAnswer(summaries, total, this.answering.size());
    });
  }

  @MessagePattern(CALL_LOG_GET, SPAN)
  get(@Payload({ schema: callLogGet }) wanted: CallLogGet): Promise<Uint8Array> {
    return this.answering.inTime(async () => {
      const call = await findCall(this.options.dataSource, wanted);
      return call === undefined ? JSON.stringify({ outcome: 'not-found' }) : detailAnswer(call, this.answering.size());
    });
  }
}
