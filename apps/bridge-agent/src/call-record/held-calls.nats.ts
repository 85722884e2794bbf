import { jetstreamManager } from '@nats-io/jetstream';
import { HELD_CALLS_BUCKET, heldCallKey, heldCallsOfBridge } from '@trunkmesh/contracts/subjects.js';
import { openBucket, type Bucket } from '@trunkmesh/event-log/bucket.nats.js';
import { isStreamNotFound } from '@trunkmesh/event-log/ensure-stream.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import { heldCall, type HeldCall } from './held-call.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';

export interface HeldCallsOptions {
  link: NatsLink;
  bridgeId: string;
  /** Called once, when NATS connects, with what an earlier process of this bridge left here. */
  onFound(callId: string, value: HeldCall): void;
  logger: Logger;
}

interface Waiter {
  done: () => void;
  failed: (error: Error) => void;
}
interface Entry {
  /** Undefined if nothing should be held. */
  value: HeldCall | undefined;
  changed: boolean;
  sending: boolean;
  waiting: Waiter[];
}

const RETRY_MS = 1_000;

/**
 * Calls that cannot be written to disk, kept in JetStream until they can. A call that is written to disk costs nothing
 * here.
 */
export class HeldCalls {
  private readonly entries = new Map<string, Entry>();
  private readonly over = new AbortController();
  private readonly retries: NodeJS.Timeout;
  private looking = false;
  private looked = false;

  constructor(private readonly options: HeldCallsOptions) {
    options.link.onConnected(() => this.retry());
    this.retries = setInterval(() => this.retry(), RETRY_MS);
  }

  /**
   * Replaces the call's held data. Resolves when JetStream acknowledges; retried until then, unless it is replaced or
   * released.
   */
  hold(callId: string, value: HeldCall): Promise<void> {
    return this.change(callId, value);
  }

  /** The call is on disk: deletes its held data. Resolves when that is done, or at once if nothing was held. */
  release(callId: string): Promise<void> {
    return this.entries.has(callId) ? this.change(callId, undefined) : Promise.resolve();
  }

  stop(): void {
    this.over.abort();
    clearInterval(this.retries);
    for (const { value, waiting } of this.entries.values()) {
      for (const { done, failed } of waiting.splice(0))
        if (value === undefined) done();
        else failed(new Error('stopped'));
    }
  }

  private change(callId: string, value: HeldCall | undefined): Promise<void> {
    return new Promise((done, failed) => {
      const entry = this.entries.get(callId) ?? { value, changed: true, sending: false, waiting: [] };
      this.entries.set(callId, entry);
      entry.value = value;
      entry.changed = true;
      entry.waiting.push({ done, failed });
      void this.sendOn(callId, entry);
    });
  }

  private async sendOn(callId: string, entry: Entry): Promise<void> {
    if (entry.sending) return;
    entry.sending = true;
    try {
      if (!(await this.sendChanges(callId, entry))) return;
    } finally {
      entry.sending = false;
    }
    if (entry.value === undefined && !entry.changed && this.entries.get(callId) === entry) this.entries.delete(callId);
  }

  /** False while JetStream does not accept it. */
  private async sendChanges(callId: string, entry: Entry): Promise<boolean> {
    const { link, logger } = this.options;
    while (entry.changed && link.connection !== undefined && !this.over.signal.aborted) {
      entry.changed = false;
      const acknowledged = entry.waiting.splice(0);
      try {
        await this.send(link.connection, callId, entry.value);
      } catch (error) {
        entry.changed = true;
        entry.waiting.unshift(...acknowledged);
        logger.debug({ err: error, call_id: callId }, 'cannot hold a call in JetStream yet');
        return false;
      }
      acknowledged.forEach(({ done }) => {
        done();
      });
    }
    return true;
  }

  private async send(nc: NatsConnection, callId: string, value: HeldCall | undefined): Promise<void> {
    const key = heldCallKey(this.options.bridgeId, callId);
    if (value !== undefined) return this.bucket(nc).put(key, value);
    // Deleting the key would leave a delete marker in the bucket permanently.
    const { streams } = await jetstreamManager(nc, { checkAPI: false });
    try {
      await streams.purge(`KV_${HELD_CALLS_BUCKET}`, { filter: `$KV.${HELD_CALLS_BUCKET}.${key}` });
    } catch (error) {
      if (!isStreamNotFound(error)) throw error;
    }
  }

  private bucket(nc: NatsConnection): Bucket<HeldCall> {
    return openBucket(nc, { name: HELD_CALLS_BUCKET, schema: heldCall, logger: this.options.logger });
  }

  private retry(): void {
    for (const [callId, entry] of this.entries) if (entry.changed) void this.sendOn(callId, entry);
    const nc = this.options.link.connection;
    if (nc !== undefined && !this.looked)
      this.look(nc).catch((error: unknown) => {
        this.options.logger.debug({ err: error }, 'cannot read the calls held in JetStream yet');
      });
  }

  private async look(nc: NatsConnection): Promise<void> {
    if (this.looking || this.looked) return;
    this.looking = true;
    try {
      const found = await this.bucket(nc).list(heldCallsOfBridge(this.options.bridgeId), this.over.signal);
      if (this.over.signal.aborted) return;
      this.looked = true;
      for (const [key, value] of found) {
        const callId = key.slice(key.lastIndexOf('.') + 1);
        if (this.entries.has(callId)) continue;
        this.entries.set(callId, { value, changed: false, sending: false, waiting: [] });
        this.options.onFound(callId, value);
      }
    } finally {
      this.looking = false;
    }
  }
}
