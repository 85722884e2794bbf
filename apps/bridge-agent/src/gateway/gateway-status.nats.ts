import { jetstream } from '@nats-io/jetstream';
import { gatewayStatus, type GatewayStateChanged, type GatewayStatus } from '@trunkmesh/contracts/bridge.js';
import { GATEWAYS_BUCKET, gatewayKey, gatewaysOfBridge, gatewaySubject } from '@trunkmesh/contracts/subjects.js';
import { openBucket, type Bucket } from '@trunkmesh/event-log/bucket.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import { uuidv7 } from 'uuidv7';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import { isWorthAnEvent, sameStatus } from './gateway-status.js';

/**
 *  Tells readers how each trunk stands on this bridge: the newest in the KV bucket, what is worth keeping as an event.
 */
export interface GatewayStatusPublisher {
  last(trunkId: string): GatewayStatus | undefined;
  note(status: GatewayStatus, traceparent?: string): void;
  /** The trunk is not on this bridge any more. */
  gone(trunkId: string, now: string): void;
  /** Trunks that an earlier run published, once that is known. */
  published(): Iterable<string>;
  stop(): Promise<void>;
}

export interface PublisherOptions {
  link: NatsLink;
  bridgeId: string;
  logger: Logger;
  /** What an earlier run published has been read: it may hold trunks that are here no more. */
  onLoaded(): void;
}

/** A trunk that flaps, or 5,000 that register at once, are written at most this often. */
const FLUSH_MS = 100;
const RETRY_MS = 2_000;
const AT_ONCE = 64;
/** Kept while NATS is away; beyond it the oldest changes are dropped, the newest state of each trunk never is. */
const EVENTS_KEPT = 10_000;

export function startGatewayStatusPublisher({
  link,
  bridgeId,
  logger,
  onLoaded,
}: PublisherOptions): GatewayStatusPublisher {
  const last = new Map<string, GatewayStatus>();
  const dirty = new Map<string, GatewayStatus | null>();
  const events: GatewayStateChanged[] = [];
  /** The state that the last event of a trunk told: the steps in between were not told. */
  const told = new Map<string, GatewayStatus['state']>();
  let loaded = false;
  let timer: NodeJS.Timeout | undefined;
  let flushing: Promise<void> | undefined;
  let stopped = false;

  const schedule = (afterMs: number): void => {
    if (timer !== undefined || stopped) return;
    timer = setTimeout(() => {
      timer = undefined;
      flushing ??= flush().finally(() => {
        flushing = undefined;
        if (dirty.size + events.length > 0) schedule(link.connection === undefined ? RETRY_MS : FLUSH_MS);
      });
    }, afterMs);
  };

  const event = (status: GatewayStatus, traceparent?: string): void => {
    events.push({
      specversion: '1.0',
      id: uuidv7(),
      source: `trunkmesh/bridge-agent/${bridgeId}`,
      type: 'GatewayStateChanged',
      subject: gatewaySubject(status.organization_id, status.trunk_id, bridgeId),
      time: status.updated_at,
      datacontenttype: 'application/json',
      ...(traceparent === undefined ? {} : { traceparent }),
      data: { change: { from: told.get(status.trunk_id) ?? null }, state: status },
    });
    told.set(status.trunk_id, status.state);
    if (events.length > EVENTS_KEPT) events.shift();
  };

  const flush = async (): Promise<void> => {
    const nc = link.connection;
    if (nc === undefined || !loaded) return;
    try {
      await sendStates(openBucket(nc, { name: GATEWAYS_BUCKET, schema: gatewayStatus, logger }));
      await sendEvents(nc);
    } catch (error) {
      logger.debug({ err: error }, 'gateway states could not be published; they are tried again');
    }
  };

  const sendStates = async (bucket: Bucket<GatewayStatus>): Promise<void> => {
    const batch = [...dirty];
    for (let start = 0; start < batch.length; start += AT_ONCE) {
      await Promise.all(
        batch.slice(start, start + AT_ONCE).map(async ([key, status]) => {
          await (status === null ? bucket.delete(key) : bucket.put(key, status));
          if (dirty.get(key) === status) dirty.delete(key);
        }),
      );
    }
  };

  const sendEvents = async (nc: NatsConnection): Promise<void> => {
    const js = jetstream(nc);
    while (events.length > 0) {
      const batch = events.slice(0, AT_ONCE);
      await Promise.all(
        batch.map((changed) => js.publish(changed.subject, JSON.stringify(changed), { msgID: changed.id })),
      );
      const sent = new Set(batch);
      // The oldest may have been dropped meanwhile.
      while (events.length > 0 && sent.has(events[0]!)) events.shift();
    }
  };

  const load = async (nc: NatsConnection): Promise<void> => {
    const bucket = openBucket(nc, { name: GATEWAYS_BUCKET, schema: gatewayStatus, logger });
    for (const status of (await bucket.list(gatewaysOfBridge(bridgeId))).values()) {
      if (last.has(status.trunk_id)) continue;
      last.set(status.trunk_id, status);
      told.set(status.trunk_id, status.state);
    }
    loaded = true;
    onLoaded();
    schedule(0);
  };

  link.onConnected((nc) => {
    if (loaded) return schedule(0);
    load(nc).catch((error: unknown) => {
      logger.warn({ err: error }, 'the published gateway states could not be read yet');
      setTimeout(() => {
        if (link.connection === nc && !stopped) load(nc).catch(() => {});
      }, RETRY_MS).unref();
    });
  });

  return {
    last: (trunkId) => last.get(trunkId),
    note(status, traceparent) {
      const before = last.get(status.trunk_id);
      if (sameStatus(before, status)) return;
      last.set(status.trunk_id, status);
      dirty.set(gatewayKey(status.organization_id, status.trunk_id, bridgeId), status);
      if (isWorthAnEvent(before, status)) event(status, traceparent);
      schedule(FLUSH_MS);
    },
    gone(trunkId, now) {
      const before = last.get(trunkId);
      if (before === undefined) return;
      last.delete(trunkId);
      dirty.set(gatewayKey(before.organization_id, trunkId, bridgeId), null);
      event({
        ...before,
        applied_revision: null,
        state: 'DOWN',
        error: null,
        sip_status: null,
        sip_phrase: null,
        ping: null,
        since: now,
        updated_at: now,
      });
      told.delete(trunkId);
      schedule(FLUSH_MS);
    },
    published: () => last.keys(),
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await flushing;
      await flush();
    },
  };
}
