import { jetstreamManager } from '@nats-io/jetstream';
import { CALLS_STREAM, callSubject } from '@trunkmesh/contracts/subjects.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';

const LOOK_UP_MS = 2_000;

/**
 * Whether the log has an event of the call. Undefined: nobody knows. A request from before this process began may be
 * the repetition of one whose call the previous process has ended, and whose record is confirmed and deleted.
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
