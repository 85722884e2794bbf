import type { Socket } from 'node:net';
import { dialledCode } from '@trunkmesh/contracts/address.js';
import type { InboundRequest } from '@trunkmesh/contracts/routing.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { currentTraceparent, withSpan } from '@trunkmesh/runtime/trace.otel.js';
import { parseChannelData } from '../esl/esl-event.js';
import type { EslHeaders } from '../esl/esl-frame.js';
import { fullNumbers, printable, type RefusedInvite } from '../refused/refused-invites.js';
import type { CallRecords } from '../call-record/call-records.fs.js';
import { noteAcknowledgement } from './acknowledgement.net.js';
import { connectToAssistant, type AssistantPorts } from './assistant-call.net.js';
import type { AssistantSettings } from '../route/assistant-settings.js';
import {
  callRejected,
  callStarted,
  partiesOfStarted,
  statusSent,
  type EventStamp,
  type Route,
} from '../live/call-events.js';
import { takeChannel, type CallLimits } from '../route/call-limits.js';
import { calls as callsMetric, decisionSeconds } from '../live/call-metrics.otel.js';
import { createStory } from '../live/call-story.js';
import { Talk } from './call-talk.net.js';
import { callTreatment, type CallTreatment } from '../route/call-treatment.js';
import type { Conversation, Conversations } from '../control/conversation.js';
import type { Decided, DecideInbound } from '../route/inbound-router.nats.js';
import { epochMicroseconds, readInvite, routingRequest, type InviteFacts } from '../live/invite-facts.js';
import type { LiveCalls, LiveCallsOptions } from '../live/live-calls.net.js';
import { leadsElsewhere, RETURN_TO_SOURCE } from './next-hop.js';
import { refusedForOffer } from './offer-refusal.js';
import type { LocalRoutes } from '../route/local-routes.nats.js';
import { refuseCommands, refusedHere, type Refusal } from '../live/refusal.js';
import { verificationCall, type VerificationPorts } from './verification-call.net.js';

/** What a call needs from the rest of the agent. */
export interface CallPorts {
  bridge: { id: string; pool: string };
  decide: DecideInbound;
  /** Trunks whose gateway's host name resolves to the address. */
  resolvedTrunks: (address: string) => readonly string[];
  limits: CallLimits;
  local: Pick<LocalRoutes, 'limitsOf' | 'customerSettingsOf' | 'outboundRulesOf' | 'wouldProve'>;
  live: Pick<LiveCalls, 'begin' | 'ringing' | 'answered' | 'refused' | 'ended' | 'lost'>;
  callRecords: Pick<CallRecords, 'finish'>;
  tell: LiveCallsOptions['tell'];
  mesh: AssistantSettings;
  assistant: AssistantPorts;
  conversations: Conversations;
  /** Counts calls that the call log does not show: those of no organisation. */
  refused: { handled(sipCallId: string): void; unowned(refused: RefusedInvite): void };
  newId: () => string;
  verification: VerificationPorts;
  logger: Logger;
}

/** The wait from the answer or the refusal to FreeSWITCH's event about it. Both take milliseconds. */
const SETTLED_MS = 10_000;

/** One call from FreeSWITCH's connection to its end. Never rejects. */
export async function handleInboundCall(socket: Socket, ports: CallPorts): Promise<void> {
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
      // If the connection were only closed, the channel could stay parked for ever.
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
        const request = routingRequest(invite, ports.bridge, ports.resolvedTrunks(invite.sourceAddress));
        const found = await ports.decide(request);
        const decided = withinLimits(answerable(treated(found, ports), invite, ports), ports);
        decisionSeconds.record((performance.now() - started) / 1000, { decided_at: decided.decidedAt });
        const { decision } = decided;
        span.setAttributes({
          'route.outcome': decision.outcome,
          'route.decided_at': decided.decidedAt,
          ...(decision.outcome === 'refuse' ? { 'route.reason': decision.reason } : {}),
        });
        const stamp: EventStamp = { bridgeId: ports.bridge.id, newId: ports.newId, traceparent: currentTraceparent() };
        if (decision.outcome === 'refuse') await refuse({ invite, refusal: decision, decided, stamp }, talk, ports);
        else
          await answer(
            { invite, headers, request, route: decision, treatment: decided.treatment!, decided, stamp },
            talk,
            ports,
          );
      },
    );
    await talk.closed;
  } catch (error) {
    ports.logger.error({ err: error }, 'cannot handle an inbound call');
  } finally {
    talk.close();
  }
}

const codeOf = ({ requestUriUser, toUser }: InviteFacts) => dialledCode(requestUriUser) ?? dialledCode(toUser);

/** `treatment` is set for a routed call. */
type Treated = Decided & { treatment?: CallTreatment; requiresSrtp?: boolean };

/** This host must know the organisation's assistant itself: connecting the caller to another one would be a guess. */
function treated(decided: Decided, { local, mesh }: CallPorts): Treated {
  const { decision } = decided;
  if (decision.outcome === 'refuse') return decided;
  const settings = local.customerSettingsOf(decision.organization_id, decision.number_id);
  if (settings !== undefined) return { ...decided, treatment: callTreatment(settings, mesh) };
  return {
    ...decided,
    decision: refusedHere(
      decision,
      'routing-unavailable',
      "Refused: this bridge does not have the organisation's settings yet.",
    ),
  };
}

/**
 * Checked before the call rings. FreeSWITCH refuses a late offer or a re-INVITE without SRTP if the trunk requires it.
 */
function answerable(decided: Treated, invite: InviteFacts, { local }: CallPorts): Treated {
  const { decision } = decided;
  if (decision.outcome === 'refuse') return decided;
  const srtp = local.outboundRulesOf(decision.organization_id, decision.trunk_id)?.trunk.srtp;
  const refusal = refusedForOffer(decision, invite, srtp);
  return refusal === undefined ? { ...decided, requiresSrtp: srtp === 'required' } : { ...decided, decision: refusal };
}

/** The trunk's own limits on this host. A call that passes has taken one of its channels. */
function withinLimits(decided: Treated, { limits, local }: CallPorts): Treated {
  const { decision } = decided;
  if (
    decision.outcome === 'refuse' ||
    takeChannel(limits, decision.trunk_id, local.limitsOf(decision.organization_id, decision.trunk_id), Date.now())
  )
    return decided;
  return {
    ...decided,
    decision: refusedHere(
      decision,
      'limit-reached',
      `Refused: the trunk's limit of concurrent or new calls is reached on this bridge (${decision.number}).`,
    ),
  };
}

interface Answering {
  invite: InviteFacts;
  headers: EslHeaders;
  request: InboundRequest;
  route: Route;
  treatment: CallTreatment;
  decided: Treated;
  stamp: EventStamp;
}

async function answer(
  { invite, headers, request, route, treatment, decided, stamp }: Answering,
  talk: Talk,
  ports: CallPorts,
): Promise<void> {
  const { live, logger, conversations } = ports;
  const { callId } = invite;
  const started = callStarted(invite, route, decided.decidedAt, stamp);
  const conversation: Conversation = {
    parties: { ...partiesOfStarted(started), organization_id: route.organization_id },
    channel: talk,
    story: createStory(),
    outboundRules: () => ports.local.outboundRulesOf(route.organization_id, route.trunk_id),
    answered: false,
    talking: false,
    transferring: false,
  };
  conversations.set(callId, conversation);
  const noted = live.begin(started, conversation.story).then(
    () => true,
    (error: unknown) => {
      logger.error({ err: error, call_id: callId }, 'rejected a call: neither the disk nor JetStream can record it');
      return false;
    },
  );
  talk.onAnswered((event) => {
    conversation.answered = true;
    live.answered(
      callId,
      epochMicroseconds(event.headers.get('Caller-Channel-Answered-Time')) ?? new Date(),
      event.headers.get('variable_read_codec')?.slice(0, 64) ?? null,
    );
  });
  talk.onEnd((hangup) => {
    conversations.delete(callId);
    if (hangup === undefined) live.lost(callId, new Date());
    else live.ended(callId, hangup);
  });
  if (route.named_in_full === true) {
    noteAcknowledgement(
      { headers, story: conversation.story, isNews: () => ports.local.wouldProve(route, request) },
      talk,
      ports.verification,
    );
  }
  for (const setting of settingsOf(headers, decided)) talk.execute('set', setting);
  const { media } = treatment;
  if (!(await noted)) {
    const summary = 'Refused: the bridge could record the call neither on its disk nor in JetStream.';
    live.refused(callId, refusedHere(route, 'call-not-recordable', summary));
    talk.send(refuseCommands('call-not-recordable'));
  } else if (media === undefined)
    echo(talk, () => {
      live.ringing(callId, new Date());
    });
  else
    await connectToAssistant({ started, route, treatment, conversation, live, logger, media }, talk, ports.assistant);
  if (await talk.settled(SETTLED_MS)) return;
  logger.error({ call_id: callId }, 'FreeSWITCH neither answered the call nor ended it');
  // Not by `hangUp`: a channel that waits for the ACK of a late offer reads no commands.
  talk.kill(callId, 'NORMAL_TEMPORARY_FAILURE');
}

/** Channel variables that count when the call is answered. */
const settingsOf = (headers: EslHeaders, { requiresSrtp }: Treated): string[] => [
  ...(requiresSrtp === true ? ['rtp_secure_media_inbound=mandatory'] : []),
  ...(leadsElsewhere(headers) ? RETURN_TO_SOURCE : []),
];

/** No media URL is configured: the caller hears an echo, so that a trunk can be tried. */
function echo(talk: Talk, ringing: () => void): void {
  talk.execute('ring_ready');
  ringing();
  for (const application of ['answer', 'echo']) talk.execute(application);
}

interface Refusing {
  invite: InviteFacts;
  refusal: Refusal;
  decided: Decided;
  stamp: EventStamp;
}

async function refuse({ invite, refusal, decided, stamp }: Refusing, talk: Talk, ports: CallPorts): Promise<void> {
  const { decidedAt } = decided;
  callsMetric.add(1, { outcome: 'refused', reason: refusal.reason, decided_at: decidedAt });
  talk.send(refuseCommands(refusal.reason));
  const hangup = await talk.ended(SETTLED_MS);
  const sipStatus = statusSent(refusal, hangup?.hangup_disposition);
  const event = callRejected(invite, refusal, { decidedAt, endedAt: hangup?.endedAt ?? new Date(), sipStatus }, stamp);
  await ports.tell({ what: 'event', event });
  await ports.callRecords.finish(event);
  if (refusal.organization_id === null) ports.refused.unowned(unownedCall(invite, refusal, sipStatus));
}

/** Its call record is in no call log; the owner of the called number may still ask why. */
const unownedCall = (invite: InviteFacts, { reason }: Refusal, sipStatus: number): RefusedInvite => ({
  sourceAddress: /^[\dA-Fa-f.:]*$/.test(invite.sourceAddress) ? invite.sourceAddress : '',
  called: printable(invite.requestUriUser),
  sipStatus,
  numbers: fullNumbers({ headers: invite.headers, request_uri_user: invite.requestUriUser, to_user: invite.toUser }),
  ...(reason === 'unknown-source' ? { reason, detail: null } : { reason: 'not-routed', detail: reason }),
});
