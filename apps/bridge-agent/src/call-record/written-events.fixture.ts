import { jetstreamManager } from '@nats-io/jetstream';
import { callEvent, type CallEvent } from '@trunkmesh/contracts/call.js';
import { CALLS_STREAM } from '@trunkmesh/contracts/subjects.js';
import type { NatsConnection } from '@trunkmesh/runtime/connection.nats.js';

/** A nats-server that has just started may lose a request. */
const DEADLINE_MS = 1_000;

/** All events of CALLS, in order. */
export async function eventsIn(nc: NatsConnection): Promise<CallEvent[]> {
  const manager = await jetstreamManager(nc, { checkAPI: false, timeout: DEADLINE_MS });
  const { state } = await manager.streams.info(CALLS_STREAM);
  const events: CallEvent[] = [];
  for (let seq = Math.max(1, state.first_seq); seq <= state.last_seq; seq += 1) {
    const message = await manager.streams.getMessage(CALLS_STREAM, { seq });
    if (message !== null) events.push(callEvent.parse(message.json()));
  }
  return events;
}
