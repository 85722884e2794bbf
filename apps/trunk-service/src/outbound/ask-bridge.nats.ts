import { callControlAnswer, type HangupRequest } from '@trunkmesh/contracts/call-control.js';
import { ORIGINATE_DEADLINE_MS, originateAnswer, type OriginateRequest } from '@trunkmesh/contracts/outbound-call.js';
import { bridgeRequest } from '@trunkmesh/contracts/subjects.js';
import { ask } from '@trunkmesh/requests/ask.nats.js';
import { Unanswered } from '@trunkmesh/requests/unanswered.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';

/** What a bridge said of a call. `not-taken` is certain; `no-nats`: it was not asked. */
export type Taken = 'accepted' | 'not-taken' | 'unknown' | 'no-nats';

const ORIGINATE_MS = ORIGINATE_DEADLINE_MS + 1_000;
const HANGUP_MS = 5_000;

/** `mayHaveIt`: it was asked before without an answer, so that nobody listening there now proves nothing. */
export async function askToOriginate(
  nats: NatsLink,
  bridge: string,
  request: OriginateRequest,
  mayHaveIt: boolean,
): Promise<Taken> {
  try {
    const answer = await ask(nats, {
      subject: bridgeRequest(bridge, 'call.originate'),
      request,
      reply: originateAnswer,
      deadlineMs: ORIGINATE_MS,
      span: { name: 'call.originate', attributes: { 'call.id': request.call_id, 'bridge.id': bridge } },
    });
    return answer.outcome === 'accepted' ? 'accepted' : 'not-taken';
  } catch (error) {
    if (!(error instanceof Unanswered)) throw error;
    if (error.mayHaveRun || mayHaveIt) return 'unknown';
    return error.reason === 'no-responders' ? 'not-taken' : 'no-nats';
  }
}

/** `gone`: the bridge does not have the call. */
export async function askToHangUp(
  nats: NatsLink,
  bridge: string,
  { call_id, organization_id }: HangupRequest,
): Promise<'done' | 'gone' | 'unknown'> {
  try {
    const answer = await ask(nats, {
      subject: bridgeRequest(bridge, 'call.hangup'),
      request: { call_id, organization_id },
      reply: callControlAnswer,
      deadlineMs: HANGUP_MS,
      span: { name: 'call.hangup', attributes: { 'call.id': call_id, 'bridge.id': bridge } },
    });
    if (answer.outcome === 'done') return 'done';
    return answer.code === 'call-not-found' ? 'gone' : 'unknown';
  } catch (error) {
    if (error instanceof Unanswered) return 'unknown';
    throw error;
  }
}
