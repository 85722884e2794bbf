import { anyEvent } from '@trunkmesh/contracts/envelope.js';

/** What identifies an event of the stream: enough to compare it with the event store. */
export interface StreamEvent {
  subject: string;
  version: number;
  id: string;
}

const identity = anyEvent.pick({ id: true, subject: true, entityversion: true });

/** Undefined for what is no event of ours: somebody else's message must not stop the relay. */
export function streamEvent(subject: string, payload: string): StreamEvent | undefined {
  let value: unknown;
  try {
    value = JSON.parse(payload);
  } catch {
    return undefined;
  }
  const parsed = identity.safeParse(value);
  return parsed.success && parsed.data.subject === subject
    ? { subject, version: parsed.data.entityversion, id: parsed.data.id }
    : undefined;
}
