import { connect, type ConnectionOptions, type NatsConnection, type Status } from '@nats-io/transport-node';
import type { Logger } from './logger.process.js';

export type { NatsConnection } from '@nats-io/transport-node';

export interface NatsOptions {
  /** What `nats server list connections` shows. */
  name: string;
  logger: Logger;
}

/**
 * Found dead after three pings without an answer: a host that vanished says nothing. Not sooner, because nats-server
 * 2.9 makes a large consumer in the connection's own thread.
 */
const PING = { interval: 5_000, unanswered: 3 };
const RECONNECT_WAIT_MS = 250;

/**
 * A connection that never stops reconnecting. The promise waits until a server answers: code that must start without
 * NATS does not await it (the relay takes the promise). `url` may name several servers, separated by commas,
 * and carry `user:password@` or `token@`.
 */
export async function connectNats(url: string, options: NatsOptions): Promise<NatsConnection> {
  const { logger } = options;
  const waiting = setTimeout(() => logger.warn('NATS does not answer; waiting for it'), 3_000);
  waiting.unref();
  try {
    const nc = await connect({
      ...serversOf(url),
      name: options.name,
      waitOnFirstConnect: true,
      maxReconnectAttempts: -1,
      ignoreAuthErrorAbort: true,
      reconnectTimeWait: RECONNECT_WAIT_MS,
      reconnectJitter: RECONNECT_WAIT_MS,
      timeout: 5_000,
      pingInterval: PING.interval,
      maxPingOut: PING.unanswered,
      // The stack of every request is captured otherwise, a third of a request's cost.
      noAsyncTraces: true,
    });
    logger.info({ server: nc.getServer(), version: nc.info?.version }, 'connected to NATS');
    void report(nc, logger);
    return nc;
  } finally {
    clearTimeout(waiting);
  }
}

/** The client takes no credentials from a URL, and would show them wherever it prints the server. */
export function serversOf(url: string): Pick<ConnectionOptions, 'servers' | 'user' | 'pass' | 'token' | 'tls'> {
  const parts = url
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)
    .map((part) => parsed(part.includes('://') ? part : `nats://${part}`));
  const servers = parts.map((part) => part.host);
  const tls = parts.some((part) => part.protocol === 'tls:') ? { tls: {} } : {};
  const login = parts.find((part) => part.username !== '');
  if (!login) return { servers, ...tls };
  const user = decodeURIComponent(login.username);
  return login.password === ''
    ? { servers, ...tls, token: user }
    : { servers, ...tls, user, pass: decodeURIComponent(login.password) };
}

/** Node's own error holds the whole text, a password included, and would be logged with it. */
function parsed(url: string): URL {
  try {
    return new URL(url);
  } catch {
    throw new TypeError(
      'the address of NATS is not a URL: what is special in a password is percent-encoded there, "/" for ' +
        'example as %2F',
    );
  }
}

async function report(nc: NatsConnection, logger: Logger): Promise<void> {
  for await (const status of nc.status()) REPORTS[status.type]?.(status as never, logger);
}

type Reports = { [Type in Status['type']]?: (status: Extract<Status, { type: Type }>, logger: Logger) => void };

/** What is not here (every ping, every attempt) is not worth a line. */
const REPORTS: Reports = {
  disconnect: ({ server }, logger) => logger.warn({ server }, 'disconnected from NATS'),
  reconnect: ({ server }, logger) => logger.info({ server }, 'reconnected to NATS'),
  error: ({ error }, logger) => logger.error({ err: error }, 'NATS reported an error'),
  slowConsumer: ({ sub, pending }, logger) =>
    logger.warn({ subject: sub.getSubject(), pending }, 'a subscription is falling behind'),
  staleConnection: (_status, logger) => logger.warn('NATS stopped answering pings'),
  ldm: ({ server }, logger) => logger.info({ server }, 'the NATS server is shutting down; reconnecting to another one'),
};
