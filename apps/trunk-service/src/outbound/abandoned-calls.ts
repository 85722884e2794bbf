import type { ContinuedCall, OriginateRequest } from '@trunkmesh/contracts/outbound-call.js';
import { callAttemptFailed } from '@trunkmesh/contracts/call-attempts.js';
import { timestamp } from '@trunkmesh/contracts/scalar.js';
import { z } from 'zod';

/** Of an event of the stream CALLS. */
export interface StoredEvent {
  sequence: number;
  event: unknown;
}

/** A bridge writes `queued`, `initiated` and `ringing` before the answer; where fewer were written, a gap is left. */
const STATUSES = 3;

const anyEvent = z.object({ data: z.object({ started_at: timestamp }) });

/** Asks another bridge to end a call after its own bridge is gone. Nothing is dialled. */
export function closingRequest(
  request: OriginateRequest,
  bridge: string,
  events: readonly StoredEvent[],
): OriginateRequest & { continued: ContinuedCall } {
  const attempts = events.flatMap(({ event }) => callAttemptFailed.safeParse(event).data?.data.attempt ?? []);
  const first = anyEvent.safeParse(events[0]?.event).data;
  return {
    ...request,
    dial_until: request.requested_at,
    continued: {
      from_bridge: bridge,
      after: events.at(-1)?.sequence ?? 0,
      started_at: first?.data.started_at ?? request.requested_at,
      attempts: attempts.slice(0, 8),
      statuses: STATUSES,
      initiated: true,
      timeline: [],
      closes: true,
    },
  };
}
