import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { Request, Response } from 'express';
import type { Answer } from './idempotency.pg.js';
import { domainErrorOf, sendProblem } from './problem.filter.js';
import { problemOf } from './problem.js';

export const NDJSON = 'application/x-ndjson';
const EVERY_MS = 200;

export interface Exchange {
  request: Request;
  response: Response;
  logger: Logger;
}
export interface Progress {
  stage: string;
  done: number;
  total?: number;
}

/**
 * A request that takes long. Who hangs up stops it: `signal` is aborted, and the work rolls its transaction back. Who
 * accepts `application/x-ndjson` sees it go on, a JSON object a line; the last line has `stage` "done" with the result,
 * or "failed" with the problem, because the status was sent before either was known.
 */
export async function streamProgress(
  exchange: Exchange,
  work: (signal: AbortSignal, progress: (progress: Progress) => void) => Promise<Answer>,
): Promise<void> {
  const { request, response, logger } = exchange;
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort(new Error('the client hung up'));
  });
  const lines = (request.header('Accept') ?? '').includes(NDJSON) ? new ProgressLines(exchange) : undefined;
  try {
    const answer = await work(gone.signal, (progress) => lines?.show(progress));
    if (lines) lines.end({ stage: 'done', result: answer.body });
    else response.status(answer.status).set(answer.headers).json(answer.body);
  } catch (thrown) {
    if (gone.signal.aborted) logger.info({ path: request.path }, 'the client hung up; what was begun was rolled back');
    else if (lines?.begun)
      lines.end({
        stage: 'failed',
        problem: problemOf(domainErrorOf(thrown, request), String(response.getHeader('X-Request-Id') ?? '')),
      });
    else sendProblem(thrown, request, response, logger);
  }
}

class ProgressLines {
  begun = false;
  private stage = '';
  private shownAt = 0;
  constructor(private readonly exchange: Exchange) {}

  show(progress: Progress): void {
    const now = Date.now();
    if (progress.stage === this.stage && now - this.shownAt < EVERY_MS && progress.done !== progress.total) return;
    this.stage = progress.stage;
    this.shownAt = now;
    this.write(progress);
  }

  end(last: object): void {
    this.write(last);
    this.exchange.response.end();
  }

  private write(line: object): void {
    const { response } = this.exchange;
    if (response.destroyed) return;
    if (!this.begun) {
      this.begun = true;
      // Buffering proxies would keep the lines until the end.
      response.status(200).set({ 'Content-Type': NDJSON, 'X-Accel-Buffering': 'no' });
    }
    response.write(`${JSON.stringify(line)}\n`);
  }
}
