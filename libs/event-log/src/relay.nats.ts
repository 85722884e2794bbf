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
  /** Where the record is; the relay opens a connection of its own, also while the DataSource is not initialised. */
  dataSource: Pick<DataSource, 'options'>;
  /** A promise where the service must start without NATS. */
  nc: NatsConnection | Promise<NatsConnection>;
  logger: Logger;
  /** For a stream that has to be made. */
  streams?: StreamOptions;
  /** Events in flight at once. Default 512. */
  batch?: number;
  /**
   *  How long an event waits whose notice was lost, and how often a leader looks whether it should yield. Default 1 s.
   */
  pollMs?: number;
  /** How long a stream that was lost stays so where nothing is published that would show it. Default 10 s. */
  compareMs?: number;
}

export interface Relay {
  /** After a commit. Costs nothing; never throws. */
  wake(): void;
  /** Events of the record that are not known to be in JetStream, as measured within the last seconds. */
  lag(): number;
  isLeader(): boolean;
  /** Finishes what is in flight and lets go of the lead. */
  stop(): Promise<void>;
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
 *  One leader among all instances publishes committed events to JetStream, each exactly once and an entity's in order
 *  (ADR 0003).
 */
export function startRelay(options: RelayOptions): Relay {
  const { logger, batch = 512, pollMs = 1_000, compareMs = 10_000, streams = {} } = options;
  const work = signal();
  const stopping = new AbortController();
  const state = {
    leads: false,
    lag: { events: 0, oldest: null as Date | null },
    measuredAt: 0,
    connected: true,
    comparedAt: 0,
    nc: undefined as NatsConnection | undefined,
    publisher: undefined as FencedPublisher | undefined,
  };

  const measure = async (session: RelaySession) => {
    if (Date.now() - state.measuredAt < MEASURE_MS) return;
    state.lag = await session.lag();
    state.measuredAt = Date.now();
  };

  const nothingWaits = async (leader: RelayLeader) => {
    state.lag = { events: 0, oldest: null };
    await work.wait(pollMs);
    // Whoever reads the stream from its start would wait for the next command otherwise: a server that came back
    // without its disk, a stream that somebody deleted.
    if (!state.connected || Date.now() - state.comparedAt < compareMs) return;
    state.comparedAt = Date.now();
    leader.compareAgain();
  };
  const afterBatch = async (session: RelaySession, { problem, relayed }: Step, failures: number) => {
    await measure(session);
    if (problem === undefined) return;
    interruptions.add();
    logger.warn({ problem, relayed }, 'JetStream did not take the whole batch; comparing with the stream');
    await pause(Math.min(BACKOFF_MS.first * 2 ** failures, BACKOFF_MS.most), undefined, {
      signal: stopping.signal,
    }).catch(() => undefined);
  };

  /** Leads until it is told to stop, asked to yield, or loses its connection (which throws). */
  const lead = async (session: RelaySession, nc: NatsConnection) => {
    const publisher = (state.publisher = fencedPublisher(nc));
    const leader = relayLeader({ session, nc, publisher, streams, batch, logger });
    state.leads = true;
    state.comparedAt = Date.now();
    logger.info('leads the relay');
    let lookedAt = Date.now();
    try {
      for (let failures = 0; !stopping.signal.aborted;) {
        const step = await leader.step();
        relayedEvents.add(step.relayed);
        failures = step.relayed > 0 || step.idle ? 0 : failures + 1;
        await (step.idle ? nothingWaits(leader) : afterBatch(session, step, failures));
        if (Date.now() - lookedAt < pollMs) continue;
        lookedAt = Date.now();
        if (await session.isAskedToYield()) return logger.info('lets another lead the relay, as asked');
      }
    } finally {
      state.leads = false;
      await leader.finish().catch(() => undefined);
      publisher.close();
    }
  };

  /** One connection to the record: waits for the lead, leads. */
  const session = async (nc: NatsConnection) => {
    const open = await openRelaySession(clientConfig(options.dataSource));
    void open.lost.then(() => state.publisher?.abort('the connection to the record was lost'));
    try {
      while (!stopping.signal.aborted) {
        if (await open.tryLead()) return await lead(open, nc);
        await measure(open);
        await pause(LEAD_RETRY_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
    } finally {
      await open.end().catch(() => undefined);
    }
  };

  const run = async () => {
    const nc = await untilAborted(options.nc, stopping.signal);
    if (!nc) return;
    state.nc = nc;
    const wakes = nc.subscribe(RELAY_WAKE, { callback: () => work.notify() });
    const statuses = watchConnection(
      nc,
      () => {
        state.connected = false;
        state.publisher?.abort('the connection to NATS was lost');
      },
      () => {
        Object.assign(state, { connected: true, comparedAt: 0 });
        work.notify();
      },
    );
    for (let backoff = 100; !stopping.signal.aborted; backoff = Math.min(backoff * 2, BACKOFF_MS.most)) {
      try {
        await session(nc);
        backoff = 100;
      } catch (error) {
        logger.warn({ err: error }, 'the relay was interrupted');
      }
      await pause(backoff, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
    statuses.stop();
    wakes.unsubscribe();
  };

  const removeGauges = [
    gauge(
      'trunkmesh_relay_lag_events',
      'Events of the record that are not known to be in JetStream',
      () => state.lag.events,
    ),
    gauge('trunkmesh_relay_lag_seconds', 'Age of the oldest of them', () =>
      state.lag.oldest ? Math.max(0, (Date.now() - state.lag.oldest.getTime()) / 1000) : 0,
    ),
    gauge('trunkmesh_relay_leader', '1 where this instance leads the relay', () => (state.leads ? 1 : 0)),
  ];
  const running = run();

  return {
    wake() {
      if (state.leads) work.notify();
      else if (state.nc && !state.nc.isClosed() && !state.nc.isDraining()) state.nc.publish(RELAY_WAKE);
    },
    lag: () => state.lag.events,
    isLeader: () => state.leads,
    async stop() {
      stopping.abort();
      work.notify();
      for (const remove of removeGauges) remove();
      await running;
    },
  };
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
