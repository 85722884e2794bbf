import { Inject, Injectable } from '@nestjs/common';
import type { CallRefused } from '@trunkmesh/contracts/call.js';
import { callControlAnswer, type HangupRequest } from '@trunkmesh/contracts/call-control.js';
import { ORIGINATE_DEADLINE_MS, originateAnswer, type OriginateRequest } from '@trunkmesh/contracts/outbound-call.js';
import { bridgeRequest, type BridgeRequest } from '@trunkmesh/contracts/subjects.js';
import { ask } from '@trunkmesh/requests/ask.nats.js';
import { Unanswered } from '@trunkmesh/requests/unanswered.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import { NATS } from '../tokens.js';

/**
 * What a bridge said of a call. `not-taken` is certain, and so is `absent`: no agent of the bridge is connected to
 * NATS. `no-nats`: it was not asked.
 */
export type Taken = 'accepted' | 'not-taken' | 'absent' | 'unknown' | 'no-nats';

/** How long a bridge may take to answer, milliseconds; tests shorten it. */
export class BridgeDeadlines {
  originateMs = ORIGINATE_DEADLINE_MS + 1_000;
  hangUpMs = 5_000;
}

/** Asks a bridge about one of its calls. */
@Injectable()
export class AskBridge {
  constructor(
    @Inject(NATS) private readonly nats: NatsLink,
    private readonly deadlines: BridgeDeadlines,
  ) {}

  /** `mayHaveIt`: it was asked before without an answer, so that nobody listening there now proves nothing. */
  originate(bridge: string, request: OriginateRequest, mayHaveIt: boolean): Promise<Taken> {
    return this.give(bridge, { what: 'call.originate', callId: request.call_id, request }, mayHaveIt);
  }

  /** To deliver the statuses of a call that no bridge had. */
  report(bridge: string, event: CallRefused, mayHaveIt: boolean): Promise<Taken> {
    return this.give(bridge, { what: 'call.refused', callId: event.data.call_id, request: event }, mayHaveIt);
  }

  private async give(
    bridge: string,
    { what, callId, request }: { what: BridgeRequest; callId: string; request: object },
    mayHaveIt: boolean,
  ): Promise<Taken> {
    try {
      const answer = await ask(this.nats, {
        subject: bridgeRequest(bridge, what),
        request,
        reply: originateAnswer,
        deadlineMs: this.deadlines.originateMs,
        span: { name: what, attributes: { 'call.id': callId, 'bridge.id': bridge } },
      });
      return answer.outcome === 'accepted' ? 'accepted' : 'not-taken';
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      if (error.mayHaveRun || mayHaveIt) return 'unknown';
      return error.reason === 'no-responders' ? 'absent' : 'no-nats';
    }
  }

  /** `gone`: the bridge does not have the call. */
  async hangUp(bridge: string, call: HangupRequest): Promise<'done' | 'gone' | 'unknown'> {
    const { call_id, organization_id, in_advance } = call;
    try {
      const answer = await ask(this.nats, {
        subject: bridgeRequest(bridge, 'call.hangup'),
        request: { call_id, organization_id, in_advance },
        reply: callControlAnswer,
        deadlineMs: this.deadlines.hangUpMs,
        span: { name: 'call.hangup', attributes: { 'call.id': call_id, 'bridge.id': bridge } },
      });
      if (answer.outcome === 'done') return 'done';
      return answer.code === 'call-not-found' ? 'gone' : 'unknown';
    } catch (error) {
      if (error instanceof Unanswered) return 'unknown';
      throw error;
    }
  }
}
