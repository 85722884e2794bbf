import { headers, RequestError, TimeoutError, type Msg, type MsgHdrs, type NatsConnection } from '@nats-io/nats-core';
import { currentTraceparent, withSpan, type SpanOptions } from '@trunkmesh/runtime/trace.otel.js';
import type { z } from 'zod';
import { Unanswered } from './unanswered.js';

/** What an asker needs of the link to NATS: the connection, or undefined while disconnected. */
export interface Asking {
  readonly connection: NatsConnection | undefined;
}

export interface Question<Reply extends z.ZodType> {
  subject: string;
  /** Sent as JSON. */
  request: unknown;
  reply: Reply;
  /** What of a reply's bytes is read as JSON, where something else follows. Default: all. */
  head?: (bytes: Uint8Array) => Uint8Array;
  deadlineMs: number;
  /** Name and attributes of the client span, of which the responder's span is a child. */
  span: { name: string } & Pick<SpanOptions, 'attributes'>;
}

/**
 * Sends a request and returns its parsed reply, within the deadline. The request carries the trace of the caller. A
 * refusal is part of the reply's schema: it is returned, never thrown.
 *
 * @throws Unanswered
 */
export function ask<Reply extends z.ZodType>(link: Asking, question: Question<Reply>): Promise<z.output<Reply>> {
  const { name, attributes } = question.span;
  return withSpan(name, { kind: 'client', attributes }, async () => {
    return readReply(await send(link, question), question);
  });
}

/** @throws Unanswered malformed-reply */
export function readReply<Reply extends z.ZodType>(
  message: Msg,
  { reply, head }: Pick<Question<Reply>, 'reply' | 'head'>,
): z.output<Reply> {
  const parsed = reply.safeParse(jsonOf(message, head));
  if (!parsed.success) throw new Unanswered('malformed-reply', true, { cause: parsed.error });
  return parsed.data;
}

/** @throws Unanswered connection-down */
export function connectionOf({ connection }: Asking): NatsConnection {
  if (connection === undefined || connection.isClosed()) throw new Unanswered('connection-down', false);
  return connection;
}

async function send(link: Asking, { subject, request, deadlineMs }: Question<z.ZodType>): Promise<Msg> {
  const connection = connectionOf(link);
  try {
    return await connection.request(subject, JSON.stringify(request), { timeout: deadlineMs, ...traced() });
  } catch (error) {
    throw unanswered(error, link);
  }
}

function unanswered(cause: unknown, link: Asking): Unanswered {
  if (cause instanceof RequestError && cause.isNoResponders()) return new Unanswered('no-responders', false, { cause });
  // The client waits on while it is disconnected, and reports only that the time is over.
  if (cause instanceof TimeoutError && link.connection !== undefined)
    return new Unanswered('timed-out', true, { cause });
  return new Unanswered('connection-down', true, { cause });
}

/** Headers with the trace of the caller. */
export function traced(): { headers?: MsgHdrs } {
  const traceparent = currentTraceparent();
  if (traceparent === undefined) return {};
  const carrier = headers();
  carrier.set('traceparent', traceparent);
  return { headers: carrier };
}

function jsonOf(message: Msg, head?: Question<z.ZodType>['head']): unknown {
  try {
    return head === undefined ? message.json() : JSON.parse(new TextDecoder().decode(head(message.data)));
  } catch {
    return undefined;
  }
}
