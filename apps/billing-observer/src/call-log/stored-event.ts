import { callEvent, type CallEvent } from '@trunkmesh/contracts/call.js';
import { timestamp } from '@trunkmesh/contracts/scalar.js';
import { z } from 'zod';

/** An event of a type that only a later version knows: that it happened is all that can be said of it. */
const laterEvent = z.object({ type: z.string(), time: timestamp });

export type StoredEvent =
  { known: CallEvent; later?: undefined } | { known?: undefined; later: z.infer<typeof laterEvent> };

/** A stored envelope. Undefined: what an older version kept without a look into it, and this one cannot read. */
export function readStored(envelope: string): StoredEvent | undefined {
  const json = JSON.parse(envelope) as unknown;
  const known = callEvent.safeParse(json);
  if (known.success) return { known: known.data };
  const later = laterEvent.safeParse(json);
  return later.success ? { later: later.data } : undefined;
}

export const isEvent = (event: CallEvent | undefined): event is CallEvent => event !== undefined;
