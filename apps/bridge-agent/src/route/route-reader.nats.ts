import { follow, type Followed } from '@trunkmesh/event-log/follow.nats.js';
import {
  ALL_ADDRESSES,
  ALL_CARRIERS,
  ALL_NUMBERS,
  ALL_ORGANIZATIONS,
  ALL_TRUNKS,
  numbersOfOrganization,
  TRUNKMESH_STREAM,
} from '@trunkmesh/contracts/subjects.js';
import type { StateEvent } from '@trunkmesh/routing/route-events.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import { applyToCopy, wantsNumber, type LocalCopy } from './local-copy.js';

type Bytes = Uint8Array;
const parse = (bytes: Bytes): StateEvent =>
  JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')) as StateEvent;
export interface Following {
  copy: LocalCopy;
  created: string;
  /** The copy contains everything up to here. */
  position(): number;
  /** True when caught up and no organisation's numbers are being read again. */
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
 * Without a snapshot: organisations and trunks first, because they decide which numbers are needed, then the numbers.
 * With a snapshot: both at once from its end. When an organisation gets its first trunk in the pool later, its numbers
 * are read again.
 */
export function startFollowing(
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
      // Before the numbers are started, all of them are still to come.
      if (!state.numbersBegun || state.rereading.has(organizationId)) return;
      state.rereading.set(
        organizationId,
        follow<Bytes>(nc, {
          ...common,
          onReset: () => undefined,
          filter: numbersOfOrganization(organizationId),
          from: 'last-per-subject',
          onEvent: apply,
          // Deferred: `follow` may call this before it has returned.
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
