import { jetstreamManager } from '@nats-io/jetstream';
import { HELD_CALLS_BUCKET, heldCallKey, heldCallsOfBridge } from '@trunkmesh/contracts/subjects.js';
import { openBucket } from '@trunkmesh/event-log/bucket.nats.js';
import { isStreamNotFound } from '@trunkmesh/event-log/streams.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import { heldCall, type HeldCall } from './held-call.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';

/**
 *  Calls that the disk refuses, kept in JetStream until it takes them. A call that the disk takes costs nothing here.
 */
export interface HeldCalls {
  /**
   *  Replaces what is held of the call. Resolves when JetStream acknowledges; tried until then, unless it is replaced
   *  or released.
   */
  hold(callId: string, value: HeldCall): Promise<void>;
  /** The disk has it. Resolves when nothing of it is held any more, at once where nothing ever was. */
  release(callId: string): Promise<void>;
  stop(): void;
}

export interface HeldCallsOptions {
  link: NatsLink;
  bridgeId: string;
  /** What an earlier process of this bridge left here, once, as soon as NATS is there. */
  onFound(callId: string, value: HeldCall): void;
  logger: Logger;
}

interface Waiter {
  done: () => void;
  failed: (error: Error) => void;
}
interface Entry {
  /** Undefined: nothing shall be held. */
  value: HeldCall | undefined;
  changed: boolean;
  sending: boolean;
  waiting: Waiter[];
}

const RETRY_MS = 1_000;

export function startHeldCalls({ link, bridgeId, onFound, logger }: HeldCallsOptions): HeldCalls {
  const entries = new Map<string, Entry>();
  let looking = false;
  let looked = false;
  const over = new AbortController();

  const send = async (nc: NatsConnection, callId: string, value: HeldCall | undefined): Promise<void> => {
    if (value !== undefined)
      return openBucket(nc, { name: HELD_CALLS_BUCKET, schema: heldCall, logger }).put(
        heldCallKey(bridgeId, callId),
        value,
      );
    // A removal would leave its marker for ever.
    const { streams } = await jetstreamManager(nc, { checkAPI: false });
    try {
      await streams.purge(`KV_${HELD_CALLS_BUCKET}`, {
        filter: `$KV.${HELD_CALLS_BUCKET}.${heldCallKey(bridgeId, callId)}`,
      });
    } catch (error) {
      if (!isStreamNotFound(error)) throw error;
    }
  };
  const sendOn = async (callId: string, entry: Entry): Promise<void> => {
    if (entry.sending) return;
    entry.sending = true;
    try {
      while (entry.changed && link.connection !== undefined && !over.signal.aborted) {
        entry.changed = false;
        const told = entry.waiting.splice(0);
        try {
          await send(link.connection, callId, entry.value);
        } catch (error) {
          entry.changed = true;
          entry.waiting.unshift(...told);
          logger.debug({ err: error, call_id: callId }, 'a call cannot be held in JetStream yet');
          return;
        }
        told.forEach(({ done }) => {
          done();
        });
      }
    } finally {
      entry.sending = false;
    }
    if (entry.value === undefined && !entry.changed && entries.get(callId) === entry) entries.delete(callId);
  };
  const change = (callId: string, value: HeldCall | undefined): Promise<void> =>
    new Promise((done, failed) => {
      const entry = entries.get(callId) ?? { value, changed: true, sending: false, waiting: [] };
      entries.set(callId, entry);
      Object.assign(entry, { value, changed: true });
      entry.waiting.push({ done, failed });
      void sendOn(callId, entry);
    });
  const look = async (nc: NatsConnection): Promise<void> => {
    if (looking || looked) return;
    looking = true;
    try {
      const found = await openBucket(nc, { name: HELD_CALLS_BUCKET, schema: heldCall, logger }).list(
        heldCallsOfBridge(bridgeId),
        over.signal,
      );
      if (over.signal.aborted) return;
      looked = true;
      for (const [key, value] of found) {
        const callId = key.slice(key.lastIndexOf('.') + 1);
        if (entries.has(callId)) continue;
        entries.set(callId, { value, changed: false, sending: false, waiting: [] });
        onFound(callId, value);
      }
    } finally {
      looking = false;
    }
  };
  const retry = (): void => {
    for (const [callId, entry] of entries) if (entry.changed) void sendOn(callId, entry);
    const nc = link.connection;
    if (nc !== undefined && !looked)
      look(nc).catch((error: unknown) => {
        logger.debug({ err: error }, 'calls held in JetStream cannot be read yet');
      });
  };
  link.onConnected(retry);
  const timer = setInterval(retry, RETRY_MS);
  return {
    hold: (callId, value) => change(callId, value),
    release: (callId) => (entries.has(callId) ? change(callId, undefined) : Promise.resolve()),
    stop: () => {
      over.abort();
      clearInterval(timer);
      for (const { value, waiting } of entries.values()) {
        for (const { done, failed } of waiting.splice(0))
          if (value === undefined) done();
          else failed(new Error('stopped'));
      }
    },
  };
}
