import { Inject, Injectable } from '@nestjs/common';
import type { HangupRequest } from '@trunkmesh/contracts/call-control.js';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import { LOGGER } from '@trunkmesh/runtime/service.module.js';
import { hangUp } from '../calls/call-control.nats.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { EVENT_STORE, NATS } from '../tokens.js';
import { AskBridge } from './ask-bridge.nats.js';
import { CANCELED } from './hand-over.nats.js';
import { markHungUp, requestEnd } from './outbound-calls.pg.js';
import { publishRefusal } from './refusals.nats.js';
import { refuseCall } from './refusals.pg.js';

/** Ends a call at any moment: before a bridge has it, while one is asked, and afterwards. */
@Injectable()
export class CancelCall {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(NATS) private readonly nats: NatsLink,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly bridges: AskBridge,
  ) {}

  /** @throws DomainError call-not-found, call-ended; for a call that was not requested here as `hangUp` */
  async cancel(call: HangupRequest): Promise<void> {
    const row = await requestEnd(this.store, call.organization_id, call.call_id);
    if (row === undefined) return hangUp(this.nats, call);
    if (row.state === 'ended' || row.state === 'refused') throw new DomainError('call-ended', 'The call has ended.');
    if (row.state === 'requested' && row.bridge_id !== null) return this.overtake(call, row.bridge_id);
    if (row.state === 'requested' && row.request !== null) return this.refuse({ ...row, request: row.request });
    await this.end(call, row.bridge_id);
  }

  /**
   * The request for the call is on its way to this bridge, or about to be. A bridge that gets it after this one does
   * not take the call, one that has the call ends it. Whoever asks sees the cancel with the answer in any case; if that
   * process dies, the sweeper does.
   */
  private async overtake(call: HangupRequest, bridge: string): Promise<void> {
    await this.bridges.hangUp(bridge, { ...call, in_advance: true });
  }

  /** The sweeper repeats what is not certain. */
  async end(call: HangupRequest, bridge: string | null): Promise<void> {
    const said = bridge === null ? 'unknown' : await this.bridges.hangUp(bridge, call);
    // A bridge that tried its own trunks has handed the call to the one of the call's last event.
    const done = said === 'done' || (said === 'gone' && (await this.endElsewhere(call)));
    if (done) await markHungUp(this.store, call.call_id);
  }

  private endElsewhere(call: HangupRequest): Promise<boolean> {
    return hangUp(this.nats, call).then(
      () => true,
      (error: unknown) => {
        if (!(error instanceof DomainError)) throw error;
        return error.code === 'call-ended';
      },
    );
  }

  private async refuse(row: Parameters<typeof refuseCall>[1]): Promise<void> {
    const event = await refuseCall(this.store, row, { ...CANCELED, reported: true });
    // Somebody begins to ask a bridge at this moment, and sees the cancel.
    if (event === undefined) return;
    await publishRefusal(this.nats, this.store, event).catch((error: unknown) =>
      this.logger.warn({ err: error, call_id: row.call_id }, 'cannot publish a refused call; trying again'),
    );
  }
}
