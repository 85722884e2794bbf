import { jetstreamManager } from '@nats-io/jetstream';
import { CALLS_STREAM, callSubject } from '@trunkmesh/contracts/subjects.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';

const LOOK_UP_MS = 2_000;

/**
 * Whether the stream has an event of the call; undefined: the lookup failed. A request from before this process started
 * may repeat one that the previous process answered: that call may have ended, and its record may already be confirmed
 * and deleted here.
 */
export async function hasEvents(
  { connection }: NatsLink,
  { organization_id, call_id }: { organization_id: string; call_id: string },
): Promise<boolean | undefined> {
  if (connection === undefined) return undefined;
  try {
    const manager = await jetstreamManager(connection, { checkAPI: false, timeout: LOOK_UP_MS });
    const found = await manager.streams.getMessage(CALLS_STREAM, {
      last_by_subj: callSubject(organization_id, call_id),
    });
    return found !== null;
  } catch {
    return undefined;
  }
}
