import { randomUUID } from 'node:crypto';
import type { CallAttempt } from '@trunkmesh/contracts/call-parts.js';
import type { OriginateRequest } from '@trunkmesh/contracts/outbound-call.js';
import { failsOver } from '@trunkmesh/contracts/failover.js';
import { OUTBOUND_DEFAULTS } from '@trunkmesh/contracts/outbound-settings.js';
import type { PlannedAttempt } from '@trunkmesh/contracts/outbound.js';
import { belongsOnBridge, gatewayName, type TrunkState } from '@trunkmesh/contracts/trunk.js';
import type { CallParts } from '../call/call-parts.net.js';
import { UnsafeEslValue, type EslCommand } from '../esl/esl-command.js';
import { note, type CallStory } from '../live/call-story.js';
import { freeChannel, occupyChannel } from '../route/call-limits.js';
import { dialCommand, UnsafeDialValue } from './dial-string.js';
import { variablesOf } from './dial-variables.js';
import type { CallerBuffer } from './caller-buffer.net.js';
import type { Dialling } from './dialling.net.js';
import type { HandOver } from './hand-over.net.js';
import type { Permit, Permits } from './permits.nats.js';
import { endedOf, failed, resultOf, triedOf, UNSENT } from './tried.js';
import type { Attempted, Ended, Failed, Tried } from './tried.js';

/** What the attempts of an outbound call need from the rest of the agent. */
export interface AttemptPorts extends Pick<CallParts, 'bridge' | 'limits' | 'live' | 'local' | 'logger' | 'sip'> {
  dialling: Dialling;
  callerBuffer: CallerBuffer;
  permits: Permits;
  /** Nothing may be sent for the trunk because of what its carrier's certificate is. */
  refusesCertificate: (trunkId: string) => boolean;
  handOver: Pick<HandOver, 'give'>;
  /** Where FreeSWITCH connects to once a call is answered. */
  callSocket: () => { host: string; port: number };
  /** Outbound calls of this bridge that use the trunk. */
  outboundOn: (trunkId: string) => number;
}

/** The attempts of one outbound call: its trunks one at a time, until it is answered or one says that it is over. */
export class TrunkAttempts {
  private trunkId: string;
  private rang = false;
  private dialledOnce = false;
  private initiated: boolean;

  constructor(
    private readonly call: {
      request: OriginateRequest;
      /** When the call began, maybe on another bridge. */
      startedAt: string;
      /** Its attempts are noted here. */
      story: CallStory & { attempts: CallAttempt[] };
      /** Aborted when the call is to end before it is answered. */
      givenUp: AbortSignal;
      /** Each attempt whose called party rings. */
      onRinging: () => void;
      /** The 200 of an attempt. */
      onAnswer: () => void;
    },
    private readonly ports: AttemptPorts,
  ) {
    this.trunkId = call.request.attempts[0]!.trunk_id;
    this.initiated = call.request.continued?.initiated ?? false;
    occupyChannel(ports.limits, this.trunkId, Date.now());
  }

  /** The trunk of the latest attempt. Its channel is taken until the call has ended. */
  get trunk(): string {
    return this.trunkId;
  }

  async run(): Promise<Tried> {
    const { attempts } = this.call.request;
    for (const [index, planned] of attempts.entries()) {
      if (await this.handsOver(planned, index)) return { outcome: 'handed-over' };
      const startedAt = new Date();
      const tried = await this.attempt(planned, startedAt);
      const isLast = index + 1 === attempts.length;
      const goOn = tried.outcome === 'failed' && !isLast && this.failsOver(planned, tried);
      const ended = endedOf(tried);
      if (ended !== undefined) this.record(planned, startedAt, ended, goOn);
      if (!goOn) return tried;
    }
    return failed('no-gateway');
  }

  /** To the bridge of the next attempt. A call that was just taken from another bridge is not sent round. */
  private async handsOver({ trunk_id, bridge_id }: PlannedAttempt, index: number): Promise<boolean> {
    const { request, story, startedAt, givenUp } = this.call;
    const { local, bridge, handOver } = this.ports;
    const rules = local.outboundRulesOf(request.organization_id, trunk_id);
    if (rules !== undefined && belongsOnBridge(rules.trunk, bridge)) return false;
    const to = rules?.trunk.bridge_id ?? bridge_id;
    if (to === null || to === bridge.id || givenUp.aborted || (index === 0 && request.continued !== undefined))
      return false;
    const left = { ...request, attempts: request.attempts.slice(index) };
    return handOver.give(to, { request: left, story, started_at: startedAt, initiated: this.initiated, givenUp });
  }

  private async attempt(planned: PlannedAttempt, startedAt: Date): Promise<Attempted> {
    const { request, givenUp } = this.call;
    const { local, bridge } = this.ports;
    this.use(planned.trunk_id, startedAt);
    if (givenUp.aborted) return failed('canceled');
    const rules = local.outboundRulesOf(request.organization_id, planned.trunk_id);
    if (rules === undefined || !belongsOnBridge(rules.trunk, bridge)) return failed('no-gateway');
    if (this.ports.refusesCertificate(planned.trunk_id)) return failed('certificate-refused');
    const permit = await this.permit(planned, rules.trunk);
    if (permit !== 'granted') return failed(permit === 'given-up' ? 'canceled' : permit);
    if (Date.now() > Date.parse(request.dial_until)) return failed('too-late');
    return this.dial(planned, rules.trunk, startedAt);
  }

  private async dial({ dialled }: PlannedAttempt, trunk: TrunkState, startedAt: Date): Promise<Attempted> {
    const { request, givenUp } = this.call;
    const { dialling } = this.ports;
    const callId = request.call_id;
    const job = randomUUID();
    const command = this.command(dialled, trunk, job);
    if (command === undefined) return UNSENT;
    const again = this.dialledOnce;
    if (!this.initiated) this.ports.live.reached(request.call_id, 'initiated', startedAt);
    this.dialledOnce = true;
    this.initiated = true;
    this.rang = false;
    const { organization_id: organizationId, number_id: numberId } = request;
    const heard = {
      onRinging: (at: Date) => this.ringing(at),
      onAnswer: this.call.onAnswer,
      onSipCallId: (id: string) => this.ports.sip.own(id, undefined, { organizationId, numberId, callId }),
    };
    return triedOf(await dialling.dial({ callId, job, command, again, givenUp }, heard));
  }

  /** Undefined: a value of the trunk or of the call does not pass through a dial string. Another trunk's may. */
  private command(dialled: string, trunk: TrunkState, job: string): EslCommand | undefined {
    const { request } = this.call;
    const { callerBuffer, callSocket, logger } = this.ports;
    const ringSeconds =
      request.ring_timeout_seconds ?? trunk.ring_timeout_seconds ?? OUTBOUND_DEFAULTS.ring_timeout_seconds;
    try {
      return dialCommand({
        callId: request.call_id,
        job,
        gateway: gatewayName(trunk),
        dialled,
        callSocket: callSocket(),
        ringSeconds,
        variables: [...callerBuffer.variables, ...variablesOf(trunk, request, dialled)],
      });
    } catch (error) {
      if (!(error instanceof UnsafeDialValue || error instanceof UnsafeEslValue)) throw error;
      logger.warn({ err: error, call_id: request.call_id, trunk_id: trunk.id }, 'cannot dial over a trunk');
      return undefined;
    }
  }

  private permit({ trunk_id }: PlannedAttempt, trunk: TrunkState): Promise<Permit> {
    const { request, story, givenUp } = this.call;
    const { limits, local, bridge, permits, outboundOn } = this.ports;
    const { call_id, organization_id, dial_until } = request;
    const ask = {
      call_id,
      attempt: story.attempts.length + 1,
      organization_id,
      trunk_id,
      bridge_id: bridge.id,
      channels: Math.max(0, (limits.get(trunk_id)?.channels ?? 0) - outboundOn(trunk_id)),
    };
    const queueSeconds = trunk.queue_seconds ?? OUTBOUND_DEFAULTS.queue_seconds;
    const until = Math.min(Date.parse(dial_until), Date.now() + queueSeconds * 1_000);
    const waiting = { signal: givenUp, until, registers: trunk.register };
    return permits.take(ask, local.limitsOf(organization_id, trunk_id), waiting);
  }

  /** From now on the call's events are of this trunk, and it occupies its channel. */
  private use(trunkId: string, at: Date): void {
    const { limits, live } = this.ports;
    if (trunkId !== this.trunkId) {
      freeChannel(limits, this.trunkId);
      occupyChannel(limits, trunkId, Date.now());
    }
    this.trunkId = trunkId;
    live.tries(this.call.request.call_id, trunkId, at);
  }

  private ringing(at: Date): void {
    this.rang = true;
    const { request, story, onRinging } = this.call;
    if (!story.timeline.some(({ what }) => what === 'ringing')) this.ports.live.reached(request.call_id, 'ringing', at);
    onRinging();
  }

  private failsOver({ trunk_id }: PlannedAttempt, { reason, status, undialled }: Failed): boolean {
    const { request, givenUp } = this.call;
    if (undialled === true) return !givenUp.aborted;
    const rules = this.ports.local.outboundRulesOf(request.organization_id, trunk_id);
    return !givenUp.aborted && failsOver(rules?.trunk ?? {}, { reason, sip_status: status });
  }

  private record(planned: PlannedAttempt, startedAt: Date, tried: Ended, goOn: boolean) {
    const { request, story } = this.call;
    const { live, permits, bridge } = this.ports;
    const { trunk_id, dialled } = planned;
    const attempt: CallAttempt = {
      attempt: story.attempts.length + 1,
      trunk_id,
      bridge_id: bridge.id,
      dialled,
      ...resultOf(tried),
      started_at: startedAt.toISOString(),
      duration_ms: Math.max(0, Date.now() - startedAt.getTime()),
      ringing: this.rang,
      failed_over: goOn,
    };
    story.attempts.push(attempt);
    if (tried.outcome === 'answered') return;
    const { reason, status } = tried;
    note(story, new Date(), 'attempt-failed', status === null ? reason : `${reason} (${status})`);
    live.attemptFailed(request.call_id, attempt);
    permits.release({ call_id: request.call_id, attempt: attempt.attempt, trunk_id });
  }
}
