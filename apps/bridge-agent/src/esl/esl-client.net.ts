import { connect as dial } from 'node:net';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { backoffMs } from '@trunkmesh/runtime/backoff.js';
import { api as apiCommand, auth, log, subscribe, type EslCommand } from './esl-command.js';
import { createEslConnection, type EslConnection, type EslReply } from './esl-connection.net.js';
import type { EslEvent, EslLogLine } from './esl-event.js';

export interface EslClientOptions {
  host: string;
  port: number;
  password: string;
  /** The event names for `event plain`, for example `CUSTOM sofia::gateway_state`. */
  events: readonly string[];
  /** The log level to subscribe to; absent: none. */
  logLevel?: number;
  logger: Logger;
  onEvent(event: EslEvent): void;
  onLog?(line: EslLogLine): void;
  /** Logged in and subscribed. Earlier events were missed: compare everything again. */
  onUp(): void;
  onDown?(why: string): void;
}

export interface EslClient {
  /** Returns `disconnected` at once while there is no connection. */
  send(command: EslCommand, timeoutMs?: number): Promise<EslReply>;
  api(name: string, args?: string, timeoutMs?: number): Promise<EslReply>;
  readonly connected: boolean;
  stop(): void;
}

const DIAL_DEADLINE_MS = 3_000;
/** A hung FreeSWITCH keeps its sockets open: after a silence it gets a command, and no reply means that it is down. */
const QUIET_MS = 10_000;
const PROBE_DEADLINE_MS = 5_000;

/** The event socket of one FreeSWITCH: logs in, subscribes, and reconnects for ever with growing pauses. */
export function startEslClient(options: EslClientOptions): EslClient {
  const { logger } = options;
  let current: EslConnection | undefined;
  let stopped = false;
  let attempt = 0;
  let retry: NodeJS.Timeout | undefined;

  const again = (why: string): void => {
    if (stopped) return;
    const wait = backoffMs(attempt, Math.random());
    // FreeSWITCH restarts are routine: warn once.
    logger[attempt === 0 ? 'warn' : 'debug']({ why, attempt, wait }, 'event socket not connected');
    attempt += 1;
    retry = setTimeout(open, wait);
  };

  const open = (): void => {
    const session = startSession(options, {
      up(connection) {
        current = connection;
        attempt = 0;
        logger.info({ host: options.host, port: options.port }, 'event socket connected');
        options.onUp();
      },
      down(why) {
        const wasUp = current !== undefined;
        current = undefined;
        abandon = () => {};
        if (wasUp) options.onDown?.(why);
        again(why);
      },
    });
    abandon = session;
  };
  let abandon: () => void = () => {};
  open();

  const send = (command: EslCommand, timeoutMs?: number): Promise<EslReply> =>
    current?.send(command, timeoutMs) ?? Promise.resolve({ outcome: 'disconnected' });
  return {
    send,
    api: (name, args, timeoutMs) => send(apiCommand(name, args), timeoutMs),
    get connected() {
      return current !== undefined;
    },
    stop() {
      stopped = true;
      clearTimeout(retry);
      abandon();
    },
  };
}

interface SessionEnds {
  up(connection: EslConnection): void;
  down(why: string): void;
}

/** One connection. `down` is called exactly once, when it ends. The returned function closes it. */
function startSession(options: EslClientOptions, ends: SessionEnds): () => void {
  const socket = dial({ host: options.host, port: options.port, keepAlive: true });
  let said: string | undefined;
  let heard = Date.now();
  const late = setTimeout(() => socket.destroy(new Error(`no login within ${DIAL_DEADLINE_MS} ms`)), DIAL_DEADLINE_MS);

  const connection = createEslConnection(socket, {
    onEvent(event) {
      options.onEvent(event);
    },
    onLog(line) {
      options.onLog?.(line);
    },
    onAuthRequest() {
      void login();
    },
    onNotice(kind, text) {
      if (kind !== 'linger')
        said = kind === 'rejected' ? `access denied: ${text.trim()}` : 'FreeSWITCH closed the session';
    },
    onClose(why) {
      clearTimeout(late);
      clearInterval(probe);
      ends.down(said ?? why);
    },
  });
  socket.on('data', () => {
    heard = Date.now();
  });

  const probe = setInterval(() => {
    if (Date.now() - heard < QUIET_MS) return;
    void connection.send(apiCommand('uptime'), PROBE_DEADLINE_MS).then((reply) => {
      if (reply.outcome === 'timeout') {
        said = 'FreeSWITCH does not answer';
        connection.close();
      }
    });
  }, QUIET_MS / 2);

  const give = (why: string): void => {
    said = why;
    connection.close();
  };

  async function login(): Promise<void> {
    const accepted = await connection.send(auth(options.password));
    if (!succeeded(accepted))
      return give(accepted.outcome === 'reply' ? 'the event socket refused the password' : 'no reply to the login');
    const commands = [subscribe(options.events), ...(options.logLevel === undefined ? [] : [log(options.logLevel)])];
    const replies = await Promise.all(commands.map((command) => connection.send(command)));
    if (!replies.every(succeeded)) return give('the subscription failed');
    clearTimeout(late);
    if (connection.open) ends.up(connection);
  }
  return () => connection.close();
}

function succeeded(reply: EslReply): boolean {
  return reply.outcome === 'reply' && reply.ok;
}
