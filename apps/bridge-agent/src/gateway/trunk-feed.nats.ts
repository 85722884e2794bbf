import { ALL_TRUNKS, entityOfSubject, TRUNKMESH_STREAM } from '@trunkmesh/contracts/subjects.js';
import { follow, type Followed } from '@trunkmesh/event-log/follow.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { DesiredSnapshot } from './desired-snapshot.fs.js';
import {
  emptyDesired,
  isElsewhere,
  noteTrunkEvent,
  readTrunkEvent,
  type BridgeIdentity,
  type DesiredState,
} from './desired.js';

/** What this bridge shall have, from the snapshot at first and from the log as soon as NATS is there. */
export interface TrunkFeed {
  readonly desired: DesiredState;
  /** False until there was a snapshot, or the log has been read: before, nothing may be taken away from FreeSWITCH. */
  known(): boolean;
  /** Sequence in the log up to which `desired` stands. */
  position(): number;
  caughtUp(): boolean;
  /** Reads the log as soon as NATS is there. Once. */
  follow(listener: TrunkFeedListener): void;
  stop(): Promise<void>;
}

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

export async function loadTrunkFeed(options: TrunkFeedOptions): Promise<TrunkFeed> {
  const { link, bridge, snapshot, logger } = options;
  const saved = await snapshot.load();
  const desired = saved?.desired ?? emptyDesired();
  let handed = saved?.position ?? 0;
  let caughtUp = false;
  let followed: Followed | undefined;
  let saving: NodeJS.Timeout | undefined;

  const save = async (): Promise<void> => {
    await snapshot
      .save(desired, position())
      .catch((error: unknown) =>
        logger.error(
          { err: error },
          'the desired state could not be saved; a restart without NATS would know an older one',
        ),
      );
  };
  const saveSoon = (): void => {
    saving ??= setTimeout(() => {
      saving = undefined;
      void save();
    }, SAVE_AFTER_MS);
  };
  const position = () => Math.max(handed, followed?.position() ?? 0);

  const take = (
    listener: TrunkFeedListener,
    value: unknown,
    { sequence, subject }: { sequence: number; subject: string },
  ): void => {
    handed = sequence;
    const entity = entityOfSubject(subject);
    if (entity?.kind !== 'trunk') return;
    if (isElsewhere(value, bridge) && !desired.trunks.has(entity.trunk)) {
      const version = (value as { entityversion?: unknown }).entityversion;
      if (typeof version === 'number')
        desired.versions.set(entity.trunk, Math.max(version, desired.versions.get(entity.trunk) ?? 0));
      return;
    }
    const event = readTrunkEvent(value);
    if (event === undefined)
      return logger.warn(
        { subject, sequence },
        "a trunk's event is not of a shape that this version knows; the trunk stays as it is",
      );
    if (!noteTrunkEvent(desired, event, entity.trunk, bridge).changed) return;
    saveSoon();
    listener.onTrunk(entity.trunk, event.traceparent ?? null, sequence);
  };

  return {
    desired,
    // An entirely empty log is not believed: a bridge whose disk and whose NATS were lost would take down every trunk
    // that FreeSWITCH still has.
    known: () => saved !== undefined || (caughtUp && desired.versions.size > 0),
    position,
    caughtUp: () => caughtUp,
    follow(listener) {
      link.onConnected((nc) => {
        followed ??= follow<unknown>(nc, {
          stream: TRUNKMESH_STREAM,
          filter: ALL_TRUNKS,
          from: 'last-per-subject',
          logger,
          onEvent: (value, at) => take(listener, value, at),
          onCaughtUp: () => {
            caughtUp = true;
            saveSoon();
            listener.onCaughtUp();
          },
          // Nothing is forgotten: the record refills the stream with every event again, deletions too, and until then the
          // trunks work on.
          onReset: () => {
            caughtUp = false;
            handed = 0;
            logger.warn('the log was made anew; what is known stays until it says otherwise');
          },
        });
      });
    },
    async stop() {
      clearTimeout(saving);
      await followed?.stop();
      if (saved !== undefined || caughtUp) await save();
    },
  };
}
