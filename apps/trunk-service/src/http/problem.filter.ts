import { Catch, HttpException, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { DomainError, type DomainErrorCode } from '@trunkmesh/contracts/problem.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { LOGGER } from '@trunkmesh/runtime/service.module.js';
import type { Request, Response } from 'express';
import { QueryFailedError } from 'typeorm';
import { databaseFailure, databaseLate, databaseUnavailable } from '../event-store/database-failure.pg.js';
import { problemOf, retryAfter } from './problem.js';

/** Everything that is thrown becomes problem+json here, and nowhere else. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    sendProblem(thrown, http.getRequest<Request>(), http.getResponse<Response>(), this.logger);
  }
}

export function sendProblem(thrown: unknown, request: Request, response: Response, logger: Logger): void {
  const error = domainErrorOf(thrown, request);
  if (error.code === 'internal-error')
    logger.error(
      {
        err: withoutParameters(thrown),
        request_id: response.getHeader('X-Request-Id'),
        method: request.method,
        path: request.path,
      },
      'a request failed unexpectedly',
    );
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const problem = problemOf(error, String(response.getHeader('X-Request-Id') ?? ''));
  const wait = retryAfter(error);
  if (wait !== undefined) response.setHeader('Retry-After', String(wait));
  if (problem.status === 401) response.setHeader('WWW-Authenticate', 'Bearer realm="trunkmesh"');
  // Express adds a charset to what it sends by itself; problem+json has none (RFC 9457 §6.1).
  response.status(problem.status).setHeader('Content-Type', 'application/problem+json');
  response.end(JSON.stringify(problem));
}

export function domainErrorOf(thrown: unknown, request: Request): DomainError {
  if (thrown instanceof DomainError) return thrown;
  const failure = databaseFailure(thrown).kind;
  if (failure === 'unavailable') return databaseUnavailable();
  if (failure === 'late') return databaseLate();
  if (failure === 'unusable-value')
    return new DomainError(
      'invalid-request',
      'The request holds a value that cannot be stored or searched for, such as a text with a NUL, or a cursor ' +
        'of another list.',
    );
  if (thrown instanceof HttpException) return fromNest(thrown, request);
  // Express itself: a path that is not valid percent-encoding.
  if (thrown instanceof URIError) return new DomainError('invalid-request', 'The path is not valid percent-encoding.');
  return new DomainError(
    'internal-error',
    'Internal error. It is logged with the request id; quote that to the operator.',
  );
}

/** What Nest throws on its own account: an unknown route, or an error of Express that it has wrapped. */
function fromNest(thrown: HttpException, request: Request): DomainError {
  const codes: Record<number, DomainErrorCode> = {
    400: 'invalid-request',
    401: 'not-authenticated',
    403: 'not-allowed',
    404: 'not-found',
    405: 'method-not-allowed',
    413: 'payload-too-large',
    415: 'unsupported-media-type',
  };
  const code = codes[thrown.getStatus()] ?? 'internal-error';
  if (code === 'not-found')
    return new DomainError(
      code,
      `There is nothing at ${request.method} ${request.path.slice(0, 200)}. The API is described at /api/openapi.json.`,
    );
  return new DomainError(code, thrown.message);
}

/** A failed query carries its parameters, and one of them may be a sealed password. */
function withoutParameters(thrown: unknown): unknown {
  if (!(thrown instanceof QueryFailedError)) return thrown;
  const { code, constraint, table, routine } = thrown.driverError as {
    code?: string;
    constraint?: string;
    table?: string;
    routine?: string;
  };
  return { type: 'QueryFailedError', message: thrown.message, stack: thrown.stack, code, constraint, table, routine };
}
