import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { headers, type Msg, type NatsConnection } from '@nats-io/transport-node';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { z } from 'zod';
import { Ordered } from './ordered.nats.js';

export interface BucketOptions<Schema extends z.ZodType> {
  /** From contracts/subjects.ts; `ensureStreams` makes it. */
  name: string;
  schema: Schema;
  logger: Logger;
}

export interface WatchOptions<Value> {
  /** A key, or keys by NATS wildcards (`gatewaysOfTrunk`). Default: all. */
  keys?: string;
  /** First what is there, then each change. `revision` grows with every write of the bucket. */
  onPut(key: string, value: Value, revision: number): void;
  /** Deleted by somebody. An entry whose time has run out says nothing: judge by the time in the value. */
  onDelete(key: string, revision: number): void;
  onCaughtUp?(): void;
  /** The bucket was recreated: discard all entries. All current entries follow again. */
  onReset?(): void;
  heartbeatMs?: number;
}

export interface Watch {
  stop(): Promise<void>;
}

export interface Bucket<Value> {
  /** Resolves when the server has it. */
  put(key: string, value: Value): Promise<void>;
  delete(key: string): Promise<void>;
  get(key: string): Promise<Value | undefined>;
  /** All current entries. Waits while NATS is unreachable. When `signal` aborts, it rejects with the reason. */
  list(keys?: string, signal?: AbortSignal): Promise<Map<string, Value>>;
  /** Survives reconnects and restarts of the server. */
  watch(options: WatchOptions<Value>): Watch;
}

/** Keys are built by contracts/subjects.ts; anything else would change what the subject means. */
const KEY = /^[\w+/=-]+(\.[\w+/=-]+)*$/;
const KEYS = /^(>|[\w+/=*-]+(\.[\w+/=*-]+)*(\.>)?)$/;

/**
 * A JetStream key-value bucket whose values have a schema. What does not match it is logged and passed over: another
 * version of us may have written it.
 */
export function openBucket<Schema extends z.ZodType>(
  nc: NatsConnection,
  options: BucketOptions<Schema>,
): Bucket<z.output<Schema>> {
  type Value = z.output<Schema>;
  const { name, schema, logger } = options;
  const stream = `KV_${name}`;
  const prefix = `$KV.${name}.`;
  const js = jetstream(nc);

  const parse = (key: string, bytes: Uint8Array): Value | undefined => {
    try {
      return schema.parse(JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')));
    } catch (error) {
      logger.warn(
        { bucket: name, entry: key, problem: error instanceof Error ? error.name : 'unreadable' },
        'an entry is not of the expected shape and is passed over',
      );
      return undefined;
    }
  };

  const watch = ({ keys = '>', onPut, onDelete, onCaughtUp, onReset, heartbeatMs }: WatchOptions<Value>): Watch =>
    new Ordered(nc, {
      stream,
      filter: prefix + checked(keys, KEYS),
      from: 'last-per-subject',
      logger,
      heartbeatMs,
      onMessage: (message, { sequence }) => {
        const key = message.subject.slice(prefix.length);
        if (isRemoval(message)) return onDelete(key, sequence);
        const value = parse(key, message.data);
        if (value !== undefined) onPut(key, value, sequence);
      },
      onCaughtUp: () => onCaughtUp?.(),
      onReset: () => onReset?.(),
    });

  return {
    async put(key, value) {
      await js.publish(prefix + checked(key, KEY), JSON.stringify(schema.parse(value)));
    },
    async delete(key) {
      const removal = headers();
      removal.set('KV-Operation', 'DEL');
      await js.publish(prefix + checked(key, KEY), '', { headers: removal });
    },
    async get(key) {
      const { streams } = await jetstreamManager(nc, { checkAPI: false });
      const message = await streams.getMessage(stream, { last_by_subj: prefix + checked(key, KEY) });
      return message && !message.header.has('KV-Operation') ? parse(key, message.data) : undefined;
    },
    list: (keys, signal) =>
      new Promise((resolve, reject) => {
        const entries = new Map<string, Value>();
        const giveUp = () => void reading.stop().then(() => reject(signal!.reason as Error), reject);
        const reading = watch({
          keys,
          onPut: (key, value) => entries.set(key, value),
          onDelete: (key) => entries.delete(key),
          onCaughtUp: () => {
            signal?.removeEventListener('abort', giveUp);
            void reading.stop().then(() => resolve(entries), reject);
          },
          onReset: () => entries.clear(),
        });
        signal?.addEventListener('abort', giveUp, { once: true });
      }),
    watch,
  };
}

const isRemoval = (message: Msg): boolean => {
  const operation = message.headers?.get('KV-Operation');
  return operation === 'DEL' || operation === 'PURGE';
};

function checked(key: string, form: RegExp): string {
  if (!form.test(key)) throw new TypeError(`not a key of a bucket: ${JSON.stringify(key)}`);
  return key;
}
