import type { NatsConnection } from '@nats-io/transport-node';
import { TRUNKMESH_STREAM } from '@trunkmesh/contracts/subjects.js';
import { follow } from '@trunkmesh/event-log/follow.nats.js';
import { applyEventBytes } from '@trunkmesh/routing/number-bytes.js';
import { createRouteIndex, type RouteIndex } from '@trunkmesh/routing/route-index.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { counter, gauge } from '@trunkmesh/runtime/metric.otel.js';

const applied = counter('trunkmesh_routing_events_total', 'Events applied to the index');
const unreadable = counter(
  'trunkmesh_routing_unreadable_events_total',
  'Events that could not be applied and were left out',
);

/**
 *  Everything in one consumer, so that it comes in the stream's order: organisations, trunks, numbers, evidence,
 *  carriers. Bridges are no matter of routing, and few.
 */
const ENTITIES = 'trunkmesh.>';
/** Counted in between, not for each: a cold start applies a million. */
const COUNT_EVERY = 256;

/** After the stream was made anew: how long nothing more may come before what came is taken for all there is. */
const SETTLED_MS = 30_000;

export interface RouteProjection {
  /** What lookups are answered from; undefined until the first reading is complete. */
  index(): RouteIndex | undefined;
  /** Events of the stream not applied yet, as the server last said. */
  lag(): number;
  stop(): Promise<void>;
}

export interface ProjectionOptions {
  nc: NatsConnection;
  logger: Logger;
  /** The first reading is complete. */
  onCaughtUp: () => void;
  settledMs?: number;
}

/**
 * The index from the last event of each subject, and then from all that follow. A stream that was made anew (a lost
 * disk, refilled from the record) is read into a second index, and calls go on being routed from the first until the
 * second is whole: until it has reached the position that was known before, or no more comes.
 */
export function startProjection({
  nc,
  logger,
  onCaughtUp,
  settledMs = SETTLED_MS,
}: ProjectionOptions): RouteProjection {
  let serving: RouteIndex | undefined;
  let building = createRouteIndex();
  let [caughtUp, position, reachedBefore, uncounted] = [false, 0, 0, 0];
  let settling: NodeJS.Timeout | undefined;
  const startedAt = performance.now();
  const count = () => {
    applied.add(uncounted);
    uncounted = 0;
  };
  const swap = () => {
    clearTimeout(settling);
    if (serving === building) return;
    const first = serving === undefined;
    serving = building;
    logger.info(
      {
        numbers: building.numbers.size,
        trunks: building.trunks.size,
        position,
        seconds: (performance.now() - startedAt) / 1000,
      },
      'the index is whole',
    );
    if (first) onCaughtUp();
  };
  const settle = () => {
    if (serving === building || !caughtUp) return;
    if (serving === undefined || position >= reachedBefore) return swap();
    clearTimeout(settling);
    settling = setTimeout(swap, settledMs).unref();
  };
  const followed = follow<Uint8Array>(nc, {
    stream: TRUNKMESH_STREAM,
    filter: ENTITIES,
    from: 'last-per-subject',
    decode: (bytes) => bytes,
    onEvent: (bytes, { subject, sequence }) => {
      position = sequence;
      try {
        applyEventBytes(building, subject, bytes);
      } catch (error) {
        unreadable.add();
        throw error;
      }
      if (++uncounted >= COUNT_EVERY) count();
      settle();
    },
    onCaughtUp: () => {
      count();
      caughtUp = true;
      settle();
    },
    onReset: () => {
      reachedBefore = Math.max(reachedBefore, position);
      building = createRouteIndex();
      caughtUp = false;
      position = 0;
      clearTimeout(settling);
    },
    logger,
  });
  const size = (read: (index: RouteIndex) => number) => () => (serving === undefined ? 0 : read(serving));
  const gauges = [
    gauge('trunkmesh_routing_projection_lag', 'Events of the stream that the index does not have yet', () =>
      followed.pending(),
    ),
    gauge('trunkmesh_routing_projection_position', 'Sequence in the stream up to which the index is built', () =>
      followed.position(),
    ),
    gauge(
      'trunkmesh_routing_numbers',
      'Numbers in the index',
      size((index) => index.numbers.size),
    ),
    gauge(
      'trunkmesh_routing_trunks',
      'Trunks in the index',
      size((index) => index.trunks.size),
    ),
    gauge(
      'trunkmesh_routing_organizations',
      'Organisations in the index',
      size((index) => index.organizations.handles.size),
    ),
  ];
  return {
    index: () => serving,
    lag: () => followed.pending(),
    stop: async () => {
      clearTimeout(settling);
      for (const remove of gauges) remove();
      await followed.stop();
    },
  };
}
