import { openBucket, type Watch } from '@trunkmesh/event-log/bucket.nats.js';
import { bridgeHeartbeat, HEARTBEAT_LOST_MS } from '@trunkmesh/contracts/bridge.js';
import { BRIDGES_BUCKET } from '@trunkmesh/contracts/subjects.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import type { OwnNatsLink } from '@trunkmesh/runtime/link.nats.js';
import { heard, type HeardBridge } from './liveness.js';

/** What the bridges say of themselves, in memory in every instance. */
export interface Heartbeats {
  readonly bridges: ReadonlyMap<string, HeardBridge>;
  /** Since when heartbeats arrive without interruption; null: NATS cannot be reached. */
  listeningSince(): number | null;
  stop(): Promise<void>;
}

const CHECK_MS = 500;
/**
 * The process stood still (a long computation, a suspended machine): what was said meanwhile is still in its socket,
 * in whatever order.
 */
const STALL_MS = 3_000;

/**
 * Nobody said anything for this long: the bucket could not be written, or read. Well below the time after which one
 * that is silent is lost, because the first bridge to report would otherwise get the trunks of all that are about to.
 */
const DEAF_MS = HEARTBEAT_LOST_MS / 2;

export function hearBridges(nats: OwnNatsLink, logger: Logger, onHeard: () => void = () => undefined): Heartbeats {
  const bridges = new Map<string, HeardBridge>();
  const revisions = new Map<string, number>();
  let since: number | null = null;
  let caughtUp = false;
  let watch: Watch | undefined;
  let stopped = false;
  let checkedAt = Date.now();
  let heardAt = Date.now();

  const check = () => {
    const now = Date.now();
    if (since !== null && now - checkedAt > STALL_MS) since = now;
    checkedAt = now;
  };
  const checking = setInterval(check, CHECK_MS);
  checking.unref();

  const listen = (connection: NatsConnection) => {
    if (stopped) return;
    void followConnection(connection, (connected) => {
      since = connected ? Date.now() : null;
    });
    watch = openBucket(connection, { name: BRIDGES_BUCKET, schema: bridgeHeartbeat, logger }).watch({
      onPut: (_key, heartbeat, revision) => {
        // After an interruption the last word of a bridge may come again: that is no sign of life.
        if (revision <= (revisions.get(heartbeat.bridge_id) ?? 0)) return;
        revisions.set(heartbeat.bridge_id, revision);
        const before = bridges.get(heartbeat.bridge_id);
        const now = Date.now();
        if (since !== null && now - heardAt > DEAF_MS) since = now;
        heardAt = now;
        // What was there when we began to listen may be the last word of a dead bridge: known, but not heard.
        bridges.set(
          heartbeat.bridge_id,
          caughtUp ? heard(before, heartbeat, now) : { heartbeat, heard_at: 0, freeswitch_lost_at: null },
        );
        onHeard();
      },
      onDelete: () => undefined,
      onCaughtUp: () => {
        caughtUp = true;
        since = Date.now();
      },
      onReset: () => {
        revisions.clear();
        caughtUp = false;
        since = null;
      },
    });
  };
  nats.ready
    .then(listen)
    .catch((error: Error) => logger.error({ err: error }, 'cannot follow the heartbeats of the bridges'));
  return {
    bridges,
    listeningSince: () => {
      check();
      return since;
    },
    stop: async () => {
      stopped = true;
      clearInterval(checking);
      await watch?.stop();
    },
  };
}

async function followConnection(connection: NatsConnection, onChange: (connected: boolean) => void): Promise<void> {
  for await (const { type } of connection.status()) {
    if (type === 'disconnect' || type === 'staleConnection') onChange(false);
    if (type === 'reconnect') onChange(true);
  }
}
