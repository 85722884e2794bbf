import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { InvalidRequest } from '@trunkmesh/requests/request.pipe.js';
import { histogram } from '@trunkmesh/runtime/metric.otel.js';
import { tap, type Observable } from 'rxjs';

const answerSeconds = histogram(
  'trunkmesh_call_log_answer_seconds',
  'Requests to the call log by outcome, from the message to its answer',
);

/** Measures each request to the call log, whatever its outcome. */
@Injectable()
export class AnswerTimes implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const began = performance.now();
    const record = (outcome: string) => answerSeconds.record((performance.now() - began) / 1000, { outcome });
    return next.handle().pipe(
      tap({
        next: () => record('answered'),
        error: (error: unknown) => record(error instanceof InvalidRequest ? 'invalid' : 'unavailable'),
      }),
    );
  }
}
