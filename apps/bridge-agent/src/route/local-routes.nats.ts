import { jetstreamManager } from '@nats-io/jetstream';
import type { InboundDecision, InboundRequest } from '@trunkmesh/contracts/routing.js';
import { trunkSubject, TRUNKMESH_STREAM } from '@trunkmesh/contracts/subjects.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { Route } from '../live/call-events.js';
import type { TrunkLimits } from './call-limits.js';
import type { CustomerSettings } from './call-treatment.js';
import {
  applyToCopy,
  createLocalCopy,
  customerSettingsOf,
  decideFromCopy,
  isTrunkOfSource,
  limitsOf,
  outboundRulesOf,
  snapshotOf,
  wouldProve,
  type LocalCopy,
} from './local-copy.js';
import { readSnapshot, SNAPSHOT_FORMAT, writeSnapshot, type SnapshotHeader } from './local-snapshot.fs.js';
import { startFollowing, type Following } from './route-reader.nats.js';

export interface LocalRoutesOptions {
  pool: string;
  /** STATE_DIR/routes.jsonl */
  path: string;
  link: NatsLink;
  logger: Logger;
  snapshotEveryMs?: number;
}

const RETRY_MS = 1_000;

/**
 * Follows the events that this host needs to route by itself and keeps a snapshot on disk, so that an agent that starts
 * while NATS is unreachable can route too.
 */
export class LocalRoutes {
  private readonly fromDisk: LocalCopy;
  private readonly timer: NodeJS.Timeout;
  private header: SnapshotHeader | undefined;
  private served: LocalCopy | undefined;
  private following: Following | undefined;
  private retry: NodeJS.Timeout | undefined;
  private stopped = false;
  private started = false;
  private changedAt = 0;
  private writtenAt = 0;
  private writing: Promise<void> = Promise.resolve();

  static async start(options: LocalRoutesOptions): Promise<LocalRoutes> {
    const routes = new LocalRoutes(options);
    await routes.readSnapshot();
    options.link.onConnected((nc) => routes.begin(nc));
    return routes;
  }

  private constructor(private readonly options: LocalRoutesOptions) {
    this.fromDisk = this.emptyCopy();
    this.timer = setInterval(() => {
      this.writing = this.writing
        .then(() => this.write())
        .catch((error: unknown) => {
          options.logger.warn({ err: error }, 'cannot write the local copy of the routes');
        });
    }, options.snapshotEveryMs ?? 30_000);
  }

  /** Undefined while there is no copy: neither read from NATS nor left by the previous process. */
  decide(request: InboundRequest): InboundDecision | undefined {
    return this.served === undefined ? undefined : decideFromCopy(this.served, request);
  }

  /** Undefined while the copy is not current: a trunk that it does not have yet must not be refused. */
  isTrunkOfSource(trunkId: string, request: InboundRequest): boolean | undefined {
    const { served, following } = this;
    return served === undefined || following?.settled() !== true
      ? undefined
      : isTrunkOfSource(served, trunkId, request);
  }

  /** False while there is no copy. */
  wouldProve(route: Pick<Route, 'organization_id' | 'number'>, request: InboundRequest): boolean {
    return this.served !== undefined && wouldProve(this.served, route, request);
  }

  limitsOf(organizationId: string, trunkId: string): TrunkLimits {
    return this.served === undefined
      ? { max_channels: null, max_cps: null }
      : limitsOf(this.served, trunkSubject(organizationId, trunkId));
  }

  /** Undefined if the organisation is not known here yet. */
  customerSettingsOf(organizationId: string, numberId: string | null): CustomerSettings | undefined {
    return this.served === undefined ? undefined : customerSettingsOf(this.served, organizationId, numberId);
  }

  outboundRulesOf(organizationId: string, trunkId: string): ReturnType<typeof outboundRulesOf> {
    return this.served === undefined ? undefined : outboundRulesOf(this.served, organizationId, trunkId);
  }

  /** `up`, or why the copy is not current. */
  readiness(): string {
    const { served, following } = this;
    return following?.settled() === true ? 'up' : served === undefined ? 'not read yet' : 'of an earlier time';
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.retry);
    clearInterval(this.timer);
    await this.writing;
    await this.write().catch(() => undefined);
    await this.following?.stop();
  }

  private emptyCopy(): LocalCopy {
    return createLocalCopy(this.options.pool, (id) => {
      this.following?.readNumbersOf(id);
    });
  }

  private async readSnapshot(): Promise<void> {
    const { path, pool } = this.options;
    this.header = await readSnapshot(path, pool, ([subject, state]) => {
      applyToCopy(this.fromDisk, subject, { data: { state } });
    });
    if (this.header !== undefined) this.served = this.fromDisk;
  }

  /** Called once: the readers survive reconnects. */
  private begin(nc: NatsConnection): void {
    if (!this.started) this.follow(nc);
    this.started = true;
  }

  private follow(nc: NatsConnection): void {
    clearTimeout(this.retry);
    const before = this.following;
    this.following = undefined;
    void (before?.stop() ?? Promise.resolve())
      .then(() => this.followNow(nc))
      .catch((error: unknown) => {
        this.options.logger.warn({ err: error }, 'cannot follow the route events yet; retrying');
        if (!this.stopped)
          this.retry = setTimeout(() => {
            this.follow(nc);
          }, RETRY_MS);
      });
  }

  private async followNow(nc: NatsConnection): Promise<void> {
    const { created } = await (await jetstreamManager(nc, { checkAPI: false })).streams.info(TRUNKMESH_STREAM);
    if (this.stopped) return;
    const { header } = this;
    // A snapshot of an older format is used until everything has been read, because it lacks kinds of entities.
    const resume =
      header?.format === SNAPSHOT_FORMAT && header.stream_created === created ? header.position : undefined;
    this.header = undefined;
    const copy = resume === undefined ? this.emptyCopy() : this.fromDisk;
    this.following = startFollowing(
      { nc, logger: this.options.logger, copy, created, resume },
      {
        changed: () => {
          this.changedAt += 1;
        },
        caughtUp: () => {
          this.served = copy;
        },
        reset: () => {
          this.follow(nc);
        },
      },
    );
  }

  private async write(): Promise<void> {
    const { following, changedAt } = this;
    if (following === undefined || this.served !== following.copy) return;
    if (changedAt === this.writtenAt || !following.settled()) return;
    const { path, pool } = this.options;
    const { copy, created } = following;
    await writeSnapshot(
      path,
      { format: SNAPSHOT_FORMAT, pool, stream_created: created, position: following.position() },
      snapshotOf(copy),
    );
    this.writtenAt = changedAt;
  }
}
