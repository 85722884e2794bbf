import { ALL_TRUNKS, entityOfSubject, TRUNKMESH_STREAM } from '@trunkmesh/contracts/subjects.js';
import { follow, type Followed } from '@trunkmesh/event-log/follow.nats.js';
import type { NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { DesiredSnapshot } from './desired-snapshot.fs.js';
import type { BridgeIdentity } from '../bridge/bridge-identity.js';
import { emptyDesired, isElsewhere, noteTrunkEvent, readTrunkEvent, type DesiredState } from './desired.js';

export interface TrunkFeedOptions {
  link: NatsLink;
  bridge: BridgeIdentity;
  snapshot: DesiredSnapshot;
  logger: Logger;
}

export interface TrunkFeedListener {
  onTrunk(trunkId: string, traceparent: string | null, position: number): void;
  onCaughtUp(): void;
}

const SAVE_AFTER_MS = 1_000;

/** The desired trunks of this bridge, first from the snapshot and then from the log, once NATS is connected. */
export class TrunkFeed {
  readonly desired: DesiredState;
  private readonly hadSnapshot: boolean;
  private handed: number;
  private isCaughtUp = false;
  private followed: Followed | undefined;
  private saving: NodeJS.Timeout | undefined;

  static async load(options: TrunkFeedOptions): Promise<TrunkFeed> {
    return new TrunkFeed(options, await options.snapshot.load());
  }

  private constructor(
    private readonly options: TrunkFeedOptions,
    saved: Awaited<ReturnType<DesiredSnapshot['load']>>,
  ) {
    this.hadSnapshot = saved !== undefined;
    this.desired = saved?.desired ?? emptyDesired();
    this.handed = saved?.position ?? 0;
  }

  /**
   * False until a snapshot or the log has been read: before that, nothing may be removed from FreeSWITCH. An entirely
   * empty log is not trusted: a bridge that lost its disk and its NATS would take down every trunk that FreeSWITCH
   * still has.
   */
  known(): boolean {
    return this.hadSnapshot || (this.isCaughtUp && this.desired.versions.size > 0);
  }

  /** The log sequence of `desired`. */
  position(): number {
    return Math.max(this.handed, this.followed?.position() ?? 0);
  }

  caughtUp(): boolean {
    return this.isCaughtUp;
  }

  /** Reads the log once NATS is connected. Call once. */
  follow(listener: TrunkFeedListener): void {
    this.options.link.onConnected((nc) => {
      this.followed ??= this.read(nc, listener);
    });
  }

  async stop(): Promise<void> {
    clearTimeout(this.saving);
    await this.followed?.stop();
    if (this.hadSnapshot || this.isCaughtUp) await this.save();
  }

  private read(nc: NatsConnection, listener: TrunkFeedListener): Followed {
    const { logger } = this.options;
    return follow<unknown>(nc, {
      stream: TRUNKMESH_STREAM,
      filter: ALL_TRUNKS,
      from: 'last-per-subject',
      logger,
      onEvent: (value, at) => this.take(value, at, listener),
      onCaughtUp: () => {
        this.isCaughtUp = true;
        this.saveSoon();
        listener.onCaughtUp();
      },
      // Nothing is removed: the event store refills the stream with every event, deletions too, and until then the
      // trunks keep working.
      onReset: () => {
        this.isCaughtUp = false;
        this.handed = 0;
        logger.warn('the event log was recreated; keeping the known trunks until it is refilled');
      },
    });
  }

  private take(
    value: unknown,
    { sequence, subject }: { sequence: number; subject: string },
    listener: TrunkFeedListener,
  ): void {
    const { bridge, logger } = this.options;
    const { desired } = this;
    this.handed = sequence;
    const entity = entityOfSubject(subject);
    if (entity?.kind !== 'trunk') return;
    if (isElsewhere(value, bridge) && !desired.trunks.has(entity.trunk)) return this.noteVersion(entity.trunk, value);
    const event = readTrunkEvent(value);
    if (event === undefined)
      return logger.warn({ subject, sequence }, 'ignored a trunk event in a format that this version does not know');
    if (!noteTrunkEvent(desired, event, entity.trunk, bridge).changed) return;
    this.saveSoon();
    listener.onTrunk(entity.trunk, event.traceparent ?? null, sequence);
  }

  private noteVersion(trunkId: string, value: unknown): void {
    const version = (value as { entityversion?: unknown }).entityversion;
    const { versions } = this.desired;
    if (typeof version === 'number') versions.set(trunkId, Math.max(version, versions.get(trunkId) ?? 0));
  }

  private saveSoon(): void {
    this.saving ??= setTimeout(() => {
      this.saving = undefined;
      void this.save();
    }, SAVE_AFTER_MS);
  }

  private async save(): Promise<void> {
    const { snapshot, logger } = this.options;
    await snapshot.save(this.desired, this.position()).catch((error: unknown) => {
      logger.error({ err: error }, 'cannot save the desired state; a restart without NATS would use an older one');
    });
  }
}
