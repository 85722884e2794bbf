import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@trunkmesh/runtime/logger.pino.js';
import { currentTraceparent, withSpan } from '@trunkmesh/runtime/trace.otel.js';
import { parseChannelData } from '../esl/esl-event.js';
import type { CallRecorder } from '../record/call-recorder.fs.js';
import { connectToAssistant, type AssistantPorts } from './assistant-call.socket.js';
import { callRejected, callStarted, statusSent, type EventStamp, type Route } from './call-events.js';
import { takeChannel, type CallLimits, type TrunkLimits } from './call-limits.js';
import { calls as callsMetric, decisionSeconds } from './call.metrics.js';
import { openTalk, type Talk } from './call-talk.socket.js';
import type { Decided, DecideInbound } from './inbound-router.nats.js';
import { epochMicroseconds, readInvite, routingRequest, type InviteFacts } from './invite-facts.js';
import type { LiveCalls } from './live-calls.registry.js';
import { refuseCommands, refusedHere, type Refusal } from './refusal.js';

/** What a call needs of the rest of the agent. */
export interface CallPorts {
  bridge: { id: string; pool: string };
  decide: DecideInbound;
  /** Trunks whose gateway's host name resolves to the address. */
  resolvedTrunks: (address: string) => readonly string[];
  limits: CallLimits;
  limitsOf: (organizationId: string, trunkId: string) => TrunkLimits;
  live: Pick<LiveCalls, 'begin' | 'answered' | 'refused' | 'ended' | 'lost'>;
  recorder: Pick<CallRecorder, 'finish'>;
  /** Undefined: nobody is there to talk to, and callers hear themselves. */
  assistant: AssistantPorts | undefined;
  newId: () => string;
  logger: Logger;
}

/** The call's file is in the kernel's hands long before; a disk that stalls must not make callers wait. */
const NOTED_MS = 100;
/** From the answer or the refusal to FreeSWITCH's word about it. Both take milliseconds. */
const SETTLED_MS = 10_000;

/** One call from FreeSWITCH's connection to its end. Never rejects. */
export async function handleInboundCall(socket: Socket, ports: CallPorts): Promise<void> {
  const talk = openTalk(socket);
  try {
    const reply = await talk.begin();
    const invite = reply.outcome === 'reply' ? readInvite(parseChannelData(reply.frame).headers, new Date()) : undefined;
    if (invite === undefined || !invite.inbound) {
      ports.logger.warn({ outcome: reply.outcome }, 'a connection to the call socket that brings no inbound call');
      return;
    }
    await withSpan('inbound call', { kind: 'server', attributes: { 'call.id': invite.callId, 'sip.call_id': invite.sipCallId ?? '' } }, async (span) => {
      const started = performance.now();
      const decided = withinLimits(await ports.decide(routingRequest(invite, ports.bridge, ports.resolvedTrunks(invite.sourceAddress))), ports);
      decisionSeconds.record((performance.now() - started) / 1000, { decided_at: decided.decidedAt });
      const { decision } = decided;
      span.setAttributes({ 'route.outcome': decision.outcome, 'route.decided_at': decided.decidedAt, ...(decision.outcome === 'refuse' ? { 'route.reason': decision.reason } : {}) });
      const stamp: EventStamp = { bridgeId: ports.bridge.id, newId: ports.newId, traceparent: currentTraceparent() };
      if (decision.outcome === 'refuse') await refuse({ invite, refusal: decision, decided, stamp }, talk, ports);
      else await answer({ invite, route: decision, decided, stamp }, talk, ports);
    });
    await talk.closed;
  } catch (error) {
    ports.logger.error({ err: error }, 'an inbound call could not be handled');
  } finally {
    talk.close();
  }
}

/** The trunk's own limits, on this host. A call that is let through has taken its channel. */
function withinLimits(decided: Decided, { limits, limitsOf }: CallPorts): Decided {
  const { decision } = decided;
  if (decision.outcome === 'refuse' || takeChannel(limits, decision.trunk_id, limitsOf(decision.organization_id, decision.trunk_id), Date.now())) return decided;
  return { ...decided, decision: refusedHere(decision, 'limit-reached', `Refused: the trunk's limit of concurrent or new calls is reached on this bridge (${decision.number}).`) };
}

interface Answering { invite: InviteFacts; route: Route; decided: Decided; stamp: EventStamp }

async function answer({ invite, route, decided, stamp }: Answering, talk: Talk, ports: CallPorts): Promise<void> {
  const { live, logger } = ports;
  const { callId } = invite;
  const started = callStarted(invite, route, decided.decidedAt, stamp);
  const noted = live.begin(started).catch((error: unknown) => { logger.error({ err: error, call_id: callId }, 'a call that begins cannot be noted on disk'); });
  talk.onAnswered((event) => { live.answered(callId, epochMicroseconds(event.headers.get('Caller-Channel-Answered-Time')) ?? new Date(), event.headers.get('variable_read_codec')?.slice(0, 64) ?? null); });
  talk.onEnd((hangup) => {
    if (hangup === undefined) live.lost(callId, new Date());
    else live.ended(callId, hangup);
  });
  await Promise.race([noted, sleep(NOTED_MS, undefined, { ref: false })]);
  if (ports.assistant === undefined) echo(talk);
  else await connectToAssistant({ started, route, live, logger }, talk, ports.assistant);
  if (await talk.settled(SETTLED_MS)) return;
  logger.error({ call_id: callId }, 'FreeSWITCH neither answered the call nor ended it');
  talk.hangUp('NORMAL_TEMPORARY_FAILURE');
}

function echo(talk: Talk): void {
  for (const application of ['ring_ready', 'answer', 'echo']) talk.execute(application);
}

interface Refusing { invite: InviteFacts; refusal: Refusal; decided: Decided; stamp: EventStamp }

async function refuse({ invite, refusal, decided, stamp }: Refusing, talk: Talk, ports: CallPorts): Promise<void> {
  const { decidedAt } = decided;
  callsMetric.add(1, { outcome: 'refused', reason: refusal.reason, decided_at: decidedAt });
  talk.send(refuseCommands(refusal.reason));
  const hangup = await talk.ended(SETTLED_MS);
  const sipStatus = statusSent(refusal, hangup?.hangup_disposition);
  await ports.recorder.finish(callRejected(invite, refusal, { decidedAt, endedAt: hangup?.endedAt ?? new Date(), sipStatus }, stamp));
}
