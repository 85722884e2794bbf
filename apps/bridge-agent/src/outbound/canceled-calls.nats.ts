import { setTimeout as sleep } from 'node:timers/promises';
import { canceledAnswer } from '@trunkmesh/contracts/outbound-call.js';
import { OUTBOUND_CANCELED } from '@trunkmesh/contracts/subjects.js';
import { ask, type Asking } from '@trunkmesh/requests/ask.nats.js';
import { Unanswered } from '@trunkmesh/requests/unanswered.js';

/** The calls ring meanwhile. */
const WITHIN_MS = 1_500;
const AGAIN_MS = 100;

/**
 * Of these calls, those that the API canceled while no process had them. Where trunk-service does not answer within a
 * moment, none is known to be.
 */
export async function canceledOf(link: Asking, callIds: readonly string[]): Promise<ReadonlySet<string>> {
  for (const until = performance.now() + WITHIN_MS; performance.now() < until; await sleep(AGAIN_MS)) {
    try {
      const { canceled } = await ask(link, {
        subject: OUTBOUND_CANCELED,
        request: { call_ids: callIds },
        reply: canceledAnswer,
        deadlineMs: Math.max(1, until - performance.now()),
        span: { name: 'outbound.canceled', attributes: { 'calls.count': callIds.length } },
      });
      return new Set(canceled);
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
    }
  }
  return new Set();
}
