import { setTimeout as sleep } from 'node:timers/promises';
import { connectNats, type NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import { createNatsLink, type NatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { BridgeTaken } from './ownership.js';
import { claimBridge } from './ownership.nats.js';

/** NATS for everything that speaks for this bridge: connected only while this process holds the bridge. */
export interface BridgeLink extends NatsLink {
  /** Settles when NATS is there and this process has the bridge. */
  connected(): Promise<NatsConnection>;
  /** Sends what is under way, then closes the connection, also one that is made later. */
  close(): Promise<void>;
}

export interface BridgeLinkOptions {
  url: string;
  bridgeId: string;
  instanceId: string;
  /** STATE_DIR; this process holds its lock. */
  statePath: string;
  logger: Logger;
}

/** How long a start waits for NATS before it continues without it. */
const CONNECTED_MS = 500;
/** How long it waits for the claim, which takes milliseconds if no process holds the bridge. */
const CLAIMED_MS = 6_000;

/**
 * While NATS is unreachable the agent starts without a claim on its bridge. It publishes nothing until it has the
 * claim: another process may use the same BRIDGE_ID.
 *
 * @throws BridgeTaken if another process holds the bridge and answers. If that is known only after the start, this
 *   process ends.
 */
export async function linkBridge(options: BridgeLinkOptions): Promise<BridgeLink> {
  const { url, bridgeId, logger } = options;
  const nats = connectNats(url, { name: `bridge-agent/${bridgeId}`, logger });
  let started = false;
  const onTaken = (error: BridgeTaken): void => {
    if (started) stepDown(error, logger);
  };
  const claimed = nats.then(async (nc) => {
    await claimBridge(nc, { ...options, onTaken });
    return nc;
  });
  claimed.catch((error: unknown) => {
    if (error instanceof BridgeTaken) onTaken(error);
  });
  const link = createNatsLink(claimed);
  const connected = await Promise.race([nats.then(() => true), sleep(CONNECTED_MS, false, { ref: false })]);
  if (connected) await Promise.race([claimed, sleep(CLAIMED_MS, undefined, { ref: false })]);
  started = true;
  return {
    get connection() {
      return link.connection;
    },
    onConnected: (listener) => link.onConnected(listener),
    connected: () => new Promise((resolve) => link.onConnected(resolve)),
    close: async () => {
      if (link.connection !== undefined) await link.connection.drain();
      else void nats.then((nc) => nc.close());
    },
  };
}

/** Another process holds the bridge: this process ends, and its log shows why. */
function stepDown(error: BridgeTaken, logger: Logger): void {
  logger.fatal({ reason: error.message }, 'stepping down');
  setImmediate(() => {
    throw error;
  });
}
