import { setTimeout as pause } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import { RELAY_WAKE } from '@trunkmesh/contracts/subjects.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { counter, gauge } from '@trunkmesh/runtime/metric.otel.js';
import type { DataSource } from 'typeorm';
import { type FencedPublisher, fencedPublisher } from './fenced-publisher.nats.js';
import { type RelayLeader, relayLeader, type Step } from './relay-leader.nats.js';
import { clientConfig, openRelaySession, type RelaySession } from './relay-session.pg.js';
import { signal } from './signal.process.js';
import type { StreamOptions } from './streams.nats.js';

export interface RelayOptions {
  /**
   * The database of the event store. The relay opens its own connection, also while the DataSource is not initialised.
   */
  dataSource: Pick<DataSource, 'options'>;
  /** A promise where the service must start without NATS. */
  nc: NatsConnection | Promise<NatsConnection>;
  logger: Logger;
  /** For a stream that has to be made. */
  streams?: StreamOptions;
  /** Events in flight at once. Default 512. */
  batch?: number;
  /**
   * How long an event waits whose notice was lost, and how often a leader looks whether it should yield. Default 1 s.
   */
  pollMs?: number;
  /** How long a stream that was lost stays so where nothing is published that would show it. Default 10 s. */
  compareMs?: number;
}

const LEAD_RETRY_MS = 500;
const MEASURE_MS = 2_000;
const BACKOFF_MS = { first: 20, most: 2_000 };

const relayedEvents = counter('trunkmesh_relay_events_total', 'Events published to JetStream by this instance');
const interruptions = counter(
  'trunkmesh_relay_interruptions_total',
  'Batches that JetStream did not take whole, so that its end was read again',
);

/**
 * One leader among all instances publishes committed events to JetStream, each exactly once and an entity's in order
 * (ADR 0003).
 */
export class Relay {
  private readonly work = signal();
  private readonly stopping = new AbortController();
  private readonly pollMs: number;
  private readonly removeGauges: (() => void)[];
  private readonly running: Promise<void>;
  private leads = false;
  private lagging: { events: number; oldest: Date | null } = { events: 0, oldest: null };
  private measuredAt = 0;
  private connected = true;
  private comparedAt = 0;
  private nc: NatsConnection | undefined;
  private publisher: FencedPublisher | undefined;

  constructor(private readonly options: RelayOptions) {
    this.pollMs = options.pollMs ?? 1_000;
    this.removeGauges = [
      gauge(
        'trunkmesh_relay_lag_events',
        'Events of the event store that are not confirmed to be in JetStream',
        () => this.lagging.events,
      ),
      gauge('trunkmesh_relay_lag_seconds', 'Age of the oldest of them', () =>
        this.lagging.oldest ? Math.max(0, (Date.now() - this.lagging.oldest.getTime()) / 1000) : 0,
      ),
      gauge('trunkmesh_relay_leader', '1 if this instance is the relay leader', () => (this.leads ? 1 : 0)),
    ];
    this.running = this.run();
  }

  /** After a commit. Costs nothing; never throws. */
  wake(): void {
    if (this.leads) this.work.notify();
    else if (this.nc && !this.nc.isClosed() && !this.nc.isDraining()) this.nc.publish(RELAY_WAKE);
  }

  /** Events of the event store that are not confirmed to be in JetStream, measured within the last seconds. */
  lag(): number {
    return this.lagging.events;
  }

  isLeader(): boolean {
    return this.leads;
  }

  /** Finishes what is in flight and releases leadership. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.work.notify();
    for (const remove of this.removeGauges) remove();
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal: stop } = this.stopping;
    const nc = await untilAborted(this.options.nc, stop);
    if (!nc) return;
    this.nc = nc;
    const wakes = nc.subscribe(RELAY_WAKE, { callback: () => this.work.notify() });
    const statuses = watchConnection(
      nc,
      () => {
        this.connected = false;
        this.publisher?.abort('the connection to NATS was lost');
      },
      () => {
        this.connected = true;
        this.comparedAt = 0;
        this.work.notify();
      },
    );
    for (let backoff = 100; !stop.aborted; backoff = Math.min(backoff * 2, BACKOFF_MS.most)) {
      try {
        await this.session(nc);
        backoff = 100;
      } catch (error) {
        this.options.logger.warn({ err: error }, 'the relay was interrupted');
      }
      await pause(backoff, undefined, { signal: stop }).catch(() => undefined);
    }
    statuses.stop();
    wakes.unsubscribe();
  }

  /** One connection to the event store: waits for leadership, then leads. */
  private async session(nc: NatsConnection): Promise<void> {
    const { signal: stop } = this.stopping;
    const open = await openRelaySession(clientConfig(this.options.dataSource));
    void open.lost.then(() => this.publisher?.abort('the connection to the event store was lost'));
    try {
      while (!stop.aborted) {
        if (await open.tryLead()) return await this.lead(open, nc);
        await this.measure(open);
        await pause(LEAD_RETRY_MS, undefined, { signal: stop }).catch(() => undefined);
      }
    } finally {
      await open.end().catch(() => undefined);
    }
  }

  /** Leads until it is stopped, asked to yield, or loses its connection (which throws). */
  private async lead(session: RelaySession, nc: NatsConnection): Promise<void> {
    const { logger, batch = 512, streams = {} } = this.options;
    const publisher = fencedPublisher(nc);
    this.publisher = publisher;
    const leader = relayLeader({ session, nc, publisher, streams, batch, logger });
    this.leads = true;
    this.comparedAt = Date.now();
    logger.info('became relay leader');
    let lookedAt = Date.now();
    try {
      for (let failures = 0; !this.stopping.signal.aborted;) {
        const step = await leader.step();
        relayedEvents.add(step.relayed);
        failures = step.relayed > 0 || step.idle ? 0 : failures + 1;
        await (step.idle ? this.nothingWaits(leader) : this.afterBatch(session, step, failures));
        if (Date.now() - lookedAt < this.pollMs) continue;
        lookedAt = Date.now();
        if (await session.isAskedToYield()) return logger.info('lets another lead the relay, as asked');
      }
    } finally {
      this.leads = false;
      await leader.finish().catch(() => undefined);
      publisher.close();
    }
  }

  private async nothingWaits(leader: RelayLeader): Promise<void> {
    this.lagging = { events: 0, oldest: null };
    await this.work.wait(this.pollMs);
    // A reader that starts at the beginning of the stream would wait for the next command otherwise: a server that came
    // back without its disk, a stream that somebody deleted.
    if (!this.connected || Date.now() - this.comparedAt < (this.options.compareMs ?? 10_000)) return;
    this.comparedAt = Date.now();
    leader.compareAgain();
  }

  private async afterBatch(session: RelaySession, { problem, relayed }: Step, failures: number): Promise<void> {
    await this.measure(session);
    if (problem === undefined) return;
    interruptions.add();
    this.options.logger.warn({ problem, relayed }, 'JetStream did not take the whole batch; comparing with the stream');
    await pause(Math.min(BACKOFF_MS.first * 2 ** failures, BACKOFF_MS.most), undefined, {
      signal: this.stopping.signal,
    }).catch(() => undefined);
  }

  private async measure(session: RelaySession): Promise<void> {
    if (Date.now() - this.measuredAt < MEASURE_MS) return;
    this.lagging = await session.lag();
    this.measuredAt = Date.now();
  }
}

function watchConnection(nc: NatsConnection, broken: () => void, back: () => void): { stop(): void } {
  const statuses = nc.status();
  void (async () => {
    for await (const { type } of statuses) {
      if (type === 'disconnect') broken();
      if (type === 'reconnect') back();
    }
  })();
  return { stop: () => (statuses as { stop?(): void }).stop?.() };
}

async function untilAborted<T>(value: T | Promise<T>, abort: AbortSignal): Promise<T | undefined> {
  if (abort.aborted) return undefined;
  return Promise.race([
    value,
    new Promise<undefined>((resolve) => abort.addEventListener('abort', () => resolve(undefined), { once: true })),
  ]);
}
