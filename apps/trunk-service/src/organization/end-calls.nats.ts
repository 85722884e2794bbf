import { END_CALLS_DEADLINE_MS, endCallsAnswer, type EndCallsRequest } from '@trunkmesh/contracts/call-control.js';
import { bridgeRequest } from '@trunkmesh/contracts/subjects.js';
import { withSpan } from '@trunkmesh/runtime/trace.otel.js';
import type { FleetBridge } from '../bridge/fleet.js';
import { jsonOf, reasonOf } from '../calls/call-log.nats.js';
import type { NatsLink } from '../record/nats-link.nats.js';
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

function endCallsOn(bridge: string, request: EndCallsRequest, nats: NatsLink): Promise<OfBridge> {
  return withSpan('calls.end', { kind: 'client', attributes: { 'bridge.id': bridge } }, async () => {
    try {
      const subject = bridgeRequest(bridge, 'calls.end');
      const timeout = END_CALLS_DEADLINE_MS + 2_000;
      const reply = await nats.connection().request(subject, JSON.stringify(request), { timeout });
      const answer = endCallsAnswer.safeParse(jsonOf(reply.data)).data;
      if (answer?.outcome !== 'done') return silent(bridge, answer?.message ?? 'Its answer was not understood.');
      const { ended, unconfirmed } = answer;
      const detail = unconfirmed === 0 ? null : UNCONFIRMED;
      return { bridge_id: bridge, answered: true, calls_ended: ended, calls_unconfirmed: unconfirmed, detail };
    } catch (error) {
      const why = `The bridge cannot be asked at this moment (${reasonOf(error)}).`;
      return silent(bridge, `${why} Its agent is away, or of a version that cannot do this.`);
    }
  });
}

const UNCONFIRMED = 'FreeSWITCH did not confirm in time that all calls ended.';

const silent = (bridge: string, why: string): OfBridge => ({
  bridge_id: bridge,
  answered: false,
  calls_ended: 0,
  calls_unconfirmed: 0,
  detail: why.slice(0, 500),
});
