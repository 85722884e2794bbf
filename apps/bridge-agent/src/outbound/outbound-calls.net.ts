import type { Socket } from 'node:net';
import type { CallStarted } from '@trunkmesh/contracts/call.js';
import type { OriginateAnswer, OriginateRequest } from '@trunkmesh/contracts/outbound-call.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import { currentTraceparent } from '@trunkmesh/runtime/trace.otel.js';
import { startCallSocket, type CallSocket } from '../call/call-socket.net.js';
import { Talk } from '../call/call-talk.net.js';
import { endConversation } from '../call/conversation.js';
import type { Drain } from '../call/drain.process.js';
import { outboundStarted } from '../live/call-events.js';
import type { EventSocket } from '../live/call-search.net.js';
import { parseChannelData } from '../esl/esl-event.js';
import type { HangupFacts } from '../live/hangup-facts.js';
import type { CustomerSettings } from '../route/call-treatment.js';
import { canceledOf } from './canceled-calls.nats.js';
import { OutboundCall, type OutboundCallPorts } from './outbound-call.net.js';
import { outboundOn } from './outbound-channels.js';
import { ACCEPTED, refused, TakenCalls } from './taken-calls.net.js';

export interface OutboundCallsOptions {
  ports: Omit<OutboundCallPorts, 'callSocket' | 'outboundOn'>;
  host: string;
  maxCalls: number;
  drain: Pick<Drain, 'begun'>;
  /** Whether a call of an earlier request has begun already; undefined: that cannot be looked up. */
  isKnown: (request: OriginateRequest) => Promise<boolean | undefined>;
  eventSocket: Pick<EventSocket, 'connected' | 'api'>;
  link: NatsLink;
}

/** After its `dial_until` no request for a call is under way. */
const FORGET_MS = 600_000;

/** The outbound calls of this host, from their request on. */
export class OutboundCalls {
  private readonly calls = new Map<string, OutboundCall>();
  private readonly ports: OutboundCallPorts;
  /** Calls that another bridge took, and until when they may be dialled. */
  private readonly gone = new Map<string, number>();
  private readonly taken: TakenCalls;
  private socket: CallSocket | undefined;
  private readonly begunAt = Date.now();

  static async start(options: OutboundCallsOptions): Promise<OutboundCalls> {
    const calls = new OutboundCalls(options);
    calls.socket = await startCallSocket({
      host: options.host,
      port: 0,
      maxCalls: options.maxCalls,
      logger: options.ports.logger,
      onCall: (socket) => calls.connected(socket),
      onTurnedAway: (socket) => Promise.resolve(void socket.destroy()),
    });
    return calls;
  }

  private constructor(private readonly options: OutboundCallsOptions) {
    this.ports = {
      ...options.ports,
      callSocket: () => ({ host: options.host, port: this.socket!.port }),
      handOver: {
        give: async (to, offer) => {
          const given = await options.ports.handOver.give(to, offer);
          if (given) this.gaveAway(offer.request);
          return given;
        },
      },
      outboundOn: (trunkId) => outboundOn(options.ports.live.calls.all(), trunkId),
    };
    this.taken = new TakenCalls({
      ...this.ports,
      link: options.link,
      held: (callId) => this.calls.get(callId),
      knows: (callId) => this.knows(callId),
      settingsOf: (request) => this.settingsOf(request),
      startedOf: (request, at) => this.startedOf(request, at),
      begin: (request, started, settings) => this.begin(request, started, settings),
    });
  }

  /** Takes the call over, or says why not. Answered when it is on the disk; a repeated request changes nothing. */
  async originate(request: OriginateRequest): Promise<OriginateAnswer> {
    const { call_id: callId, continued, share } = request;
    if (share !== undefined) this.ports.permits.learn(share);
    if (continued !== undefined) return this.taken.take({ ...request, continued });
    if (this.knows(callId) || this.gone.has(callId)) return ACCEPTED;
    const known = Date.parse(request.requested_at) < this.begunAt ? await this.options.isKnown(request) : false;
    if (known === true || this.knows(callId)) return ACCEPTED;
    if (known === undefined)
      return refused(
        'settings-not-known',
        'The bridge cannot look up whether it had this call before. Nothing was done.',
      );
    const settings = this.settingsOf(request);
    if ('outcome' in settings) return settings;
    return this.begin(request, this.startedOf(request, new Date()), settings);
  }

  private async begin(request: OriginateRequest, started: CallStarted, settings: CustomerSettings) {
    const { call_id: callId } = request;
    const call = new OutboundCall(request, { started, settings }, this.ports);
    this.calls.set(callId, call);
    call.channel.onEnd(() => {
      this.calls.delete(callId);
    });
    await call.recordable;
    void call.run();
    return ACCEPTED;
  }

  private startedOf(request: OriginateRequest, at: Date): CallStarted {
    const { bridge, newId } = this.ports;
    return outboundStarted(request, at, { bridgeId: bridge.id, newId, traceparent: currentTraceparent() });
  }

  private gaveAway({ call_id, dial_until }: OriginateRequest): void {
    const now = Date.now();
    for (const [callId, until] of this.gone) if (until + FORGET_MS < now) this.gone.delete(callId);
    this.gone.set(call_id, Date.parse(dial_until));
  }

  /** The event socket is back: what an earlier process, or a lost connection, left ringing is ended. */
  async endLeft(): Promise<void> {
    const { live, logger } = this.ports;
    const left = live.unheld().filter(({ started: { data }, answered }) => {
      return data.direction === 'outbound' && answered === null && !this.calls.has(data.call_id);
    });
    if (left.length === 0) return;
    const canceled = await canceledOf(
      this.options.link,
      left.map(({ started }) => started.data.call_id),
    );
    for (const { started, story } of left) {
      const { call_id: callId } = started.data;
      logger.warn({ call_id: callId }, 'ending an outbound call that was left ringing');
      story.intended ??= canceled.has(callId) ? 'canceled' : 'bridge-stopped';
      await this.options.eventSocket.api('uuid_kill', `${callId} NORMAL_TEMPORARY_FAILURE`);
    }
  }

  /** An answered call ended, by the event socket. */
  ended(callId: string, hangup: HangupFacts): void {
    this.calls.get(callId)?.channel.overheard(hangup);
  }

  /** Before the agent stops: nothing stays ringing. */
  async giveUp(withinMs: number): Promise<void> {
    await Promise.all(
      [...this.calls].map(([callId, { channel }]) => {
        const conversation = this.ports.conversations.get(callId);
        if (channel.taken || conversation === undefined) return undefined;
        endConversation(conversation, 'bridge-stopped', new Date());
        return channel.ended(withinMs);
      }),
    );
  }

  async stop(): Promise<void> {
    await this.socket?.stop();
  }

  private knows(callId: string): boolean {
    return this.calls.has(callId) || this.ports.live.has(callId) || this.ports.callRecords.recorded.has(callId);
  }

  /** The organisation's settings, or why the call cannot be taken now. */
  private settingsOf(request: OriginateRequest): CustomerSettings | ReturnType<typeof refused> {
    const refusal = this.refusalOf(request);
    if (refusal !== undefined) return refusal;
    const settings = this.ports.local.customerSettingsOf(request.organization_id, request.number_id);
    return (
      settings ??
      refused('settings-not-known', "This bridge does not have the organisation's settings yet. Nothing was done.")
    );
  }

  private refusalOf(request: OriginateRequest) {
    const { dial_until, continued } = request;
    const { drain, eventSocket, maxCalls } = this.options;
    if (continued === undefined && this.ports.canceledAhead.has(request, Date.now()))
      return refused('canceled', 'The call was canceled before this request for it arrived. Nothing was done.');
    if (continued?.closes !== true && Date.parse(dial_until) < Date.now())
      return refused('too-late', 'The request arrived after the time at which the call had to be dialled.');
    if (drain.begun) return refused('bridge-stopping', 'The bridge is about to stop. Ask another one.');
    if (this.ports.live.count() >= maxCalls)
      return refused('bridge-full', `The bridge has ${maxCalls} calls, its limit (MAX_CALLS). Ask another one.`);
    if (!eventSocket.connected)
      return refused('switch-unavailable', 'The bridge is not connected to its FreeSWITCH. Ask another one.');
    return undefined;
  }

  /** An answered call: its channel runs the application `socket`. */
  private async connected(socket: Socket): Promise<void> {
    const talk = new Talk(socket);
    const { dialling, logger } = this.ports;
    try {
      const reply = await talk.begin();
      const headers = reply.outcome === 'reply' ? parseChannelData(reply.frame).headers : undefined;
      const callId = headers?.get('Unique-ID') ?? '';
      const call = this.calls.get(callId);
      if (headers === undefined || call === undefined) {
        logger.warn({ call_id: callId }, 'an outbound call was answered that this process does not have; hanging up');
        talk.hangUp('NORMAL_TEMPORARY_FAILURE');
        await talk.ended(2_000);
        return;
      }
      dialling.answered(callId, headers.get('variable_sip_call_id'));
      await call.answered(talk, headers);
      await talk.closed;
    } catch (error) {
      logger.error({ err: error }, 'cannot serve an answered outbound call');
    } finally {
      talk.close();
    }
  }
}
