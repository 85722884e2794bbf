import { setMaxListeners } from 'node:events';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { hostOf, postJson, SOCKETS_PER_HOST } from '@trunkmesh/runtime/customer-post.http.js';
import { webhookHeaders } from '@trunkmesh/runtime/webhook-headers.js';
import type { StoredStatus } from './status-file.js';
import type { Lane, Owner } from './status-lane.js';
import { Lanes } from './status-lanes.js';
import { NONE, UNKNOWN, type Pauses, type Verdict, type Destination } from './status-route.js';
import { detailOf, verdictOf } from './status-verdict.js';
import { statusWebhooks } from './status-metrics.otel.js';

/** The endpoint of an organisation's statuses. */
export interface Endpoint {
  url: string;
  secret: string | undefined;
  /** The URL may resolve to a private address. */
  allowPrivate: boolean;
}

/**
 * 'not-known-yet': the settings are still being read. undefined: there is no status_url. Called at every attempt, and
 * from time to time while attempts are paused, so that waiting statuses go to a corrected URL.
 */
export type EndpointOf = (organizationId: string, numberId: string | null) => Endpoint | 'not-known-yet' | undefined;

export interface DeliveryOptions {
  endpointOf: EndpointOf;
  /** Undefined if the lane's file lacks the expected status. */
  read: (lane: Lane) => Promise<StoredStatus | undefined>;
  onDelivered: (lane: Lane) => void;
  /** None of its statuses can be sent any more. */
  onDamaged: (lane: Lane) => void;
  pauses: Pauses;
  deadlineMs: number;
  /** The operator's own certificate authority; default: the system's. */
  ca: string | undefined;
  logger: Logger;
  now: () => number;
}

export interface Delivery {
  wake(lane: Lane): void;
  /** Gives it up. Not while it is being sent. */
  remove(lane: Lane): void;
  /** Aborts requests in progress; they will be sent again. */
  stop(): Promise<void>;
}

const TICK_MS = 200;
const CONCURRENT_POSTS = 256;

/** Sends statuses from their files to their endpoints. Accepted ones are noted, others are retried. */
export function startDelivery(options: DeliveryOptions): Delivery {
  const { endpointOf, logger, now } = options;
  const over = new AbortController();
  // Each request in progress adds a listener; Node would report more than ten as a leak on stderr.
  setMaxListeners(CONCURRENT_POSTS, over.signal);
  const running = new Set<Promise<void>>();
  const lanes = new Lanes({
    destinationOf: (owner) => destinationOf(owner, endpointOf),
    pauses: options.pauses,
    atOncePerHost: SOCKETS_PER_HOST,
    atOnce: CONCURRENT_POSTS,
  });

  const attempt = async (lane: Lane): Promise<void> => {
    const endpoint = endpointOf(lane.owner.organizationId, lane.owner.numberId);
    if (endpoint === undefined || endpoint === 'not-known-yet') return lanes.putBack(lane);
    const status = await options.read(lane);
    if (status === undefined) {
      lanes.putBack(lane);
      lanes.remove(lane);
      return options.onDamaged(lane);
    }
    const answer = await send(endpoint, status, { ...options, signal: over.signal });
    if (over.signal.aborted && answer.verdict.verdict !== 'accepted') return;
    settle(lane, hostOf(endpoint.url), answer);
  };
  const settle = (lane: Lane, host: string, { verdict, detail }: Answer): void => {
    const change = lanes.settle(lane, verdict, { now: now(), random: Math.random() });
    statusWebhooks.add(1, { outcome: verdict.verdict === 'accepted' ? 'delivered' : 'failed' });
    if (verdict.verdict === 'accepted') options.onDelivered(lane);
    else logger.debug({ call_id: lane.callId, host, reason: detail }, 'call status not delivered; retrying');
    if (change === 'down')
      logger.warn({ host, reason: detail }, 'cannot deliver call statuses to this host; they wait on disk');
    if (change === 'up') logger.info({ host }, 'delivering call statuses to this host again');
  };
  const run = async (lane: Lane): Promise<void> => {
    try {
      await attempt(lane);
    } catch (error) {
      logger.error({ err: error, call_id: lane.callId }, 'cannot read a call status; retrying');
      lanes.settle(lane, { verdict: 'failed' }, { now: now(), random: Math.random() });
    }
  };
  const pump = (): void => {
    while (!over.signal.aborted) {
      const lane = lanes.next(now());
      if (lane === undefined) return;
      const sent: Promise<void> = run(lane).finally(() => {
        running.delete(sent);
        pump();
      });
      running.add(sent);
    }
  };
  const timer = setInterval(() => {
    lanes.tick(now());
    pump();
  }, TICK_MS);
  return {
    wake: (lane) => {
      lanes.wake(lane);
      pump();
    },
    remove: (lane) => lanes.remove(lane),
    stop: async () => {
      clearInterval(timer);
      over.abort();
      await Promise.all(running);
    },
  };
}

/**
 * Two endpoints with the same URL and different secrets are separate: a bad secret of one must not affect the other.
 */
function destinationOf({ organizationId, numberId }: Owner, endpointOf: EndpointOf): Destination {
  const endpoint = endpointOf(organizationId, numberId);
  if (endpoint === undefined) return NONE;
  return endpoint === 'not-known-yet'
    ? UNKNOWN
    : { key: `${endpoint.url} ${endpoint.secret}`, host: hostOf(endpoint.url) };
}

interface Answer {
  verdict: Verdict;
  detail: string;
}

async function send(
  { url, secret, allowPrivate }: Endpoint,
  { text, id }: StoredStatus,
  { deadlineMs, ca, signal }: Pick<DeliveryOptions, 'deadlineMs' | 'ca'> & { signal: AbortSignal },
): Promise<Answer> {
  let headers: Record<string, string>;
  try {
    headers = webhookHeaders(secret, id, new Date(), text);
  } catch {
    return { verdict: { verdict: 'gone' }, detail: 'the signing secret cannot be decrypted' };
  }
  const answer = await postJson({
    url,
    headers,
    text,
    deadlineMs,
    allowPrivate,
    signal,
    ...(ca === undefined ? {} : { ca }),
  });
  return { verdict: verdictOf(answer), detail: detailOf(answer) };
}
