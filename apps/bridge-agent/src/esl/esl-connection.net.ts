import type { Socket } from 'node:net';
import type { EslCommand } from './esl-command.js';
import {
  isLingerNotice,
  kindOfFrame,
  parseLogLine,
  parsePlainEvent,
  type EslEvent,
  type EslFrameKind,
  type EslLogLine,
} from './esl-event.js';
import { createFrameReader, decodeValue, type EslFrame } from './esl-frame.js';

/**
 * The outcome of a command. `ok` reflects only the reply's prefix: `+OK` does not always mean success, and some
 * failures have no `-ERR` (FACTS, "Applying a change"), so the sender must check `text`.
 */
export type EslReply =
  | { outcome: 'reply'; ok: boolean; text: string; frame: EslFrame }
  /** FreeSWITCH may still carry it out, or may have done so. */
  | { outcome: 'timeout' }
  /** The connection ended before the reply: the command may or may not have been carried out. */
  | { outcome: 'disconnected' };

export interface EslConnection {
  /** Replies come in the order of the commands; several may be in flight. Never rejects. */
  send(command: EslCommand, timeoutMs?: number): Promise<EslReply>;
  /** FreeSWITCH sends the events that wait for this connection now; without a command it looks every 20 ms. */
  wake(): void;
  close(): void;
  readonly open: boolean;
}

/**
 * Called synchronously, before the next bytes are read: a slow handler slows the socket and so FreeSWITCH's queue for
 * us, and never grows our memory. A handler must not await a reply on the same connection; it may send.
 */
export interface EslHandlers {
  onEvent?(event: EslEvent): void;
  onLog?(line: EslLogLine): void;
  /** FreeSWITCH asks for the password (inbound direction). */
  onAuthRequest?(): void;
  /** FreeSWITCH is closing the session, or its access list refused us; the close follows. */
  onNotice?(kind: 'disconnect' | 'linger' | 'rejected', text: string): void;
  /** Called once, whatever ended it. */
  onClose?(why: string): void;
}

/** Before a command FreeSWITCH skips it. */
const EMPTY_LINE = '\n';

export const DEFAULT_DEADLINE_MS = 5_000;

interface Waiting {
  settle(reply: EslReply): void;
}

/**
 * Serves both directions: connections that we opened (event socket) and connections that FreeSWITCH opened (`socket`
 * application). The caller creates the socket; this closes it.
 */
export function createEslConnection(socket: Socket, handlers: EslHandlers): EslConnection {
  const reader = createFrameReader();
  const waiting: Waiting[] = [];
  let open = true;
  let unsent = '';

  const end = (why: string): void => {
    if (!open) return;
    open = false;
    socket.destroy();
    for (const command of waiting.splice(0)) command.settle({ outcome: 'disconnected' });
    handlers.onClose?.(why);
  };

  const receive: Record<EslFrameKind, (frame: EslFrame) => void> = {
    reply: (frame) => waiting.shift()?.settle(replyOf(frame)),
    event: (frame) => handlers.onEvent?.(parsePlainEvent(frame.body)),
    log: (frame) => handlers.onLog?.(parseLogLine(frame)),
    'auth-request': () => handlers.onAuthRequest?.(),
    disconnect: (frame) => handlers.onNotice?.(isLingerNotice(frame) ? 'linger' : 'disconnect', frame.body),
    rejected: (frame) => handlers.onNotice?.('rejected', frame.body),
    unknown: () => {},
  };

  /** Commands of one turn go out together: FreeSWITCH then wakes once for them. */
  const write = (text: string): void => {
    if (unsent === '') queueMicrotask(flush);
    unsent += text;
  };
  const flush = (): void => {
    if (open && unsent !== '') socket.write(unsent);
    unsent = '';
  };

  socket.setNoDelay(true);
  socket.on('data', (chunk) => {
    const { frames, error } = reader.push(chunk as Buffer);
    for (const frame of frames) if (open) receive[kindOfFrame(frame)](frame);
    if (error !== undefined) end(`unreadable: ${error}`);
  });
  socket.on('error', (error) => end(error.message));
  socket.on('close', () => end('closed by FreeSWITCH'));

  return {
    send(command, timeoutMs = DEFAULT_DEADLINE_MS) {
      if (!open) return Promise.resolve({ outcome: 'disconnected' });
      return new Promise((resolve) => {
        // A late reply still takes its place in the order: the slot stays until it arrives; only its promise is
        // settled.
        const timer = setTimeout(() => resolve({ outcome: 'timeout' }), timeoutMs);
        waiting.push({
          settle: (reply) => {
            clearTimeout(timer);
            resolve(reply);
          },
        });
        write(`${command}\n\n`);
      });
    },
    wake: () => {
      if (open && unsent === '' && socket.writableLength === 0) socket.write(EMPTY_LINE);
    },
    close: () => {
      flush();
      end('closed by us');
    },
    get open() {
      return open;
    },
  };
}

function replyOf(frame: EslFrame): EslReply {
  const replyText = frame.headers.get('Reply-Text');
  // Only the reply to `connect` is percent-encoded (`%2BOK%0A`).
  const text = replyText === undefined ? frame.body : decodeValue(replyText).trim();
  return {
    outcome: 'reply',
    ok: replyText === undefined ? !text.startsWith('-ERR') : text.startsWith('+OK'),
    text,
    frame,
  };
}
