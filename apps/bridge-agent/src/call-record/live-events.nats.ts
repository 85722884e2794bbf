import type { CallEvent } from '@trunkmesh/contracts/call.js';
import type { PublishCallEvent } from './call-log.nats.js';

/**
 * Events of calls in progress. They are on disk with the call; here they wait to be published, in order within their
 * call.
 */
export interface LiveEvents {
  push(event: CallEvent): void;
  /**
   * Stops publishing this call's events and returns those that the log may not have: the call record carries them from
   * now on.
   */
  take(callId: string): CallEvent[];
  /** Whether an event of the call may not be in the log yet. */
  waits(callId: string): boolean;
  /** Called when NATS reconnects: retries everything that waits. */
  retry(): void;
  stop(): void;
}

const RETRY_MS = 2_000;

export function startLiveEvents(publish: PublishCallEvent): LiveEvents {
  const lanes = new Map<string, CallEvent[]>();
  const pumping = new Set<string>();

  const pump = async (callId: string): Promise<void> => {
    if (pumping.has(callId)) return;
    pumping.add(callId);
    try {
      for (let lane = lanes.get(callId); lane !== undefined && lane.length > 0; lane = lanes.get(callId)) {
        await publish(lane[0]!);
        lane.shift();
      }
      if (lanes.get(callId)?.length === 0) lanes.delete(callId);
    } catch {
      /** It stays queued and is retried. */
    } finally {
      pumping.delete(callId);
    }
  };
  const retry = () => {
    for (const callId of lanes.keys()) void pump(callId);
  };
  const timer = setInterval(retry, RETRY_MS);
  return {
    push: (event) => {
      const { call_id: callId } = event.data;
      const lane = lanes.get(callId);
      if (lane === undefined) lanes.set(callId, [event]);
      else lane.push(event);
      void pump(callId);
    },
    take: (callId) => {
      const lane = lanes.get(callId) ?? [];
      lanes.delete(callId);
      return [...lane];
    },
    waits: (callId) => lanes.has(callId),
    retry,
    stop: () => {
      clearInterval(timer);
    },
  };
}
