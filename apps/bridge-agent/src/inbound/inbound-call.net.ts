import type { Socket } from 'node:net';
import { dialledCode } from '@trunkmesh/contracts/address.js';
import type { InboundRequest } from '@trunkmesh/contracts/routing.js';
import { currentTraceparent, withSpan } from '@trunkmesh/runtime/trace.otel.js';
import { beginCall } from '../call/begin-call.net.js';
import type { CallParts } from '../call/call-parts.net.js';
import { Talk } from '../call/call-talk.net.js';
import { parseChannelData } from '../esl/esl-event.js';
import type { EslHeaders } from '../esl/esl-frame.js';
import {
  callRejected,
  callStarted,
  statusSent,
  type DecidedAt,
  type EventStamp,
  type Route,
} from '../live/call-events.js';
import { calls as callsMetric, decisionSeconds } from '../live/call-metrics.otel.js';
import { readInvite, routingRequest, type InviteFacts } from '../live/invite-facts.js';
import { refuseCommands, refusedHere, type Refusal } from '../live/refusal.js';
import { fullNumbers, type RefusedFacts } from '../refused/refused-invites.js';
import { printable } from '../refused/seen-invite.js';
import type { RefusalPorts } from '../refused/refusal-ports.js';
import type { CallTreatment } from '../route/call-treatment.js';
import type { DecideInbound } from '../route/inbound-router.nats.js';
import { noteAcknowledgement } from './acknowledgement.net.js';
import { admit, type Admission } from './admission.js';
import { connectToAssistant } from './connect-assistant.net.js';
import type { ExpectedCalls } from './expected-calls.nats.js';
import { leadsElsewhere, RETURN_TO_SOURCE } from './next-hop.js';
import { GREETING, GREETING_MS, verificationCall, type VerificationPorts } from './verification-call.net.js';

/** What an inbound call needs from the rest of the agent. */
export interface InboundCallPorts extends CallParts {
  decide: DecideInbound;
  refused: RefusalPorts;
  verification: VerificationPorts;
  expected: Pick<ExpectedCalls, 'isEchoed'>;
}

/** The wait from the answer or the refusal to FreeSWITCH's event about it. Both take milliseconds. */
const SETTLED_MS = 10_000;

/** One call from FreeSWITCH's connection to its end. Never rejects. */
export async function handleInboundCall(socket: Socket, ports: InboundCallPorts): Promise<void> {
  const talk = new Talk(socket);
  try {
    const reply = await talk.begin();
    const headers = reply.outcome === 'reply' ? parseChannelData(reply.frame).headers : undefined;
    const invite = headers && readInvite(headers, new Date());
    if (headers === undefined || invite === undefined || !invite.inbound) {
      ports.logger.warn(
        { outcome: reply.outcome },
        'a connection to the call socket carries no inbound call; closing it',
      );
      // If the connection were only closed, the channel could stay parked until FreeSWITCH stops.
      talk.hangUp('NORMAL_TEMPORARY_FAILURE');
      return;
    }
    if (invite.sipCallId !== null) ports.refused.handled(invite.sipCallId);
    const code = codeOf(invite);
    if (code !== undefined) return await verificationCall({ code, invite, headers }, talk, ports.verification);
    await withSpan(
      'inbound call',
      { kind: 'server', attributes: { 'call.id': invite.callId, 'sip.call_id': invite.sipCallId ?? '' } },
      async (span) => {
        const started = performance.now();
        const request = routingRequest(invite, ports.bridge, ports.resolved.at(invite.sourceAddress));
        const admission = admit(await ports.decide(request), invite, ports, Date.now());
        const { outcome, decidedAt } = admission;
        decisionSeconds.record((performance.now() - started) / 1000, { decided_at: decidedAt });
        span.setAttributes({
          'route.outcome': outcome,
          'route.decided_at': decidedAt,
          ...(outcome === 'refuse' ? { 'route.reason': admission.refusal.reason } : {}),
        });
        takeSip(admission, invite, ports);
        const stamp: EventStamp = { bridgeId: ports.bridge.id, newId: ports.newId, traceparent: currentTraceparent() };
        if (outcome === 'refuse') await refuse({ ...admission, invite, stamp }, talk, ports);
        else await answer({ ...admission, invite, headers, request, stamp }, talk, ports);
      },
    );
    await talk.closed;
  } catch (error) {
    ports.logger.error({ err: error }, 'cannot handle an inbound call');
  } finally {
    talk.close();
  }
}

/** The call's SIP messages are its organisation's. */
function takeSip(admission: Admission, { sipCallId, sourceAddress, callId }: InviteFacts, { sip }: InboundCallPorts) {
  const refused = admission.outcome === 'refuse';
  const organizationId = refused ? admission.refusal.organization_id : admission.route.organization_id;
  if (sipCallId === null || organizationId === null) return;
  const numberId = refused ? null : admission.route.number_id;
  sip.own(sipCallId, sourceAddress, { organizationId, numberId, callId });
}

const codeOf = ({ requestUriUser, toUser }: InviteFacts) => dialledCode(requestUriUser) ?? dialledCode(toUser);

interface Answering {
  invite: InviteFacts;
  headers: EslHeaders;
  request: InboundRequest;
  route: Route;
  treatment: CallTreatment;
  requiresSrtp: boolean;
  decidedAt: DecidedAt;
  stamp: EventStamp;
}

async function answer(call: Answering, talk: Talk, ports: InboundCallPorts): Promise<void> {
  const { invite, headers, request, route, treatment } = call;
  const { live, logger } = ports;
  const { callId } = invite;
  const started = callStarted(invite, route, call.decidedAt, call.stamp);
  const { conversation, recordable } = beginCall(
    { started, organizationId: route.organization_id, trunkId: () => route.trunk_id },
    talk,
    ports,
  );
  if (route.named_in_full === true) {
    noteAcknowledgement(
      { headers, story: conversation.story, isNews: () => ports.local.wouldProve(route, request) },
      talk,
      ports.verification,
    );
  }
  for (const setting of settingsOf(call)) talk.execute('set', setting);
  const { media } = treatment;
  if (!(await recordable)) {
    const summary = 'Refused: the bridge could record the call neither on its disk nor in JetStream.';
    live.refused(callId, refusedHere(route, 'call-not-recordable', summary));
    talk.send(refuseCommands('call-not-recordable'));
  } else if (media === undefined || ports.expected.isEchoed(route, new Date()))
    echo(talk, media !== undefined, () => {
      live.reached(callId, 'ringing', new Date());
    });
  else await connectToAssistant({ started, route, treatment, conversation, live, logger, media }, talk, ports);
  if (await talk.settled(SETTLED_MS)) return;
  logger.error({ call_id: callId }, 'FreeSWITCH neither answered the call nor ended it');
  // Not by `hangUp`: a channel that waits for the ACK of a late offer reads no commands.
  talk.kill(callId, 'NORMAL_TEMPORARY_FAILURE');
}

/** Channel variables that count when the call is answered. */
const settingsOf = ({ headers, requiresSrtp }: Answering): string[] => [
  ...(requiresSrtp ? ['rtp_secure_media_inbound=mandatory'] : []),
  ...(leadsElsewhere(headers) ? RETURN_TO_SOURCE : []),
];

/** Longer than anybody listens to himself. */
const EXPECTED_MS = 60_000;

/**
 * The caller hears an echo, so that a trunk can be tried: no media URL is configured, or (`expected`) the organisation
 * waits for this call. Then a tone comes first, and the echo ends by itself.
 */
function echo(talk: Talk, expected: boolean, ringing: () => void): void {
  talk.execute('ring_ready');
  ringing();
  talk.execute('answer');
  if (!expected) return talk.execute('echo');
  talk.execute('gentones', GREETING);
  talk.onAnswered(() => {
    // Not before: FreeSWITCH carries out a command that arrives while it plays tones, and `echo` would end them.
    const begin = setTimeout(() => talk.execute('echo'), GREETING_MS).unref();
    const end = setTimeout(() => talk.hangUp('NORMAL_CLEARING'), EXPECTED_MS).unref();
    talk.onEnd(() => {
      clearTimeout(begin);
      clearTimeout(end);
    });
  });
}

interface Refusing {
  invite: InviteFacts;
  refusal: Refusal;
  decidedAt: DecidedAt;
  stamp: EventStamp;
}

async function refuse(
  { invite, refusal, decidedAt, stamp }: Refusing,
  talk: Talk,
  ports: InboundCallPorts,
): Promise<void> {
  callsMetric.add(1, { outcome: 'refused', reason: refusal.reason, decided_at: decidedAt });
  talk.send(refuseCommands(refusal.reason));
  const hangup = await talk.ended(SETTLED_MS);
  const sipStatus = statusSent(refusal, hangup?.hangup_disposition);
  const event = callRejected(invite, refusal, { decidedAt, endedAt: hangup?.endedAt ?? new Date(), sipStatus }, stamp);
  await ports.tell({ what: 'event', event });
  await ports.callRecords.finish(event);
  if (refusal.organization_id === null)
    ports.refused.unowned(unownedCall(invite, refusal, sipStatus), invite.sipCallId);
}

/** Its call record is in no call log; the owner of the called number may still ask why. */
const unownedCall = (invite: InviteFacts, { reason }: Refusal, sipStatus: number): RefusedFacts => ({
  sourceAddress: /^[\dA-Fa-f.:]*$/.test(invite.sourceAddress) ? invite.sourceAddress : '',
  called: printable(invite.requestUriUser.split(':', 1)[0]!),
  sipStatus,
  numbers: fullNumbers({ headers: invite.headers, request_uri_user: invite.requestUriUser, to_user: invite.toUser }),
  ...(reason === 'unknown-source' ? { reason, detail: null } : { reason: 'not-routed', detail: reason }),
});
