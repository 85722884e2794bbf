import { bridgeHeartbeat } from '@trunkmesh/contracts/bridge.js';
import { BRIDGES_BUCKET } from '@trunkmesh/contracts/subjects.js';
import { openBucket } from '@trunkmesh/event-log/bucket.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';

const WITHIN_MS = 1_000;

/** The bridges of a pool whose heartbeats arrive, by their ids; undefined: that cannot be read now. */
export async function onlineBridges(
  { link, logger }: { link: NatsLink; logger: Logger },
  pool: string,
): Promise<string[] | undefined> {
  const { connection } = link;
  if (connection === undefined) return undefined;
  try {
    const bucket = openBucket(connection, { name: BRIDGES_BUCKET, schema: bridgeHeartbeat, logger });
    const heartbeats = await bucket.list(undefined, AbortSignal.timeout(WITHIN_MS));
    return [...heartbeats.values()].filter((heartbeat) => heartbeat.pool === pool).map(({ bridge_id }) => bridge_id);
  } catch (error) {
    logger.debug({ err: error }, 'cannot read which bridges are online');
    return undefined;
  }
}
