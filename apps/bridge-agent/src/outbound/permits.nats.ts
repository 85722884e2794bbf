import { setTimeout as sleep } from 'node:timers/promises';
import { permitAnswer, type PermitAnswer, type PermitRequest } from '@trunkmesh/contracts/outbound-call.js';
import { OUTBOUND_PERMIT, OUTBOUND_RELEASE } from '@trunkmesh/contracts/subjects.js';
import { ask } from '@trunkmesh/requests/ask.nats.js';
import { Unanswered } from '@trunkmesh/requests/unanswered.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import { freeChannel, occupyChannel, takeChannel, type CallLimits, type TrunkLimits } from '../route/call-limits.js';

export interface PermitPorts {
  link: NatsLink;
  limits: CallLimits;
  logger: Logger;
}

/** `given-up`: the signal was aborted while it waited. */
export type Permit = 'granted' | 'limit-reached' | 'queue-full' | 'queue-timeout' | 'given-up';

const DEADLINE_MS = 2_000;
const AGAIN_MS = 250;

/** Whether an attempt over a trunk with limits may be dialled now: trunk-service decides for all bridges. */
export class Permits {
  /** How many bridges share a trunk's limits, as trunk-service said last. */
  private bridges = 1;

  constructor(private readonly ports: PermitPorts) {}

  /**
   * Waits in the trunk's queue until `until` (milliseconds since the epoch). While trunk-service does not answer, this
   * bridge keeps to an equal share of the limits; `channels` of the trunk are in use here, this call's among them.
   */
  async take(
    request: PermitRequest,
    limits: TrunkLimits,
    { signal, until }: { signal: AbortSignal; until: number },
  ): Promise<Permit> {
    if (limits.max_channels === null && limits.max_cps === null) return 'granted';
    while (!signal.aborted) {
      const answer = (await this.ask(request)) ?? this.ownAnswer(request.trunk_id, limits);
      if (signal.aborted) break;
      if (answer.outcome === 'granted') return 'granted';
      if (answer.outcome === 'refused')
        return this.gone(request, answer.reason === 'queue-full' ? 'queue-full' : 'limit-reached');
      if (Date.now() >= until) return this.gone(request, 'queue-timeout');
      const waitMs = Math.min(answer.retry_after_ms, Math.max(1, until - Date.now()));
      await sleep(waitMs, undefined, { signal }).catch(() => undefined);
    }
    return this.gone(request, 'given-up');
  }

  private ownAnswer(trunkId: string, limits: TrunkLimits): PermitAnswer {
    const { bridges } = this;
    return this.withinShare(trunkId, limits)
      ? { outcome: 'granted', bridges }
      : { outcome: 'wait', retry_after_ms: AGAIN_MS, position: 1, bridges };
  }

  /** The attempt is over: its channel, or its place in the queue, is free. Losing this costs the channel's lease. */
  release({ call_id, attempt, trunk_id }: Pick<PermitRequest, 'call_id' | 'attempt' | 'trunk_id'>): void {
    this.ports.link.connection?.publish(OUTBOUND_RELEASE, JSON.stringify({ call_id, attempt, trunk_id }));
  }

  private gone(request: PermitRequest, permit: Permit): Permit {
    this.release(request);
    return permit;
  }

  private async ask(request: PermitRequest): Promise<PermitAnswer | undefined> {
    const { link, logger } = this.ports;
    const attributes = { 'call.id': request.call_id, 'trunk.id': request.trunk_id };
    try {
      const answer = await ask(link, {
        subject: OUTBOUND_PERMIT,
        request,
        reply: permitAnswer,
        deadlineMs: DEADLINE_MS,
        span: { name: 'outbound.permit', attributes },
      });
      if (answer.outcome !== 'refused') this.bridges = answer.bridges;
      if (answer.outcome === 'refused' && answer.reason === 'unavailable') return undefined;
      return answer;
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      logger.warn({ err: error, ...attributes }, "no answer about a trunk's limits; keeping to this bridge's share");
      return undefined;
    }
  }

  /** The call occupies a channel of the trunk already. */
  private withinShare(trunkId: string, { max_channels, max_cps }: TrunkLimits): boolean {
    const { limits } = this.ports;
    const share = {
      max_channels: max_channels === null ? null : Math.max(1, Math.floor(max_channels / this.bridges)),
      max_cps: max_cps === null ? null : max_cps / this.bridges,
    };
    freeChannel(limits, trunkId);
    const taken = takeChannel(limits, trunkId, share, Date.now());
    if (!taken) occupyChannel(limits, trunkId, Date.now());
    return taken;
  }
}
