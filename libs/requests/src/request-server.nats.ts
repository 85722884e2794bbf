import { setTimeout as sleep } from 'node:timers/promises';
import type { Msg, NatsConnection, Subscription } from '@nats-io/nats-core';
import { Server, type CustomTransportStrategy, type MessageHandler } from '@nestjs/microservices';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { withSpan } from '@trunkmesh/runtime/trace.otel.js';
import { lastValueFrom } from 'rxjs';

export interface RequestServerOptions {
  /** Settles when requests can be answered; not awaited at the start, which needs no NATS. */
  ready: () => Promise<NatsConnection>;
  /** Of several copies in one queue group each request reaches one. Undefined: every subscriber answers. */
  queue?: string;
  /** The subject of a `@MessagePattern`; default: the pattern itself. */
  subjectOf?: (pattern: string) => string;
  logger: Logger;
  /** Runs when the service is about to stop. Requests are answered until it settles. */
  beforeClose?: () => Promise<void>;
  /** How long `close` then waits for requests under way. Without NATS a drain would never end. */
  closeMs?: number;
}

/** What `@MessagePattern(pattern, extras)` may carry. */
export interface RequestExtras {
  /** Name of the server span; default: the pattern. */
  span?: string;
}

/** The reply where a handler fails and no filter knows why. Askers report it as a reply that they cannot read. */
const FAILED = JSON.stringify({ outcome: 'error', code: 'internal-error', message: 'The request failed.' });

/**
 * Nest's transport for requests over the service's own NATS connection: `@MessagePattern` handlers answer JSON with
 * JSON, in the trace that the request carries. A handler gets `undefined` where the request is no JSON, and must refuse
 * it in its own words. A handler that returns bytes has encoded its reply itself.
 */
export class RequestServer extends Server implements CustomTransportStrategy {
  private readonly subscriptions: Subscription[] = [];
  private readonly underWay = new Set<Promise<void>>();
  private closing = false;

  constructor(private readonly options: RequestServerOptions) {
    super();
  }

  listen(callback: () => void): void {
    const { ready, logger } = this.options;
    ready().then(
      (connection) => this.subscribe(connection),
      (error: unknown) => {
        if (!this.closing) logger.error({ err: error }, 'cannot answer requests: NATS cannot be used');
      },
    );
    callback();
  }

  /** Takes no new request, and waits until those under way are answered. */
  async close(): Promise<void> {
    const { beforeClose, closeMs = 5_000, logger } = this.options;
    await beforeClose?.();
    this.closing = true;
    const drained = this.drain().catch((error: unknown) =>
      logger.warn({ err: error }, 'cannot drain the subscriptions to requests'),
    );
    await Promise.race([drained, sleep(closeMs, undefined, { ref: false })]);
  }

  private async drain(): Promise<void> {
    await Promise.all(this.subscriptions.map((one) => (one.isClosed() ? undefined : one.drain())));
    await Promise.all(this.underWay);
  }

  private subscribe(connection: NatsConnection): void {
    if (this.closing) return;
    const { queue, subjectOf = (pattern) => pattern, logger } = this.options;
    for (const [pattern, handler] of this.messageHandlers) {
      const subject = subjectOf(pattern);
      this.subscriptions.push(
        connection.subscribe(subject, {
          queue,
          callback: (error, message) => {
            // With an error there is no message: the permissions of this user at NATS are too narrow.
            if (error !== null) return logger.error({ err: error, subject }, 'cannot subscribe to requests');
            this.track(this.answer(pattern, handler, message));
          },
        }),
      );
    }
  }

  private track(answering: Promise<void>): void {
    this.underWay.add(answering);
    void answering.finally(() => this.underWay.delete(answering));
  }

  /** Never rejects. */
  private async answer(pattern: string, handler: MessageHandler, message: Msg): Promise<void> {
    const { span = pattern } = (handler.extras ?? {}) as RequestExtras;
    const parent = message.headers?.get('traceparent');
    const { logger } = this.options;
    const { subject } = message;
    try {
      message.respond(await withSpan(span, { parent, kind: 'server' }, () => this.replyOf(handler, message)));
    } catch (error) {
      logger.error({ err: error, subject }, 'cannot answer a request');
      // Also where the reply is too large for NATS: the asker should not wait for its deadline.
      try {
        message.respond(FAILED);
      } catch (unsent) {
        logger.error({ err: unsent, subject }, 'cannot send a reply');
      }
    }
  }

  private async replyOf(handler: MessageHandler, message: Msg): Promise<string | Uint8Array> {
    const reply: unknown = await lastValueFrom(this.transformToObservable(await handler(jsonOf(message), message)));
    return reply instanceof Uint8Array ? reply : JSON.stringify(reply);
  }

  /** Part of Nest's interface; this transport emits no events. */
  on(): never {
    throw new Error('This transport has no events: follow the status of the NATS connection.');
  }

  unwrap<T>(): T {
    return this.subscriptions as T;
  }
}

function jsonOf(message: Msg): unknown {
  try {
    return message.json();
  } catch {
    return undefined;
  }
}
