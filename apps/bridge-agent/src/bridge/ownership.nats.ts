import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { jetstream, jetstreamManager, JetStreamApiError } from '@nats-io/jetstream';
import { bridgeOwner, type BridgeOwner } from '@trunkmesh/contracts/bridge.js';
import { BRIDGE_OWNERS_BUCKET, bridgeInstance, bridgeKey } from '@trunkmesh/contracts/subjects.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import { BridgeTaken, claimStep } from './ownership.js';

export interface OwnershipOptions {
  bridgeId: string;
  instanceId: string;
  /** STATE_DIR; this process holds its lock. */
  statePath: string;
  /** Called after the first claim, when NATS reconnected and another process holds the bridge. */
  onTaken(error: BridgeTaken): void;
  logger: Logger;
}

const ANSWER_MS = 1_000;
/** A process that reconnects to NATS is back within a second. */
const ASK_MS = 3_000;
/** trunk-service creates the bucket; an older version does not. */
const WITHOUT_BUCKET_MS = 10_000;
const PAUSE_MS = 250;
const WRONG_LAST_SEQUENCE = 10071;

/** A hash of the host name, the boot id and STATE_DIR. */
async function placeOf(statePath: string): Promise<string> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  return createHash('sha256').update(`${hostname()}\n${boot}\n${statePath}`).digest('hex');
}

/**
 * Resolves when this process holds the bridge. Checks again whenever NATS reconnects.
 *
 * @throws BridgeTaken if another process holds it and answers
 */
export async function claimBridge(nc: NatsConnection, options: OwnershipOptions): Promise<void> {
  const { bridgeId, instanceId, onTaken, logger } = options;
  const self: BridgeOwner = {
    bridge_id: bridgeId,
    instance_id: instanceId,
    host: hostname().slice(0, 255),
    place: await placeOf(options.statePath),
    claimed_at: new Date().toISOString(),
  };
  // Before the claim, because a reader of the claim may ask at once.
  nc.subscribe(bridgeInstance(bridgeId, instanceId), {
    callback: (error, message) => {
      if (error === null) message.respond(JSON.stringify(self));
    },
  });
  await claim(nc, self, logger);
  const again = async (): Promise<void> => {
    for await (const { type } of nc.status()) {
      if (type !== 'reconnect') continue;
      await claim(nc, self, logger).catch((error: unknown) => {
        if (error instanceof BridgeTaken) onTaken(error);
        else logger.warn({ err: error }, 'cannot check whether another agent uses this BRIDGE_ID');
      });
    }
  };
  void again();
}

async function claim(nc: NatsConnection, self: BridgeOwner, logger: Logger): Promise<void> {
  const until = Date.now() + WITHOUT_BUCKET_MS;
  for (;;) {
    try {
      return await tryClaim(nc, self, logger);
    } catch (error) {
      if (error instanceof BridgeTaken) throw error;
      // Another process claimed it first: ask that one next.
      const raced = error instanceof JetStreamApiError && error.code === WRONG_LAST_SEQUENCE;
      if (!raced && Date.now() > until)
        return logger.warn({ err: error }, 'cannot check whether another agent uses this BRIDGE_ID; continuing');
      await sleep(PAUSE_MS);
    }
  }
}

async function tryClaim(nc: NatsConnection, self: BridgeOwner, logger: Logger): Promise<void> {
  const { owner, revision } = await read(nc, self.bridge_id);
  const step = claimStep(owner, self);
  if (step === 'ours') return;
  if (step !== 'take' && (await answers(nc, owner!, step === 'ask' ? ASK_MS : 0))) throw new BridgeTaken(owner!);
  await replace(nc, self, revision);
  logger.info({ instance_id: self.instance_id, replaced: owner?.instance_id }, 'claimed the bridge');
}

const subjectOf = (bridgeId: string): string => `$KV.${BRIDGE_OWNERS_BUCKET}.${bridgeKey(bridgeId)}`;

async function read(
  nc: NatsConnection,
  bridgeId: string,
): Promise<{ owner: BridgeOwner | undefined; revision: number }> {
  const { streams } = await jetstreamManager(nc, { checkAPI: false });
  await streams.info(`KV_${BRIDGE_OWNERS_BUCKET}`);
  const message = await streams.getMessage(`KV_${BRIDGE_OWNERS_BUCKET}`, { last_by_subj: subjectOf(bridgeId) });
  if (message === null) return { owner: undefined, revision: 0 };
  const parsed = message.header.has('KV-Operation') ? undefined : bridgeOwner.safeParse(jsonOf(message.data));
  return { owner: parsed?.data, revision: message.seq };
}

/** Replaces only the revision that was read, so that one of two concurrent claims fails. */
async function replace(nc: NatsConnection, self: BridgeOwner, revision: number): Promise<void> {
  await jetstream(nc).publish(subjectOf(self.bridge_id), JSON.stringify(bridgeOwner.parse(self)), {
    expect: { lastSubjectSequence: revision },
  });
}

/** Whether that process runs: it answers on its own subject; otherwise NATS reports at once that nobody does. */
async function answers(nc: NatsConnection, owner: BridgeOwner, withinMs: number): Promise<boolean> {
  const until = Date.now() + withinMs;
  for (;;) {
    const reply = await nc
      .request(bridgeInstance(owner.bridge_id, owner.instance_id), '', { timeout: ANSWER_MS })
      .catch(() => undefined);
    if (reply !== undefined) return true;
    if (Date.now() >= until) return false;
    await sleep(PAUSE_MS);
  }
}

function jsonOf(data: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(data));
  } catch {
    return undefined;
  }
}
