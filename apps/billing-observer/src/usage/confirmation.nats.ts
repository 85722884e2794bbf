import { Kvm, type KV } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/nats-core';
import type { Logger } from 'pino';
import type { DataSource } from 'typeorm';
import { bridgeKey, USAGE_BUCKET } from '@trunkmesh/contracts/subjects.js';
import { usageConfirmation, type UsageConfirmation } from '@trunkmesh/contracts/usage.js';
import { confirmationOf, currentEpoch, saysTheSame } from './confirmation.js';
import { knownBridges, loadProgress } from './usage-store.pg.js';

export interface Confirmations {
  /** The bridge's numbering has advanced in a committed transaction. */
  touch(bridgeId: string): void;
  stop(): Promise<void>;
}

const RETRY_MS = 500;
/** Each costs two requests and a query; the bridge only deletes files for it. */
const APART_MS = 250;
/**
 * Runs also without new records: it restores a lost bucket, and a confirmation that was not written before a crash.
 */
const SWEEP_MS = 60_000;

/**
 * Writes to the KV bucket `usage`, for each bridge, which of its records are committed. Call `touch` only after the
 * commit.
 */
export function startConfirmations({
  nc,
  dataSource,
  logger,
}: {
  nc: NatsConnection;
  dataSource: DataSource;
  logger: Logger;
}): Confirmations {
  const touched = new Set<string>();
  let stopped = false;
  let failing = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;

  const flush = async () => {
    const kv = await new Kvm(nc).open(USAGE_BUCKET);
    for (const bridge of [...touched]) {
      touched.delete(bridge);
      try {
        await confirm(kv, dataSource, bridge);
      } catch (error) {
        touched.add(bridge);
        throw error;
      }
    }
  };
  const run = () => {
    if (running !== undefined || timer !== undefined) return;
    running = flush()
      .then(
        () => undefined,
        (error: unknown) => error ?? new Error('unknown'),
      )
      .then((error) => {
        running = undefined;
        failing = error !== undefined;
        if (failing) logger.warn({ err: error }, 'cannot write usage confirmations; retrying');
        if (!stopped) timer = setTimeout(again, failing ? RETRY_MS : APART_MS);
      });
  };
  const again = () => {
    timer = undefined;
    if (touched.size > 0) run();
  };
  const sweep = () => {
    knownBridges(dataSource).then(
      (bridges) => {
        bridges.forEach((bridge) => touched.add(bridge));
        if (bridges.length > 0 && !stopped) run();
      },
      () => undefined,
    );
  };
  const sweeping = setInterval(sweep, SWEEP_MS);
  sweep();
  return {
    touch: (bridge) => {
      touched.add(bridge);
      if (!stopped) run();
    },
    stop: async () => {
      clearInterval(sweeping);
      stopped = true;
      await running;
      clearTimeout(timer);
      timer = undefined;
      // What failed just now would only take as long again.
      if (touched.size > 0 && !failing) run();
      await running;
    },
  };
}

/**
 * Reads the bucket's entry, then the database, and writes with the entry's revision. Of two copies the one that read
 * older numbers is rejected, so a confirmation never goes backwards.
 */
async function confirm(kv: KV, dataSource: DataSource, bridgeId: string): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    const entry = await kv.get(bridgeKey(bridgeId));
    const epoch = currentEpoch(await loadProgress(dataSource, bridgeId));
    if (epoch === undefined) return;
    const confirmation = confirmationOf(bridgeId, epoch, new Date());
    const before = entry === null ? undefined : parsed(entry.value);
    if (before !== undefined && saysTheSame(before, confirmation)) return;
    try {
      await kv.put(bridgeKey(bridgeId), JSON.stringify(confirmation), { previousSeq: entry?.revision ?? 0 });
      return;
    } catch (error) {
      if (attempt === 5) throw error;
    }
  }
}

function parsed(value: Uint8Array): UsageConfirmation | undefined {
  try {
    return usageConfirmation.parse(JSON.parse(new TextDecoder().decode(value)));
  } catch {
    return undefined;
  }
}
