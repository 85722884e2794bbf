import { setTimeout as sleep } from 'node:timers/promises';
import { callControlAnswer } from '@trunkmesh/contracts/call-control.js';
import {
  ORIGINATE_DEADLINE_MS,
  originateAnswer,
  type ContinuedCall,
  type OriginateRequest,
} from '@trunkmesh/contracts/outbound-call.js';
import { bridgeRequest } from '@trunkmesh/contracts/subjects.js';
import { ask } from '@trunkmesh/requests/ask.nats.js';
import { Unanswered } from '@trunkmesh/requests/unanswered.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { CallRecords } from '../call-record/call-records.fs.js';
import { claimUntilKnown, lastEventOf } from '../call-record/last-event.nats.js';
import { continuedEvent } from '../call-record/continued-event.js';
import type { StatusOutbox } from '../customer/status-outbox.http.js';
import { outboundStarted } from '../live/call-events.js';
import { note, type CallStory } from '../live/call-story.js';
import type { LiveCalls } from '../live/live-calls.net.js';

export interface HandOverPorts {
  bridge: { id: string };
  link: NatsLink;
  live: Pick<LiveCalls, 'offers' | 'handedOver'>;
  callRecords: Pick<CallRecords, 'handed'>;
  statuses: Pick<StatusOutbox, 'told'>;
  newId: () => string;
  logger: Logger;
}

/** A call between two attempts. */
export interface Offer {
  /** With the attempts that are left. */
  request: OriginateRequest;
  story: CallStory;
  started_at: string;
  initiated: boolean;
  /** Aborted when the call is to end before it is answered. */
  givenUp: AbortSignal;
}

/** In deadlines of the other bridge. */
const OFFERING = 2.4;
const AGAIN_MS = 500;
const HANG_UP_TRIES = 3;

/**
 * Gives a call to the bridge that can make its next attempt. Until that bridge has written the call's next event this
 * one has the call, and dials nothing; afterwards it forgets the call.
 */
export class HandOver {
  constructor(
    private readonly ports: HandOverPorts,
    private readonly deadlineMs = ORIGINATE_DEADLINE_MS,
  ) {}

  /** False: this bridge keeps the call. */
  async give(to: string, offer: Offer): Promise<boolean> {
    const { live, callRecords, logger } = this.ports;
    const { call_id: callId } = offer.request;
    const taken = await this.offer(to, offer).catch((error: unknown) => {
      logger.warn({ err: error, call_id: callId, to }, 'cannot offer an outbound call to another bridge');
      return false;
    });
    offer.story.offeredTo = undefined;
    if (!taken) {
      note(offer.story, new Date(), 'offer-not-taken', to);
      return false;
    }
    if (offer.givenUp.aborted) await this.hangUp(to, offer);
    live.handedOver(callId);
    await callRecords.handed.forget(callId).catch((error: unknown) => {
      logger.warn({ err: error, call_id: callId }, "cannot remove the file of another bridge's call");
    });
    return true;
  }

  private async offer(to: string, offer: Offer): Promise<boolean> {
    const { bridge, link, live, callRecords } = this.ports;
    const { request } = offer;
    if (link.connection === undefined || !(await callRecords.handed.published(request.call_id))) return false;
    const last = await lastEventOf(link, request);
    if (last?.bridgeId !== bridge.id) return false;
    await live.offers(request.call_id, to, new Date());
    const continued = await this.continued(offer, last.sequence);
    // The share is this bridge's.
    const said = await this.ask(to, { ...request, share: undefined, continued }, offer.givenUp);
    if (said === 'taken' || said === 'not-taken') return said === 'taken';
    return !(await this.keep(offer, last.sequence));
  }

  private async continued({ request, story, started_at, initiated }: Offer, after: number): Promise<ContinuedCall> {
    return {
      from_bridge: this.ports.bridge.id,
      after,
      started_at,
      attempts: story.attempts ?? [],
      statuses: await this.ports.statuses.told(request.call_id),
      initiated,
      timeline: story.timeline,
    };
  }

  /** `unknown`: it was asked and may yet take the call. */
  private async ask(
    to: string,
    request: OriginateRequest,
    givenUp: AbortSignal,
  ): Promise<'taken' | 'not-taken' | 'unknown'> {
    let asked = false;
    for (const until = performance.now() + OFFERING * this.deadlineMs; performance.now() < until;) {
      try {
        const answer = await ask(this.ports.link, {
          subject: bridgeRequest(to, 'call.originate'),
          request,
          reply: originateAnswer,
          deadlineMs: this.deadlineMs,
          span: { name: 'call.originate', attributes: { 'call.id': request.call_id, 'bridge.id': to } },
        });
        if (answer.outcome === 'accepted') return 'taken';
        this.ports.logger.warn({ call_id: request.call_id, to, code: answer.code }, 'a bridge did not take a call');
        return asked ? 'unknown' : 'not-taken';
      } catch (error) {
        if (!(error instanceof Unanswered)) throw error;
        if (!error.mayHaveRun && !asked) return 'not-taken';
        asked = true;
        if (givenUp.aborted || !error.mayHaveRun) return 'unknown';
      }
      await sleep(AGAIN_MS);
    }
    return 'unknown';
  }

  /** True: no other bridge takes the call any more. Goes on until that, or the opposite, is certain. */
  private async keep({ request, story, started_at }: Offer, after: number): Promise<boolean> {
    const { bridge, link, newId } = this.ports;
    const stamp = { bridgeId: bridge.id, newId, traceparent: undefined };
    const started = outboundStarted(request, new Date(started_at), stamp);
    const from = { from_bridge: bridge.id, attempts: story.attempts ?? [] };
    const event = continuedEvent(started, from, { id: newId(), at: new Date() });
    return (await claimUntilKnown(link, event, after)) === 'claimed';
  }

  /** It was canceled while the other bridge took it. */
  private async hangUp(to: string, { request: { call_id, organization_id } }: Offer): Promise<void> {
    for (let tries = 0; tries < HANG_UP_TRIES; tries += 1) {
      try {
        await ask(this.ports.link, {
          subject: bridgeRequest(to, 'call.hangup'),
          request: { call_id, organization_id },
          reply: callControlAnswer,
          deadlineMs: ORIGINATE_DEADLINE_MS,
          span: { name: 'call.hangup', attributes: { 'call.id': call_id, 'bridge.id': to } },
        });
        return;
      } catch (error) {
        if (!(error instanceof Unanswered)) throw error;
      }
    }
  }
}
