import { Catch, type RpcExceptionFilter } from '@nestjs/common';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { of, type Observable } from 'rxjs';
import { InvalidRequest } from './request.pipe.js';

/**
 * Turns whatever a handler throws into the refusal that its askers know, so that every request is answered. Used as
 * `@UseFilters(new RefusalFilter(…))` on a controller.
 */
@Catch()
export class RefusalFilter<Refusal> implements RpcExceptionFilter {
  constructor(private readonly refusalOf: (error: unknown) => Refusal) {}

  catch(error: unknown): Observable<Refusal> {
    return of(this.refusalOf(error));
  }
}

interface CodedRefusal<Code extends string> {
  outcome: 'refused';
  code: Code;
  message: string;
}

interface Failure<Code extends string> {
  logger: Pick<Logger, 'error'>;
  /** In the log. */
  what: string;
  code: Code;
  message: string;
}

/** Refusals with a code: a request that cannot be read is `invalid-request`, and any other error is logged. */
@Catch()
export class CodedRefusalFilter<Code extends string> extends RefusalFilter<CodedRefusal<Code | 'invalid-request'>> {
  constructor({ logger, what, code, message }: Failure<Code>) {
    super((error) => {
      if (error instanceof InvalidRequest)
        return {
          outcome: 'refused',
          code: 'invalid-request',
          message: `The request cannot be read: ${error.message}.`,
        };
      logger.error({ err: error }, what);
      return { outcome: 'refused', code, message };
    });
  }
}
