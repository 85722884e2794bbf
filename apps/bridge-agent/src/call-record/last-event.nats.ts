import { setTimeout as sleep } from 'node:timers/promises';
import { jetstream, jetstreamManager, JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';
import type { CallContinued } from '@trunkmesh/contracts/call-attempts.js';
import { CALLS_STREAM, callSubject } from '@trunkmesh/contracts/subjects.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import { z } from 'zod';

export interface CallOfOrganization {
  call_id: string;
  organization_id: string;
}

/** The last event of a call in the stream CALLS. Its bridge has the call. */
export interface LastEvent {
  sequence: number;
  id: string;
  bridgeId: string | null;
}

const DEADLINE_MS = 2_000;
const anyEvent = z.object({ id: z.string(), data: z.object({ bridge_id: z.string().nullable() }) });

/** Null: the stream has no event of the call. Undefined: the lookup failed. */
export async function lastEventOf(
  { connection }: NatsLink,
  { organization_id, call_id }: CallOfOrganization,
): Promise<LastEvent | null | undefined> {
  if (connection === undefined) return undefined;
  try {
    const manager = await jetstreamManager(connection, { checkAPI: false, timeout: DEADLINE_MS });
    const last_by_subj = callSubject(organization_id, call_id);
    const found = await manager.streams.getMessage(CALLS_STREAM, { last_by_subj });
    if (found === null) return null;
    const { id, data } = anyEvent.parse(found.json());
    return { sequence: found.seq, id, bridgeId: data.bridge_id };
  } catch {
    return undefined;
  }
}

/** `overtaken`: another event follows `after`. `unknown`: the event may or may not be in the stream. */
export type Claimed = 'claimed' | 'overtaken' | 'unknown';

/**
 * Writes the event as the next one after the sequence `after`: of two bridges that go on with the same call at once one
 * is overtaken. Repeated with the same event it answers the same.
 */
export async function claimCall(link: NatsLink, event: CallContinued, after: number): Promise<Claimed> {
  const { connection } = link;
  if (connection === undefined) return 'unknown';
  try {
    await jetstream(connection).publish(event.subject, JSON.stringify(event), {
      msgID: event.id,
      timeout: DEADLINE_MS,
      expect: { lastSubjectSequence: after },
    });
    return 'claimed';
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== JetStreamApiCodes.StreamWrongLastSequence)
      return 'unknown';
    const { call_id, organization_id } = event.data;
    const last = await lastEventOf(link, { call_id, organization_id: organization_id ?? '' });
    if (last === undefined || last === null) return 'unknown';
    return last.id === event.id ? 'claimed' : 'overtaken';
  }
}

const AGAIN_MS = 500;

/** Repeats `claimCall` until its outcome is known. A bridge that guesses could dial a call that another one has. */
export async function claimUntilKnown(
  link: NatsLink,
  event: CallContinued,
  after: number,
): Promise<'claimed' | 'overtaken'> {
  for (;;) {
    const claimed = await claimCall(link, event, after);
    if (claimed !== 'unknown') return claimed;
    await sleep(AGAIN_MS, undefined, { ref: false });
  }
}
