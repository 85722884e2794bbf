import { jetstream } from '@nats-io/jetstream';
import { gatewayStatus, type GatewayStateChanged, type GatewayStatus } from '@trunkmesh/contracts/bridge.js';
import { GATEWAYS_BUCKET, gatewayKey, gatewaysOfBridge, gatewaySubject } from '@trunkmesh/contracts/subjects.js';
import { openBucket, type Bucket } from '@trunkmesh/event-log/bucket.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import { uuidv7 } from 'uuidv7';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import { isWorthAnEvent, sameStatus } from './gateway-status.js';

export interface PublisherOptions {
  link: NatsLink;
  bridgeId: string;
  logger: Logger;
  /** Called when the state published by an earlier run has been read: it may have trunks that are no longer here. */
  onLoaded(): void;
}

/** The minimum interval of writes, for a trunk that flaps or 5,000 that register at once. */
const FLUSH_MS = 100;
const RETRY_MS = 2_000;
const CONCURRENT_PUBLISHES = 64;
/**
 * How many changes are kept while NATS is unreachable; beyond that the oldest are dropped, but never the newest state
 * of a trunk.
 */
const EVENTS_KEPT = 10_000;

/** Publishes the state of each trunk on this bridge: the newest in the KV bucket, lasting changes as events. */
export class GatewayStatusPublisher {
  private readonly known = new Map<string, GatewayStatus>();
  private readonly dirty = new Map<string, GatewayStatus | null>();
  private readonly events: GatewayStateChanged[] = [];
  /** The state in the trunk's last event; intermediate steps have no events. */
  private readonly eventStates = new Map<string, GatewayStatus['state']>();
  private loaded = false;
  private timer: NodeJS.Timeout | undefined;
  private flushing: Promise<void> | undefined;
  private stopped = false;

  constructor(private readonly options: PublisherOptions) {
    options.link.onConnected((nc) => this.connected(nc));
  }

  last(trunkId: string): GatewayStatus | undefined {
    return this.known.get(trunkId);
  }

  note(status: GatewayStatus, traceparent?: string): void {
    const before = this.known.get(status.trunk_id);
    if (sameStatus(before, status)) return;
    this.known.set(status.trunk_id, status);
    this.dirty.set(this.keyOf(status), status);
    if (isWorthAnEvent(before, status)) this.event(status, traceparent);
    this.schedule(FLUSH_MS);
  }

  /** The trunk is not on this bridge any more. */
  gone(trunkId: string, now: string): void {
    const before = this.known.get(trunkId);
    if (before === undefined) return;
    this.known.delete(trunkId);
    this.dirty.set(this.keyOf(before), null);
    this.event({
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
    this.eventStates.delete(trunkId);
    this.schedule(FLUSH_MS);
  }

  /** Trunks that an earlier run published, once they are known. */
  published(): Iterable<string> {
    return this.known.keys();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.flushing;
    await this.flush();
  }

  private keyOf({ organization_id, trunk_id }: GatewayStatus): string {
    return gatewayKey(organization_id, trunk_id, this.options.bridgeId);
  }

  private bucket(nc: NatsConnection): Bucket<GatewayStatus> {
    return openBucket(nc, { name: GATEWAYS_BUCKET, schema: gatewayStatus, logger: this.options.logger });
  }

  private event(status: GatewayStatus, traceparent?: string): void {
    const { bridgeId } = this.options;
    this.events.push({
      specversion: '1.0',
      id: uuidv7(),
      source: `trunkmesh/bridge-agent/${bridgeId}`,
      type: 'GatewayStateChanged',
      subject: gatewaySubject(status.organization_id, status.trunk_id, bridgeId),
      time: status.updated_at,
      datacontenttype: 'application/json',
      ...(traceparent === undefined ? {} : { traceparent }),
      data: { change: { from: this.eventStates.get(status.trunk_id) ?? null }, state: status },
    });
    this.eventStates.set(status.trunk_id, status.state);
    if (this.events.length > EVENTS_KEPT) this.events.shift();
  }

  private connected(nc: NatsConnection): void {
    if (this.loaded) return this.schedule(0);
    const { link, logger } = this.options;
    this.load(nc).catch((error: unknown) => {
      logger.warn({ err: error }, 'cannot read the published gateway states yet');
      setTimeout(() => {
        if (link.connection === nc && !this.stopped) this.load(nc).catch(() => {});
      }, RETRY_MS).unref();
    });
  }

  private async load(nc: NatsConnection): Promise<void> {
    for (const status of (await this.bucket(nc).list(gatewaysOfBridge(this.options.bridgeId))).values()) {
      if (this.known.has(status.trunk_id)) continue;
      this.known.set(status.trunk_id, status);
      this.eventStates.set(status.trunk_id, status.state);
    }
    this.loaded = true;
    this.options.onLoaded();
    this.schedule(0);
  }

  private schedule(afterMs: number): void {
    if (this.timer !== undefined || this.stopped) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.flushing ??= this.flush().finally(() => {
        this.flushing = undefined;
        if (this.dirty.size + this.events.length > 0)
          this.schedule(this.options.link.connection === undefined ? RETRY_MS : FLUSH_MS);
      });
    }, afterMs);
  }

  private async flush(): Promise<void> {
    const nc = this.options.link.connection;
    if (nc === undefined || !this.loaded) return;
    try {
      await this.sendStates(this.bucket(nc));
      await this.sendEvents(nc);
    } catch (error) {
      this.options.logger.debug({ err: error }, 'cannot publish gateway states; retrying');
    }
  }

  private async sendStates(bucket: Bucket<GatewayStatus>): Promise<void> {
    const batch = [...this.dirty];
    for (let start = 0; start < batch.length; start += CONCURRENT_PUBLISHES) {
      await Promise.all(
        batch.slice(start, start + CONCURRENT_PUBLISHES).map(async ([key, status]) => {
          await (status === null ? bucket.delete(key) : bucket.put(key, status));
          if (this.dirty.get(key) === status) this.dirty.delete(key);
        }),
      );
    }
  }

  private async sendEvents(nc: NatsConnection): Promise<void> {
    const js = jetstream(nc);
    const { events } = this;
    while (events.length > 0) {
      const batch = events.slice(0, CONCURRENT_PUBLISHES);
      await Promise.all(
        batch.map((changed) => js.publish(changed.subject, JSON.stringify(changed), { msgID: changed.id })),
      );
      const sent = new Set(batch);
      // The oldest may have been dropped in the meantime.
      while (events.length > 0 && sent.has(events[0]!)) events.shift();
    }
  }
}
