import { jetstreamManager } from '@nats-io/jetstream';
import { follow, type Followed } from '@trunkmesh/event-log/follow.nats.js';
import type { InboundDecision, InboundRequest } from '@trunkmesh/contracts/routing.js';
import {
  ALL_ADDRESSES,
  ALL_CARRIERS,
  ALL_NUMBERS,
  ALL_ORGANIZATIONS,
  ALL_TRUNKS,
  numbersOfOrganization,
  trunkSubject,
  TRUNKMESH_STREAM,
} from '@trunkmesh/contracts/subjects.js';
import type { StateEvent } from '@trunkmesh/routing/route-events.js';
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
  wantsNumber,
  wouldProve,
  type LocalCopy,
} from './local-copy.js';
import { readSnapshot, SNAPSHOT_FORMAT, writeSnapshot } from './local-snapshot.fs.js';

export interface LocalRoutes {
  /** Undefined while there is no copy at all: neither read from NATS nor left by the life before. */
  decide(request: InboundRequest): InboundDecision | undefined;
  /** Undefined while the copy is not current: a trunk that is new to it must not be refused for that. */
  isTrunkOfSource(trunkId: string, request: InboundRequest): boolean | undefined;
  /** False while there is no copy. */
  wouldProve(route: Pick<Route, 'organization_id' | 'number'>, request: InboundRequest): boolean;
  limitsOf(organizationId: string, trunkId: string): TrunkLimits;
  /** Undefined where the organisation is not known here (yet). */
  customerSettingsOf(organizationId: string, numberId: string | null): CustomerSettings | undefined;
  outboundRulesOf(organizationId: string, trunkId: string): ReturnType<typeof outboundRulesOf>;
  /** `up`, or why the copy is not current. */
  readiness(): string;
  stop(): Promise<void>;
}

export interface LocalRoutesOptions {
  pool: string;
  /** STATE_DIR/routes.jsonl */
  path: string;
  link: NatsLink;
  logger: Logger;
  snapshotEveryMs?: number;
}

type Bytes = Uint8Array;
const parse = (bytes: Bytes): StateEvent =>
  JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')) as StateEvent;
const RETRY_MS = 1_000;

/**
 *  Follows what this host needs to route by itself, and keeps it on disk, so that an agent that starts while NATS is
 *  away routes as well.
 */
export async function startLocalRoutes(options: LocalRoutesOptions): Promise<LocalRoutes> {
  const { pool, path, link, logger } = options;
  let served: LocalCopy | undefined;
  let following: Following | undefined;
  let retry: NodeJS.Timeout | undefined;
  let stopped = false;
  let changedAt = 0;
  let writtenAt = 0;

  let onNewOrganization: (id: string) => void = () => undefined;
  const fromDisk = createLocalCopy(pool, (id) => {
    onNewOrganization(id);
  });
  let header = await readSnapshot(path, pool, ([subject, state]) => {
    applyToCopy(fromDisk, subject, { data: { state } });
  });
  if (header !== undefined) served = fromDisk;

  const begin = async (nc: NatsConnection): Promise<void> => {
    const { created } = await (await jetstreamManager(nc, { checkAPI: false })).streams.info(TRUNKMESH_STREAM);
    if (stopped) return;
    // A snapshot of an older format is served from until everything was read, for it lacks kinds of entities.
    const resume =
      header?.format === SNAPSHOT_FORMAT && header.stream_created === created ? header.position : undefined;
    header = undefined;
    const copy =
      resume === undefined
        ? createLocalCopy(pool, (id) => {
            onNewOrganization(id);
          })
        : fromDisk;
    const next = startFollowing(
      { nc, logger, copy, created, resume },
      {
        changed: () => {
          changedAt += 1;
        },
        caughtUp: () => {
          served = copy;
        },
        reset: () => {
          start(nc);
        },
      },
    );
    onNewOrganization = (id) => {
      next.readNumbersOf(id);
    };
    following = next;
  };
  const start = (nc: NatsConnection): void => {
    clearTimeout(retry);
    const before = following;
    following = undefined;
    onNewOrganization = () => undefined;
    void (before?.stop() ?? Promise.resolve())
      .then(() => begin(nc))
      .catch((error: unknown) => {
        logger.warn({ err: error }, 'the local copy of the routes cannot be followed yet; trying again');
        if (!stopped)
          retry = setTimeout(() => {
            start(nc);
          }, RETRY_MS);
      });
  };
  let started = false;
  link.onConnected((nc) => {
    // Once: the readers themselves survive reconnects.
    if (!started) start(nc);
    started = true;
  });

  const write = async (): Promise<void> => {
    if (following === undefined || served !== following.copy || changedAt === writtenAt || !following.settled()) return;
    const { copy, created } = following;
    const change = changedAt;
    await writeSnapshot(
      path,
      { format: SNAPSHOT_FORMAT, pool, stream_created: created, position: following.position() },
      snapshotOf(copy),
    );
    writtenAt = change;
  };
  let writing: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    writing = writing.then(write).catch((error: unknown) => {
      logger.warn({ err: error }, 'the local copy of the routes cannot be written');
    });
  }, options.snapshotEveryMs ?? 30_000);

  return {
    decide: (request) => (served === undefined ? undefined : decideFromCopy(served, request)),
    isTrunkOfSource: (trunkId, request) =>
      served === undefined || following?.settled() !== true ? undefined : isTrunkOfSource(served, trunkId, request),
    wouldProve: (route, request) => served !== undefined && wouldProve(served, route, request),
    limitsOf: (organizationId, trunkId) =>
      served === undefined
        ? { max_channels: null, max_cps: null }
        : limitsOf(served, trunkSubject(organizationId, trunkId)),
    customerSettingsOf: (organizationId, numberId) =>
      served === undefined ? undefined : customerSettingsOf(served, organizationId, numberId),
    outboundRulesOf: (organizationId, trunkId) =>
      served === undefined ? undefined : outboundRulesOf(served, organizationId, trunkId),
    readiness: () =>
      following?.settled() === true ? 'up' : served === undefined ? 'not read yet' : 'of an earlier time',
    stop: async () => {
      stopped = true;
      clearTimeout(retry);
      clearInterval(timer);
      await writing;
      await write().catch(() => undefined);
      await following?.stop();
    },
  };
}

interface Following {
  copy: LocalCopy;
  created: string;
  /** Everything up to here is in the copy. */
  position(): number;
  /** Caught up, and no organisation's numbers are being read anew. */
  settled(): boolean;
  readNumbersOf(organizationId: string): void;
  stop(): Promise<void>;
}

interface Source {
  nc: NatsConnection;
  logger: Logger;
  copy: LocalCopy;
  created: string;
  resume: number | undefined;
}

/**
 * From nothing: organisations and trunks first, because they tell which numbers are wanted, then the numbers. From a
 * snapshot: both at once from where it ends. An organisation whose first trunk comes into the pool later has its
 * numbers read anew.
 */
function startFollowing(
  { nc, logger, copy, created, resume }: Source,
  told: { changed(): void; caughtUp(): void; reset(): void },
): Following {
  const state = { numbersBegun: false, caughtUp: false, rereading: new Map<string, Followed>(), stopped: false };
  const apply = (event: Bytes, { subject }: { subject: string }): void => {
    if (!wantsNumber(copy, subject)) return;
    applyToCopy(copy, subject, parse(event));
    told.changed();
  };
  const from = resume === undefined ? 'last-per-subject' : resume + 1;
  const common = {
    stream: TRUNKMESH_STREAM,
    logger,
    decode: (bytes: Bytes) => bytes,
    onReset: () => {
      if (!state.stopped) told.reset();
    },
  };
  let numbers: Followed | undefined;
  const beginNumbers = (): void => {
    if (state.numbersBegun || state.stopped) return;
    state.numbersBegun = true;
    numbers = follow<Bytes>(nc, {
      ...common,
      filter: ALL_NUMBERS,
      from,
      onEvent: apply,
      onCaughtUp: () => {
        state.caughtUp = true;
        told.caughtUp();
      },
    });
  };
  const entities = follow<Bytes>(nc, {
    ...common,
    filter: [ALL_ORGANIZATIONS, ALL_TRUNKS, ALL_ADDRESSES, ALL_CARRIERS],
    from,
    onEvent: apply,
    onCaughtUp: beginNumbers,
  });
  if (resume !== undefined) beginNumbers();

  const doneRereading = (organizationId: string): void => {
    const reader = state.rereading.get(organizationId);
    state.rereading.delete(organizationId);
    void reader?.stop();
  };
  return {
    copy,
    created,
    position: () => Math.min(entities.position(), numbers?.position() ?? 0),
    settled: () => state.caughtUp && state.rereading.size === 0,
    readNumbersOf: (organizationId) => {
      // Before the numbers are begun every one of them is still to come.
      if (!state.numbersBegun || state.rereading.has(organizationId)) return;
      state.rereading.set(
        organizationId,
        follow<Bytes>(nc, {
          ...common,
          onReset: () => undefined,
          filter: numbersOfOrganization(organizationId),
          from: 'last-per-subject',
          onEvent: apply,
          // Not at once: `follow` may call this before it has returned.
          onCaughtUp: () => {
            setImmediate(() => {
              doneRereading(organizationId);
            });
          },
        }),
      );
    },
    stop: async () => {
      state.stopped = true;
      await Promise.all([
        entities.stop(),
        numbers?.stop(),
        ...[...state.rereading.values()].map((reader) => reader.stop()),
      ]);
    },
  };
}
