import { setTimeout as pause } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import type { LimitShare, OriginateRequest } from '@trunkmesh/contracts/outbound-call.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import type { IdempotencyKey } from '../http/idempotency.pg.js';
import { EVENT_STORE, NATS } from '../tokens.js';
import { AskBridge, type Taken } from './ask-bridge.nats.js';
import { chooseBridges, type ChosenBridges } from './choose-bridges.js';
import { FleetLoads } from './fleet-loads.pg.js';
import {
  beginAsking,
  markAccepted,
  markHungUp,
  markNotTaken,
  putOff,
  TURN_SECONDS,
  type RequestedCall,
} from './outbound-calls.pg.js';
import { poolShare } from './pool-share.js';
import { publishRefusal } from './refusals.nats.js';
import { refuseCall } from './refusals.pg.js';
import type { Refusal } from './refused-event.js';

/** `open`: it is not known yet, and the sweeper goes on. */
export type HandOverOutcome = { outcome: 'accepted' | 'open' } | { outcome: 'refused'; refusal: Refusal };

const AGAIN_SECONDS = 2;
/** A question begins in this part of the turn, so that its answer comes before the turn is over. */
const ASKING_MS = (TURN_SECONDS * 1_000) / 3;
/** An agent that starts again, or connects to NATS again, is back within moments. */
const ABSENT_MS = 2_000;
const ABSENT_AGAIN_MS = 200;
const OPEN = { outcome: 'open' } as const;

const NO_BRIDGE: Refusal = {
  reason: 'no-bridge',
  detail:
    'No bridge can place this call now: none that has one of its trunks is online and has room. Retry in a while.',
  retry_after_seconds: 5,
};
export const CANCELED: Refusal = { reason: 'canceled', detail: 'The call was canceled before a bridge had it.' };

export interface HandOverOptions {
  /** The bridge that the call's row names since it was accepted: it is asked first. */
  first?: ChosenBridges | undefined;
  /** What may no longer be dialled is only asked for: a bridge that has the call says so, another takes it no more. */
  late?: boolean;
  key?: IdempotencyKey | undefined;
  /** The request is answered with a refusal. */
  answered?: boolean;
}

/** What may no longer be dialled. */
const isOver = (call: RequestedCall, { late }: HandOverOptions): boolean => late === true || call.canceled;

/** What is over goes to no bridge that was never asked for it. */
const isForNobody = (over: boolean, asked: string | null): boolean => over && asked === null;

/**
 * Bridges that were absent are asked again after a moment, unless the first of them was asked long ago or the call is
 * over.
 */
async function isWorthWaiting(
  absent: Set<string>,
  { begun, over }: { begun: number; over: boolean },
): Promise<boolean> {
  if (over || absent.size === 0 || performance.now() > begun + ABSENT_MS) return false;
  absent.clear();
  await pause(ABSENT_AGAIN_MS);
  return true;
}

/**
 * Gives a call to one bridge. A bridge that may have it is asked again, by the same id, until it answers; only what
 * certainly does not have it is followed by another one.
 */
@Injectable()
export class HandOver {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(NATS) private readonly nats: NatsLink,
    readonly loads: FleetLoads,
    private readonly bridges: AskBridge,
  ) {}

  async carryOut(call: RequestedCall, options: HandOverOptions = {}): Promise<HandOverOutcome> {
    const begun = performance.now();
    const over = isOver(call, options);
    const [refused, absent] = [new Set<string>(), new Set<string>()];
    for (let { bridge_id: asked } = call, { first } = options; ; asked = null, first = undefined) {
      const chosen = first ?? this.choose(call.request, asked, new Set([...refused, ...absent]));
      if (chosen === undefined && (await isWorthWaiting(absent, { begun, over }))) continue;
      if (chosen === undefined || isForNobody(over, asked)) return this.refuse(call, options);
      const question = { over, mayHaveIt: asked !== null, stored: first !== undefined, until: begun + ASKING_MS };
      const outcome = await this.askOne(call, chosen, question);
      if (typeof outcome !== 'string') return outcome;
      (outcome === 'absent' ? absent : refused).add(chosen.bridge_id);
    }
  }

  /** The bridge of a call that none was asked about yet. */
  firstOf(request: OriginateRequest): ChosenBridges | undefined {
    return this.choose(request, null, new Set());
  }

  private async askOne(
    call: RequestedCall,
    { bridge_id: bridge, attempts }: ChosenBridges,
    { over, mayHaveIt, stored, until }: { over: boolean; mayHaveIt: boolean; stored: boolean; until: number },
  ): Promise<HandOverOutcome | 'not-taken' | 'absent'> {
    // Beyond its turn another copy may work on the call, and two may not ask two bridges.
    if (performance.now() > until) return this.leave(call, 0);
    // Stored before it is asked: a process that takes the call up asks the same one.
    if (!stored && !(await beginAsking(this.store, call, bridge))) return this.leave(call, 0);
    const request = {
      ...call.request,
      attempts,
      share: this.shareOf(bridge),
      ...(over ? { dial_until: call.request.requested_at } : {}),
    };
    const taken = await this.bridges.originate(bridge, request, mayHaveIt);
    if (taken !== 'not-taken' && taken !== 'absent') return this.concluded(call, bridge, taken);
    this.store.logger.warn({ call_id: call.call_id, bridge_id: bridge }, 'a bridge did not take an outbound call');
    const canceled = await markNotTaken(this.store, call);
    if (canceled === undefined) return OPEN;
    // Its end was requested while the bridge was asked: the sweeper refuses it as canceled.
    return canceled && !call.canceled ? this.leave(call, 0) : taken;
  }

  private shareOf(bridge: string): LimitShare {
    const bridges = this.loads.bridges();
    const bridge_pool = bridges.find(({ id }) => id === bridge)?.pool ?? '';
    return poolShare({ bridge_pool, register: false }, bridge, bridges);
  }

  /** A bridge that may have the call stays the one. */
  private choose(
    request: OriginateRequest,
    asked: string | null,
    refused: ReadonlySet<string>,
  ): ChosenBridges | undefined {
    const chosen = chooseBridges(request.attempts, this.loads.bridges(), refused);
    if (asked !== null) return chosen?.bridge_id === asked ? chosen : { bridge_id: asked, attempts: request.attempts };
    if (chosen !== undefined) this.loads.give(chosen.bridge_id);
    return chosen;
  }

  private async concluded(call: RequestedCall, bridge: string, taken: Exclude<Taken, 'not-taken' | 'absent'>) {
    if (taken === 'no-nats') await markNotTaken(this.store, call);
    if (taken !== 'accepted') return this.leave(call, AGAIN_SECONDS);
    const canceled = await markAccepted(this.store, call.call_id, bridge);
    if (canceled === true && (await this.bridges.hangUp(bridge, call)) === 'done')
      await markHungUp(this.store, call.call_id);
    return { outcome: 'accepted' as const };
  }

  /** The row keeps the bridge where it may have the call, and the sweeper goes on with it. */
  private async leave(call: RequestedCall, seconds: number): Promise<HandOverOutcome> {
    await putOff(this.store, call, seconds);
    return OPEN;
  }

  private async refuse(call: RequestedCall, { key, answered = false }: HandOverOptions): Promise<HandOverOutcome> {
    const refusal = call.canceled ? CANCELED : NO_BRIDGE;
    // A second request of the same key may have been answered 201 meanwhile.
    const reported = !answered || key !== undefined;
    const event = await refuseCall(this.store, call, { ...refusal, reported }, key);
    if (event === undefined) return OPEN;
    await publishRefusal(this.nats, this.store, event).catch((error: unknown) =>
      this.store.logger.warn({ err: error, call_id: call.call_id }, 'cannot publish a refused call; trying again'),
    );
    return { outcome: 'refused', refusal };
  }
}
