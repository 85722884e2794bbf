import type { CallEvent } from '@trunkmesh/contracts/call.js';
import type { PublishCallEvent } from './call-log.nats.js';

/**
 *  Events of calls that go on. They are on disk with the call; here they wait for the log, in order within their call.
 */
export interface LiveEvents {
  push(event: CallEvent): void;
  /**
   *  Publishes no more of this call, and gives what the log is not known to have: the call's record carries it from now
   *  on.
   */
  take(callId: string): CallEvent[];
  /** NATS is back: everything that waits is tried at once. */
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
      /* It stays in its lane, and is tried again. */
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
    retry,
    stop: () => {
      clearInterval(timer);
    },
  };
}
