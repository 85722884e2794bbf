import type { NatsConnection } from '@nats-io/transport-node';
import { TRUNKMESH_STREAM } from '@trunkmesh/contracts/subjects.js';
import { follow, type Followed } from '@trunkmesh/event-log/follow.nats.js';
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
 * One consumer for everything, to keep the stream's order: organisations, trunks, numbers, evidence, carriers. Routing
 * ignores the few events of bridges.
 */
const ENTITIES = 'trunkmesh.>';
/** Events are counted in groups of this size: a cold start applies a million. */
const COUNT_EVERY = 256;

/** After the stream was recreated: it counts as complete when no event arrives for this time. */
const SETTLED_MS = 30_000;

export interface ProjectionOptions {
  nc: NatsConnection;
  logger: Logger;
  /** The first reading is complete. */
  onCaughtUp: () => void;
  settledMs?: number;
}

/**
 * The index: built from the last event of each subject, then updated with every following event. A stream that was
 * recreated (refilled from the event store after a lost disk) is read into a second index. The first one serves calls
 * until the second is complete: it has reached the earlier position, or no more events arrive.
 */
export class RouteProjection {
  private serving: RouteIndex | undefined;
  private building = createRouteIndex();
  private caughtUp = false;
  private position = 0;
  private reachedBefore = 0;
  private uncounted = 0;
  private settling: NodeJS.Timeout | undefined;
  private readonly startedAt = performance.now();
  private readonly followed: Followed;
  private readonly gauges: (() => void)[];

  constructor(private readonly options: ProjectionOptions) {
    this.followed = follow<Uint8Array>(options.nc, {
      stream: TRUNKMESH_STREAM,
      filter: ENTITIES,
      from: 'last-per-subject',
      decode: (bytes) => bytes,
      onEvent: (bytes, { subject, sequence }) => this.apply(bytes, subject, sequence),
      onCaughtUp: () => {
        this.count();
        this.caughtUp = true;
        this.settle();
      },
      onReset: () => this.beginAgain(),
      logger: options.logger,
    });
    this.gauges = this.observe();
  }

  /** What lookups are answered from; undefined until the first reading is complete. */
  index(): RouteIndex | undefined {
    return this.serving;
  }

  /** Events of the stream that are not applied yet, as the server last reported. */
  lag(): number {
    return this.followed.pending();
  }

  async stop(): Promise<void> {
    clearTimeout(this.settling);
    for (const remove of this.gauges) remove();
    await this.followed.stop();
  }

  private apply(bytes: Uint8Array, subject: string, sequence: number): void {
    this.position = sequence;
    try {
      applyEventBytes(this.building, subject, bytes);
    } catch (error) {
      unreadable.add();
      throw error;
    }
    this.uncounted += 1;
    if (this.uncounted >= COUNT_EVERY) this.count();
    this.settle();
  }

  private count(): void {
    applied.add(this.uncounted);
    this.uncounted = 0;
  }

  private beginAgain(): void {
    this.reachedBefore = Math.max(this.reachedBefore, this.position);
    this.building = createRouteIndex();
    this.caughtUp = false;
    this.position = 0;
    clearTimeout(this.settling);
  }

  private settle(): void {
    if (this.serving === this.building || !this.caughtUp) return;
    if (this.serving === undefined || this.position >= this.reachedBefore) return this.swap();
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.swap(), this.options.settledMs ?? SETTLED_MS).unref();
  }

  private swap(): void {
    clearTimeout(this.settling);
    const { building } = this;
    if (this.serving === building) return;
    const first = this.serving === undefined;
    this.serving = building;
    this.options.logger.info(
      {
        numbers: building.numbers.size,
        trunks: building.trunks.size,
        position: this.position,
        seconds: (performance.now() - this.startedAt) / 1000,
      },
      'the index is complete',
    );
    if (first) this.options.onCaughtUp();
  }

  private observe(): (() => void)[] {
    const size = (read: (index: RouteIndex) => number) => () => (this.serving === undefined ? 0 : read(this.serving));
    return [
      gauge('trunkmesh_routing_projection_lag', 'Events of the stream that the index does not have yet', () =>
        this.followed.pending(),
      ),
      gauge('trunkmesh_routing_projection_position', 'Sequence in the stream up to which the index is built', () =>
        this.followed.position(),
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
  }
}
