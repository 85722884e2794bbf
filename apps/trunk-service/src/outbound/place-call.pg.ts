import { Inject, Injectable } from '@nestjs/common';
import type { OutboundPlan } from '@trunkmesh/contracts/outbound.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import { CONFIG } from '@trunkmesh/runtime/service.module.js';
import type { EntityManager } from 'typeorm';
import type { Config } from '../config.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { createOnce, type Answer, type IdempotencyKey } from '../http/idempotency.pg.js';
import { preparedIn } from '../event-store/prepared.pg.js';
import { askPlan } from '../routes/explain.nats.js';
import { requestOf } from '../routes/outbound-input.js';
import { EVENT_STORE, NATS } from '../tokens.js';
import { originateOf, queuedAnswer, type CallWish } from './call-input.js';
import { dialUntilOf, latestDialUntil } from './dial-until.js';
import type { ChosenBridges } from './choose-bridges.js';
import { checkCeilings, countCall } from './ceilings.pg.js';
import { standardCeilings, type Ceilings } from './ceilings.js';
import { HandOver, type HandOverOptions, type HandOverOutcome } from './hand-over.nats.js';
import { insertCall, isKnownCall, type RequestedCall } from './outbound-calls.pg.js';
import { publishRefusal } from './refusals.nats.js';
import { keepRefusal } from './refusals.pg.js';
import { CallNotAccepted, knownOfWish, problemOfRefusal, type Refusal } from './refused-event.js';
import { limitedTrunks, trunkTimes, withinQueues } from './trunk-queues.pg.js';

/** A restart of NATS or of routing-service takes less, mostly: its caller need not repeat the request. */
const ABSENT_MS = 2_000;

const TOO_LATE: Refusal = {
  reason: 'too-late',
  detail: 'The request was read after the time at which the call had to be dialled. Nothing was dialled.',
};

const FAILED: Refusal = {
  reason: 'request-failed',
  detail:
    'The request could not be carried out, however often it was read. Nothing was dialled. It is set aside for the ' +
    'operator; correct it and request the call again.',
};

/** A plan, or why there is none: a request that was answered before needs neither. */
type Planned = { plan: OutboundPlan } | { error: unknown };

interface Accepted {
  call: RequestedCall;
  /** Undefined: no bridge can be asked now. */
  first: ChosenBridges | undefined;
}

/** Accepts calls, or refuses them with an event, and hands over what it accepted. */
@Injectable()
export class PlaceCall {
  private readonly ceilings: Ceilings;

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(NATS) private readonly nats: NatsLink,
    private readonly handOver: HandOver,
    @Inject(CONFIG) config: Config,
  ) {
    this.ceilings = standardCeilings(config);
  }

  /** @throws DomainError with each of the refusals, routing-unavailable, record-unavailable */
  async place(wish: CallWish, key: IdempotencyKey | undefined): Promise<Answer> {
    const planned = await this.plan(wish);
    let accepted: Accepted | undefined;
    const answer = await createOnce(this.store, key, async (work) => {
      accepted = await this.accept(work.manager, wish, planned);
      return {
        status: 201,
        headers: { Location: `/api/v1/calls/${wish.call_id}` },
        body: queuedAnswer(wish.call_id),
      };
    }).catch((error: unknown) => this.refused(wish, planned, error));
    if (accepted === undefined) return answer;
    const handedOver = await this.give(accepted, { key, answered: true });
    if (handedOver.outcome === 'refused') throw problemOfRefusal(wish.call_id, handedOver.refusal);
    return answer;
  }

  /**
   * Of a request that comes as an event: settled once the call, or its refusal, is stored. A bridge is asked
   * afterwards.
   *
   * @throws DomainError invalid-request, routing-unavailable, record-unavailable
   */
  async request(wish: CallWish): Promise<'placed' | 'refused' | 'repeated'> {
    if (await isKnownCall(this.store, wish.call_id)) return 'repeated';
    const planned = await this.plan(wish);
    try {
      const accepted = await this.store.transaction((manager) => this.accept(manager, wish, planned));
      void this.give(accepted);
      return 'placed';
    } catch (error) {
      const refusal = error instanceof CallNotAccepted ? error.refusal : await this.tooLate(wish);
      if (refusal === undefined) throw error;
      await this.keepRefused(wish, planned, { ...refusal, reported: true });
      return 'refused';
    }
  }

  /** Whatever its plan is: a request that failed until now is not tried any more. */
  private async tooLate({ organization_id, requested_at, body }: CallWish): Promise<Refusal | undefined> {
    const trunks = await trunkTimes(this.store, organization_id);
    const latest = latestDialUntil(requested_at, trunks, body.ring_timeout_seconds);
    return Date.parse(latest) < Date.now() ? TOO_LATE : undefined;
  }

  /** A request that fails, whatever is tried: it is refused, so that its end is in the call log. */
  async giveUp(wish: CallWish): Promise<void> {
    await this.keepRefused(wish, { error: FAILED }, { ...FAILED, reported: true });
  }

  /** It is accepted: where this fails, the sweeper hands it over. */
  private give({ call, first }: Accepted, options?: HandOverOptions): Promise<HandOverOutcome> {
    return this.handOver.carryOut(call, { ...options, first }).catch((error: unknown) => {
      this.store.logger.warn({ err: error, call_id: call.call_id }, 'cannot hand a call over; trying again');
      return { outcome: 'open' as const };
    });
  }

  private plan(wish: CallWish): Promise<Planned> {
    const { body, organization_id, call_id } = wish;
    const request = requestOf({ ...body, direction: 'outbound' }, organization_id, call_id);
    return askPlan(this.nats, request, ABSENT_MS).then(
      (plan) => ({ plan }),
      (error: unknown) => ({ error }),
    );
  }

  /** Two round trips to the database: what is asked, and what is written. */
  private async accept(manager: EntityManager, wish: CallWish, planned: Planned): Promise<Accepted> {
    if ('error' in planned) throw planned.error;
    const { plan } = planned;
    if (plan.outcome === 'refuse') throw new CallNotAccepted({ reason: plan.reason, detail: plan.explanation.summary });
    const { organization_id: organizationId } = plan;
    const trunkIds = plan.attempts.map(({ trunk_id }) => trunk_id);
    const [, limited, times] = await Promise.all([
      checkCeilings(manager, this.ceilings, plan),
      limitedTrunks(manager, { organizationId, trunkIds, callId: wish.call_id }, (trunkId) =>
        this.handOver.loads.inboundOn(trunkId),
      ),
      trunkTimes(preparedIn(manager.queryRunner!), organizationId, trunkIds),
    ]);
    const attempts = withinQueues(plan.attempts, limited);
    const ofAttempts = times.filter(({ id }) => attempts.some(({ trunk_id }) => trunk_id === id));
    const dialUntil = dialUntilOf(wish.requested_at, ofAttempts, wish.body.ring_timeout_seconds);
    if (Date.parse(dialUntil) < Date.now()) throw new CallNotAccepted(TOO_LATE);
    const request = originateOf(wish, { ...plan, attempts }, dialUntil);
    const first = this.handOver.firstOf(request);
    const [, call] = await Promise.all([
      countCall(manager, organizationId),
      insertCall(manager, request, first?.bridge_id ?? null),
    ]);
    return { call, first };
  }

  /** The transaction left nothing: the refusal has one of its own. */
  private async refused(wish: CallWish, planned: Planned, error: unknown): Promise<never> {
    if (!(error instanceof CallNotAccepted)) throw error;
    await this.keepRefused(wish, planned, { ...error.refusal, reported: false });
    throw problemOfRefusal(wish.call_id, error.refusal);
  }

  private async keepRefused(wish: CallWish, planned: Planned, refusal: Refusal & { reported: boolean }): Promise<void> {
    const known = knownOfWish(wish, 'plan' in planned ? planned.plan : undefined);
    const event = await this.store.transaction((manager) => keepRefusal(manager, known, refusal));
    await publishRefusal(this.nats, this.store, event).catch((cause: unknown) =>
      this.store.logger.warn({ err: cause, call_id: wish.call_id }, 'cannot publish a refused call; trying again'),
    );
  }
}
