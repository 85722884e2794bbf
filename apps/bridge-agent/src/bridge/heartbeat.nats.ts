import { bridgeHeartbeat, HEARTBEAT_MS, type BridgeHeartbeat } from '@trunkmesh/contracts/bridge.js';
import { BRIDGES_BUCKET, bridgeKey } from '@trunkmesh/contracts/subjects.js';
import { openBucket } from '@trunkmesh/event-log/bucket.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';

export interface HeartbeatOptions {
  link: NatsLink;
  bridgeId: string;
  collect(): BridgeHeartbeat;
  logger: Logger;
  intervalMs?: number;
}

/**
 * Publishes this bridge's heartbeat: that it is online, and its state. Nothing is kept while NATS is unreachable: only
 * the newest heartbeat counts.
 */
export function startHeartbeat({ link, bridgeId, collect, logger, intervalMs = HEARTBEAT_MS }: HeartbeatOptions): {
  beat(): void;
  stop(): Promise<void>;
} {
  let sending: Promise<void> | undefined;

  const send = async (): Promise<void> => {
    const nc = link.connection;
    if (nc === undefined) return;
    try {
      await openBucket(nc, { name: BRIDGES_BUCKET, schema: bridgeHeartbeat, logger }).put(
        bridgeKey(bridgeId),
        collect(),
      );
    } catch (error) {
      logger.debug({ err: error }, 'cannot send the heartbeat');
    }
  };
  const beat = (): void => {
    sending ??= send().finally(() => {
      sending = undefined;
    });
  };

  const timer = setInterval(beat, intervalMs);
  link.onConnected(beat);
  return {
    beat,
    async stop() {
      clearInterval(timer);
      await sending;
    },
  };
}
