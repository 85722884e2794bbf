import { Kvm } from '@nats-io/kv';
import { bridgeKey, USAGE_BUCKET } from '@trunkmesh/contracts/subjects.js';
import { usageConfirmation, type UsageConfirmation } from '@trunkmesh/contracts/usage.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import { backoffMs } from '@trunkmesh/runtime/backoff.js';
import type { PublishCallEvent } from './call-log.nats.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { CallRecordSpool } from './call-record-spool.fs.js';
import {
  acknowledged,
  confirmed,
  countUnconfirmed,
  createUnconfirmed,
  failed,
  resendOld,
  takeNext,
} from './unconfirmed.js';

export interface CallRecordSender {
  /** The call record is on disk: publish it. */
  send(number: number): void;
  unconfirmed(): number;
  stop(): Promise<void>;
}

export interface RecordSenderOptions {
  bridgeId: string;
  spool: CallRecordSpool;
  publish: PublishCallEvent;
  link: NatsLink;
  logger: Logger;
}

/** Call records in flight at once. */
const MAX_IN_FLIGHT = 64;
/** How often the confirmation is checked again, because missing call records become due over time. */
const TICK_MS = 1_000;
/** How often the bucket is read again: a watch on a bucket that was recreated gets no updates. */
const REREAD_MS = 30_000;

/**
 * Publishes the spool's records until billing-observer has confirmed them in the KV bucket `usage`, then has the spool
 * delete them.
 */
export function startCallRecordSender(options: RecordSenderOptions): CallRecordSender {
  const { spool, publish, link, logger } = options;
  const state = createUnconfirmed(spool.records().map(({ number }) => number));
  let last: UsageConfirmation | undefined;
  let failures = 0;
  let pausedUntil = 0;
  let stopped = false;
  const under = new Set<Promise<void>>();

  const sendOne = async (number: number): Promise<void> => {
    const record = await spool.read(number);
    // Its file is unreadable: there is nothing to send, and billing-observer logs the gap.
    if (record === undefined) return acknowledged(state, number, Date.now());
    try {
      for (const event of record.events) await publish(event);
      acknowledged(state, number, Date.now());
      failures = 0;
    } catch (error) {
      failed(state, number);
      pausedUntil = Date.now() + backoffMs(failures, Math.random());
      failures += 1;
      if (link.connection !== undefined)
        logger.warn({ err: error, record: number }, 'cannot publish a call record; retrying');
    }
  };
  const pump = (): void => {
    while (!stopped && under.size < MAX_IN_FLIGHT && link.connection !== undefined && Date.now() >= pausedUntil) {
      const number = takeNext(state);
      if (number === undefined) return;
      const sending = sendOne(number).finally(() => {
        under.delete(sending);
        pump();
      });
      under.add(sending);
    }
  };
  const confirmedBy = (confirmation: UsageConfirmation): void => {
    if (confirmation.bridge_epoch !== spool.epoch) return;
    last = confirmation;
    confirmed(state, { through: confirmation.confirmed_through, missing: confirmation.missing }, Date.now());
    void spool.confirm(confirmation.confirmed_through);
    pump();
  };
  const tick = setInterval(() => {
    if (last !== undefined) confirmed(state, { through: last.confirmed_through, missing: last.missing }, Date.now());
    resendOld(state, Date.now());
    pump();
  }, TICK_MS);
  const watcher = watchConfirmations(options, confirmedBy);
  link.onConnected(() => {
    failures = 0;
    pausedUntil = 0;
    pump();
  });
  return {
    send: (number) => {
      state.unsent.add(number);
      pump();
    },
    unconfirmed: () => countUnconfirmed(state),
    stop: async () => {
      stopped = true;
      clearInterval(tick);
      watcher.stop();
      await Promise.all(under);
    },
  };
}

function watchConfirmations(
  { link, bridgeId, logger }: RecordSenderOptions,
  onConfirmation: (confirmation: UsageConfirmation) => void,
): { stop(): void } {
  let end = () => {};
  const key = bridgeKey(bridgeId);
  const take = (value: Uint8Array): void => {
    const parsed = usageConfirmation.safeParse(json(value));
    if (parsed.success) onConfirmation(parsed.data);
    else logger.error("cannot read the bridge's usage confirmation");
  };
  const watch = async (nc: NatsConnection): Promise<void> => {
    end();
    const updates = await (await new Kvm(nc).open(USAGE_BUCKET)).watch({ key });
    end = () => updates.stop();
    for await (const entry of updates) if (entry.operation === 'PUT') take(entry.value);
  };
  const begin = (nc: NatsConnection): void => {
    watch(nc).catch((error: unknown) => {
      logger.debug({ err: error }, 'cannot watch usage confirmations yet');
    });
  };
  const reread = async (): Promise<void> => {
    if (link.connection === undefined) return;
    const entry = await (await new Kvm(link.connection).open(USAGE_BUCKET)).get(key);
    if (entry?.operation === 'PUT') take(entry.value);
  };
  link.onConnected(begin);
  const rereading = setInterval(() => {
    reread().catch(() => undefined);
  }, REREAD_MS);
  return {
    stop: () => {
      clearInterval(rereading);
      end();
    },
  };
}

function json(value: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(value));
  } catch {
    return undefined;
  }
}
