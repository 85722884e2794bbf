import { setTimeout as sleep } from 'node:timers/promises';
import {
  permitAnswer,
  type LimitShare,
  type PermitAnswer,
  type PermitRequest,
} from '@trunkmesh/contracts/outbound-call.js';
import { OUTBOUND_PERMIT, OUTBOUND_RELEASE } from '@trunkmesh/contracts/subjects.js';
import { ask } from '@trunkmesh/requests/ask.nats.js';
import { Unanswered } from '@trunkmesh/requests/unanswered.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import { freeChannel, occupyChannel, takeChannel, type CallLimits, type TrunkLimits } from '../route/call-limits.js';
import { shareAmong, shareOf } from './limit-share.js';

export interface PermitPorts {
  link: NatsLink;
  limits: CallLimits;
  /** This bridge. */
  bridgeId: string;
  /** The last share that the previous process received, if it is recent. */
  share: LimitShare | undefined;
  /** The bridges of the pool whose heartbeats arrive; undefined: that cannot be read now. */
  onlineBridges: () => Promise<readonly string[] | undefined>;
  /** Keeps it for the next process. */
  noteShare: (share: LimitShare) => void;
  /** How often bridges are looked for while trunk-service tells nothing new; tests shorten it. */
  lookMs?: number;
  logger: Logger;
}

/** `given-up`: the signal was aborted while it waited. */
export type Permit = 'granted' | 'no-gateway' | 'queue-full' | 'queue-timeout' | 'given-up';
type RefusedPermit = Extract<PermitAnswer, { outcome: 'refused' }>;

const DEADLINE_MS = 2_000;
const AGAIN_MS = 250;
const COMPARE_AGAIN_MS = 5_000;
/** A bridge that was added is known after so long, also if NATS is gone by the time its number counts. */
const LOOK_MS = 30_000;
const ALONE: LimitShare = { bridges: 1, place: 1 };

/** Whether an attempt over a trunk with limits may be dialled now: trunk-service decides for all bridges. */
export class Permits {
  /**
   * The bridges that share the limits of this pool's trunks by address, as trunk-service said last. Undefined: it has
   * not for long. Any share may be too much then, so that nothing is dialled.
   */
  private share: LimitShare | undefined;
  /** Not before, because each attempt without an answer of trunk-service asks again several times a second. */
  private compareAt = 0;
  private comparing: Promise<void> | undefined;
  private readonly looks: NodeJS.Timeout;

  constructor(private readonly ports: PermitPorts) {
    this.share = ports.share;
    this.looks = setInterval(() => void this.compare(), ports.lookMs ?? LOOK_MS).unref();
  }

  stop(): void {
    clearInterval(this.looks);
  }

  /**
   * Waits in the trunk's queue until `until` (milliseconds since the epoch). While trunk-service does not answer, this
   * bridge keeps to its share of the limits: all of them where the trunk registers, which it does on one bridge alone.
   */
  async take(
    request: PermitRequest,
    limits: TrunkLimits,
    { signal, until, registers }: { signal: AbortSignal; until: number; registers: boolean },
  ): Promise<Permit> {
    if (limits.max_channels === null && limits.max_cps === null) return 'granted';
    while (!signal.aborted) {
      const answer = (await this.ask(request, registers)) ?? (await this.ownAnswer(request, limits, registers));
      if (signal.aborted) break;
      if (answer.outcome === 'granted') return 'granted';
      if (answer.outcome === 'refused') return this.refused(request, answer);
      if (Date.now() >= until) return this.gone(request, 'queue-timeout');
      const waitMs = Math.min(answer.retry_after_ms, Math.max(1, until - Date.now()));
      await sleep(waitMs, undefined, { signal }).catch(() => undefined);
    }
    return this.gone(request, 'given-up');
  }

  /** Of a trunk that trunk-service does not know (any more) nothing is dialled: its gateway is about to go. */
  private refused(request: PermitRequest, { reason, message }: RefusedPermit): Permit {
    if (reason === 'queue-full') return this.gone(request, 'queue-full');
    const { call_id, trunk_id } = request;
    this.ports.logger.warn({ call_id, trunk_id, reason, message }, 'trunk-service refused a permit to dial');
    return this.gone(request, 'no-gateway');
  }

  /** With each call that it hands over, trunk-service says how many bridges there are. */
  learn(share: LimitShare): void {
    this.share = share;
    this.compareAt = 0;
    this.ports.noteShare(share);
  }

  private async ownAnswer({ trunk_id }: PermitRequest, limits: TrunkLimits, registers: boolean): Promise<PermitAnswer> {
    if (!registers) await this.compared();
    const share = registers ? ALONE : this.share;
    const bridges = share?.bridges ?? 1;
    return share !== undefined && this.takes(trunk_id, shareOf(limits, share))
      ? { outcome: 'granted', bridges }
      : { outcome: 'wait', retry_after_ms: AGAIN_MS, position: 1, bridges };
  }

  private compared(): Promise<void> {
    const isDue = performance.now() >= this.compareAt;
    return this.comparing ?? (isDue ? this.compare() : Promise.resolve());
  }

  private compare(): Promise<void> {
    this.comparing ??= this.lookForBridges().finally(() => (this.comparing = undefined));
    return this.comparing;
  }

  /** Bridges may have been added since trunk-service gave this one its share. */
  private async lookForBridges(): Promise<void> {
    const told = this.share;
    if (told === undefined) return;
    this.compareAt = performance.now() + COMPARE_AGAIN_MS;
    const online = await this.ports.onlineBridges();
    // Meanwhile trunk-service may have given a newer one.
    if (online !== undefined && this.share === told) this.share = shareAmong(told, this.ports.bridgeId, online);
  }

  /** The attempt is over: its channel, or its place in the queue, is free. Losing this costs the channel's lease. */
  release({ call_id, attempt, trunk_id }: Pick<PermitRequest, 'call_id' | 'attempt' | 'trunk_id'>): void {
    this.ports.link.connection?.publish(OUTBOUND_RELEASE, JSON.stringify({ call_id, attempt, trunk_id }));
  }

  private gone(request: PermitRequest, permit: Permit): Permit {
    this.release(request);
    return permit;
  }

  private async ask(request: PermitRequest, registers: boolean): Promise<PermitAnswer | undefined> {
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
      if (answer.outcome !== 'refused' && !registers) this.learn({ bridges: answer.bridges, place: answer.place });
      if (answer.outcome === 'refused' && answer.reason === 'unavailable') return undefined;
      return answer;
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      logger.warn({ err: error, ...attributes }, "no answer about a trunk's limits; keeping to this bridge's share");
      return undefined;
    }
  }

  /** The call occupies a channel of the trunk already. */
  private takes(trunkId: string, share: TrunkLimits): boolean {
    const { limits } = this.ports;
    freeChannel(limits, trunkId);
    const taken = takeChannel(limits, trunkId, share, Date.now());
    if (!taken) occupyChannel(limits, trunkId, Date.now());
    return taken;
  }
}
