import { setMaxListeners } from 'node:events';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { hostOf, postJson, SOCKETS_PER_HOST } from './customer-post.http.js';
import { webhookHeaders } from './webhook-headers.js';
import type { StoredStatus } from './status-file.js';
import type { Lane, Owner } from './status-lane.js';
import { Lanes } from './status-lanes.js';
import { NONE, UNKNOWN, type Pauses, type Verdict, type Where } from './status-route.js';
import { detailOf, verdictOf } from './status-verdict.js';
import { statusWebhooks } from './status-metrics.otel.js';

/** Where an organisation's statuses go to. */
export interface Endpoint {
  url: string;
  secret: string | undefined;
  /** The URL may lead into a private network. */
  allowPrivate: boolean;
}

/**
 * 'not-known-yet': the settings are still being read. undefined: there is no status_url (any more). Asked at every
 * attempt, and now and then while none may be made, so that a URL that was put right gets what waits.
 */
export type EndpointOf = (organizationId: string, numberId: string | null) => Endpoint | 'not-known-yet' | undefined;

export interface DeliveryOptions {
  endpointOf: EndpointOf;
  /** Undefined: the lane's file does not hold what it should. */
  read: (lane: Lane) => Promise<StoredStatus | undefined>;
  onDelivered: (lane: Lane) => void;
  /** Nothing can be sent of it any more. */
  onDamaged: (lane: Lane) => void;
  pauses: Pauses;
  deadlineMs: number;
  /** A certificate authority of the operator's own; else the usual ones. */
  ca: string | undefined;
  logger: Logger;
  now: () => number;
}

export interface Delivery {
  wake(lane: Lane): void;
  /** It is given up. Not while it is being sent. */
  remove(lane: Lane): void;
  /** What is under way is given up, and will be sent again. */
  stop(): Promise<void>;
}

const TICK_MS = 200;
const AT_ONCE = 256;

/** Statuses from their files to where they go. What is accepted is noted, what is not is tried again. */
export function startDelivery(options: DeliveryOptions): Delivery {
  const { endpointOf, logger, now } = options;
  const over = new AbortController();
  // Each that is under way listens; Node would take more than ten for a leak, and say so on stderr.
  setMaxListeners(AT_ONCE, over.signal);
  const running = new Set<Promise<void>>();
  const lanes = new Lanes({
    whereOf: (owner) => whereOf(owner, endpointOf),
    pauses: options.pauses,
    atOncePerHost: SOCKETS_PER_HOST,
    atOnce: AT_ONCE,
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
    else logger.debug({ call_id: lane.callId, host, reason: detail }, 'a call status was not delivered; trying again');
    if (change === 'down')
      logger.warn({ host, reason: detail }, 'call statuses cannot be delivered there; they wait on disk');
    if (change === 'up') logger.info({ host }, 'call statuses can be delivered there again');
  };
  const run = async (lane: Lane): Promise<void> => {
    try {
      await attempt(lane);
    } catch (error) {
      logger.error({ err: error, call_id: lane.callId }, 'a call status cannot be read; trying again');
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
 * Two that share a URL and sign differently are two: what is wrong with the one's secret is not the other's trouble.
 */
function whereOf({ organizationId, numberId }: Owner, endpointOf: EndpointOf): Where {
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
    return { verdict: { verdict: 'gone' }, detail: 'the signing secret cannot be opened' };
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
