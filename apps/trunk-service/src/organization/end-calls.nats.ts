import { END_CALLS_DEADLINE_MS, endCallsAnswer, type EndCallsRequest } from '@trunkmesh/contracts/call-control.js';
import { bridgeRequest } from '@trunkmesh/contracts/subjects.js';
import { ask } from '@trunkmesh/requests/ask.nats.js';
import { Unanswered } from '@trunkmesh/requests/unanswered.js';
import type { FleetBridge } from '../bridge/fleet.js';
import { unansweredText } from '../nats/unanswered-text.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { EndedCalls } from './organization-input.js';

type OfBridge = EndedCalls['bridges'][number];

const COMPLETE = 'Every bridge answered, and the calls have ended.';
const INCOMPLETE =
  'Calls may go on where a bridge did not answer or calls are unconfirmed. ' +
  'The request may be repeated: it ends the calls that are still there.';

/**
 * Ends the organisation's calls on every bridge at once. Never rejects: what was not done is in the answer. A retired
 * bridge that is silent has none.
 */
export async function endCallsOf(
  organizationId: string,
  fleet: readonly FleetBridge[],
  nats: NatsLink,
): Promise<EndedCalls> {
  const asked = fleet.filter(({ status, health }) => status !== 'retired' || health !== 'lost');
  const request: EndCallsRequest = { organization_id: organizationId, reason: 'organization-suspended' };
  const bridges = await Promise.all(asked.map(({ id }) => endCallsOn(id, request, nats)));
  const complete = bridges.every(({ answered, calls_unconfirmed }) => answered && calls_unconfirmed === 0);
  const calls_ended = bridges.reduce((sum, bridge) => sum + bridge.calls_ended, 0);
  return { complete, calls_ended, bridges, detail: complete ? COMPLETE : INCOMPLETE };
}

async function endCallsOn(bridge: string, request: EndCallsRequest, nats: NatsLink): Promise<OfBridge> {
  try {
    const answer = await ask(nats, {
      subject: bridgeRequest(bridge, 'calls.end'),
      request,
      reply: endCallsAnswer,
      deadlineMs: END_CALLS_DEADLINE_MS + 2_000,
      span: { name: 'calls.end', attributes: { 'bridge.id': bridge } },
    });
    if (answer.outcome !== 'done') return silent(bridge, answer.message);
    const { ended, unconfirmed } = answer;
    const detail = unconfirmed === 0 ? null : UNCONFIRMED;
    return { bridge_id: bridge, answered: true, calls_ended: ended, calls_unconfirmed: unconfirmed, detail };
  } catch (error) {
    if (error instanceof Unanswered) return silent(bridge, unansweredText('the bridge', error));
    throw error;
  }
}

const UNCONFIRMED = 'FreeSWITCH did not confirm in time that all calls ended.';

const silent = (bridge: string, why: string): OfBridge => ({
  bridge_id: bridge,
  answered: false,
  calls_ended: 0,
  calls_unconfirmed: 0,
  detail: why.slice(0, 500),
});
