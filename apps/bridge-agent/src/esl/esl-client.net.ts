import { connect as dial } from 'node:net';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { backoffMs } from '@trunkmesh/runtime/backoff.js';
import { api as apiCommand, auth, filter, log, subscribe, type EslCommand } from './esl-command.js';
import { createEslConnection, type EslConnection, type EslReply } from './esl-connection.net.js';
import type { EslEvent, EslLogLine } from './esl-event.js';

export interface EslClientOptions {
  host: string;
  port: number;
  password: string;
  logger: Logger;
}

/** A part of the agent that follows FreeSWITCH. It gets the events that all parts together subscribe to. */
export interface EslListener {
  /** FreeSWITCH's own events, for example `HEARTBEAT`. */
  events?: readonly string[];
  /** Subclasses of `CUSTOM`, for example `sofia::gateway_state`. */
  customEvents?: readonly string[];
  /** Only events with one of these headers and values come, whoever subscribed to them; absent: all. */
  filters?: readonly (readonly [header: string, value: string])[];
  /** The log level to subscribe to; absent: none. */
  logLevel?: number;
  onEvent?(event: EslEvent): void;
  onLog?(line: EslLogLine): void;
  /** Logged in and subscribed. Earlier events were missed: compare everything again. */
  onUp?(): void;
  onDown?(why: string): void;
}

const DIAL_DEADLINE_MS = 3_000;
/** A hung FreeSWITCH keeps its sockets open: after a silence it gets a command, and no reply means that it is down. */
const QUIET_MS = 10_000;
const PROBE_DEADLINE_MS = 5_000;

/** The event socket of one FreeSWITCH: logs in, subscribes, and reconnects until it is stopped, with growing pauses. */
export class EslClient {
  private readonly listeners: EslListener[] = [];
  private connection: EslConnection | undefined;
  private retry: NodeJS.Timeout | undefined;
  private closeSession: () => void = () => undefined;
  private attempt = 0;
  private stopped = false;

  constructor(private readonly options: EslClientOptions) {}

  get connected(): boolean {
    return this.connection !== undefined;
  }

  /** Before `start`: a login subscribes to what the listeners want. */
  listen(listener: EslListener): void {
    this.listeners.push(listener);
  }

  start(): void {
    this.closeSession = startSession(this.options, {
      subscriptions: subscriptionsOf(this.listeners),
      onEvent: (event) => {
        for (const listener of this.listeners) listener.onEvent?.(event);
      },
      onLog: (line) => {
        for (const listener of this.listeners) listener.onLog?.(line);
      },
      onUp: (connection) => this.up(connection),
      onDown: (why) => this.down(why),
    });
  }

  /** Returns `disconnected` at once while there is no connection. */
  send(command: EslCommand, timeoutMs?: number): Promise<EslReply> {
    return this.connection?.send(command, timeoutMs) ?? Promise.resolve({ outcome: 'disconnected' });
  }

  api(name: string, args?: string, timeoutMs?: number): Promise<EslReply> {
    return this.send(apiCommand(name, args), timeoutMs);
  }

  /** Events that wait in FreeSWITCH come now, and not with its next look, which is every 20 ms. */
  wake(): void {
    this.connection?.wake();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.retry);
    this.closeSession();
  }

  private up(connection: EslConnection): void {
    const { host, port, logger } = this.options;
    this.connection = connection;
    this.attempt = 0;
    logger.info({ host, port }, 'event socket connected');
    for (const listener of this.listeners) listener.onUp?.();
  }

  private down(why: string): void {
    const wasUp = this.connected;
    this.connection = undefined;
    if (wasUp) for (const listener of this.listeners) listener.onDown?.(why);
    if (this.stopped) return;
    const wait = backoffMs(this.attempt, Math.random());
    // FreeSWITCH restarts are routine: warn once.
    const level = this.attempt === 0 ? 'warn' : 'debug';
    this.options.logger[level]({ why, attempt: this.attempt, wait }, 'event socket not connected');
    this.attempt += 1;
    this.retry = setTimeout(() => this.start(), wait);
  }
}

function subscriptionsOf(listeners: readonly EslListener[]): EslCommand[] {
  const own = listeners.flatMap(({ events = [] }) => events);
  const custom = listeners.flatMap(({ customEvents = [] }) => customEvents);
  // `CUSTOM` covers all names after it.
  const events = [...new Set(own), ...(custom.length > 0 ? ['CUSTOM', ...new Set(custom)] : [])];
  const filters = listeners.flatMap(({ filters: own = [] }) => own);
  const levels = listeners.flatMap(({ logLevel = [] }) => logLevel);
  return [
    ...filters.map(([header, value]) => filter(header, value)),
    ...(events.length > 0 ? [subscribe(events)] : []),
    ...(levels.length > 0 ? [log(Math.max(...levels))] : []),
  ];
}

interface SessionPorts {
  subscriptions: readonly EslCommand[];
  onEvent(event: EslEvent): void;
  onLog(line: EslLogLine): void;
  onUp(connection: EslConnection): void;
  /** Called exactly once, when the connection ends. */
  onDown(why: string): void;
}

/** One connection. The returned function closes it. */
function startSession(options: EslClientOptions, ports: SessionPorts): () => void {
  const socket = dial({ host: options.host, port: options.port, keepAlive: true });
  let reason: string | undefined;
  let receivedAt = Date.now();
  const late = setTimeout(() => socket.destroy(new Error(`no login within ${DIAL_DEADLINE_MS} ms`)), DIAL_DEADLINE_MS);

  const connection = createEslConnection(socket, {
    onEvent: (event) => ports.onEvent(event),
    onLog: (line) => ports.onLog(line),
    onAuthRequest() {
      void login();
    },
    onNotice(kind, text) {
      if (kind !== 'linger')
        reason = kind === 'rejected' ? `access denied: ${text.trim()}` : 'FreeSWITCH closed the session';
    },
    onClose(why) {
      clearTimeout(late);
      clearInterval(probe);
      ports.onDown(reason ?? why);
    },
  });
  socket.on('data', () => {
    receivedAt = Date.now();
  });

  const probe = setInterval(() => {
    if (Date.now() - receivedAt < QUIET_MS) return;
    void connection.send(apiCommand('uptime'), PROBE_DEADLINE_MS).then((reply) => {
      if (reply.outcome === 'timeout') close('FreeSWITCH does not answer');
    });
  }, QUIET_MS / 2);

  const close = (why: string): void => {
    reason = why;
    connection.close();
  };

  async function login(): Promise<void> {
    const accepted = await connection.send(auth(options.password));
    if (!succeeded(accepted))
      return close(accepted.outcome === 'reply' ? 'the event socket refused the password' : 'no reply to the login');
    const replies = await Promise.all(ports.subscriptions.map((command) => connection.send(command)));
    if (!replies.every(succeeded)) return close('the subscription failed');
    clearTimeout(late);
    if (connection.open) ports.onUp(connection);
  }
  return () => connection.close();
}

function succeeded(reply: EslReply): boolean {
  return reply.outcome === 'reply' && reply.ok;
}
