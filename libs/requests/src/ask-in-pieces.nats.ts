import { createInbox, headers, type Msg, type NatsConnection } from '@nats-io/nats-core';
import { withSpan } from '@trunkmesh/runtime/trace.otel.js';
import type { z } from 'zod';
import { connectionOf, readReply, traced, type Asking, type Question } from './ask.nats.js';
import { Unanswered } from './unanswered.js';

const PIECE = 'Trunkmesh-Piece';
const IS_PIECE = headers();
IS_PIECE.set(PIECE, '1');

/** For a responder: sends a piece of its reply, before the reply itself. The bytes must not change afterwards. */
export const sendPiece = (request: Msg, bytes: Uint8Array): unknown => request.respond(bytes, { headers: IS_PIECE });

export interface InPieces<Reply extends z.ZodType> extends Question<Reply> {
  /** How many pieces the reply says that it has. */
  piecesOf: (reply: z.output<Reply>) => number;
}

const NO_RESPONDERS = 503;

/**
 * As `ask`, of a responder that may send pieces of bytes before its reply, in their order. A message of a megabyte
 * costs the receiver several times its size in memory, because it arrives in parts of 64 kB; a piece is often within
 * one.
 *
 * @throws Unanswered also where a piece was lost
 */
export function askInPieces<Reply extends z.ZodType>(
  link: Asking,
  question: InPieces<Reply>,
): Promise<{ reply: z.output<Reply>; message: Uint8Array; pieces: Uint8Array[] }> {
  const { name, attributes } = question.span;
  return withSpan(name, { kind: 'client', attributes }, async () => {
    const { message, pieces } = await gather(link, connectionOf(link), question);
    const reply = readReply(message, question);
    if (question.piecesOf(reply) !== pieces.length) throw new Unanswered('malformed-reply', true);
    return { reply, message: message.data, pieces };
  });
}

interface Gathered {
  message: Msg;
  pieces: Uint8Array[];
}

async function gather(
  link: Asking,
  connection: NatsConnection,
  { subject, request, deadlineMs }: Question<z.ZodType>,
): Promise<Gathered> {
  const inbox = createInbox();
  const pieces: Uint8Array[] = [];
  let [stop, timer]: [() => void, NodeJS.Timeout | undefined] = [() => undefined, undefined];
  try {
    return await new Promise<Gathered>((resolve, reject) => {
      const take = (message: Msg) => {
        if (message.headers?.has(PIECE)) pieces.push(message.data);
        else if (message.headers?.code === NO_RESPONDERS) reject(new Unanswered('no-responders', false));
        else resolve({ message, pieces });
      };
      const lost = (cause: unknown) => reject(new Unanswered('connection-down', true, { cause }));
      const subscription = connection.subscribe(inbox, {
        callback: (error, message) => (error === null ? take(message) : lost(error)),
      });
      stop = () => subscription.unsubscribe();
      timer = setTimeout(
        () => reject(new Unanswered(link.connection === undefined ? 'connection-down' : 'timed-out', true)),
        deadlineMs,
      );
      connection.publish(subject, JSON.stringify(request), { reply: inbox, ...traced() });
    });
  } finally {
    clearTimeout(timer);
    stop();
  }
}
