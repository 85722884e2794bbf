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
export class Heartbeat {
  private timer: NodeJS.Timeout | undefined;
  private sending: Promise<void> | undefined;

  constructor(private readonly options: HeartbeatOptions) {}

  start(): void {
    const { link, intervalMs = HEARTBEAT_MS } = this.options;
    this.timer = setInterval(() => this.beat(), intervalMs);
    link.onConnected(() => this.beat());
  }

  /** Sends one now, unless one is being sent. */
  beat(): void {
    this.sending ??= this.send().finally(() => {
      this.sending = undefined;
    });
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.sending;
  }

  private async send(): Promise<void> {
    const { link, bridgeId, collect, logger } = this.options;
    const nc = link.connection;
    if (nc === undefined) return;
    try {
      const bucket = openBucket(nc, { name: BRIDGES_BUCKET, schema: bridgeHeartbeat, logger });
      await bucket.put(bridgeKey(bridgeId), collect());
    } catch (error) {
      logger.debug({ err: error }, 'cannot send the heartbeat');
    }
  }
}
