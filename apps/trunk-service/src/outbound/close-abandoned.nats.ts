import { Inject, Injectable } from '@nestjs/common';
import { jetstreamManager } from '@nats-io/jetstream';
import { CALLS_STREAM, callSubject } from '@trunkmesh/contracts/subjects.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { EVENT_STORE, NATS } from '../tokens.js';
import { closingRequest, type StoredEvent } from './abandoned-calls.js';
import { AskBridge } from './ask-bridge.nats.js';
import { FleetLoads } from './fleet-loads.pg.js';
import { abandonedCalls, type AbandonedCall } from './outbound-calls.pg.js';

const CALLS_PER_LOOK = 50;
const LOOK_UP_MS = 3_000;
const EVENTS = 40;

/**
 * Ends unanswered calls after their bridge is gone for good: another bridge takes each call by writing its next event,
 * and ends it without dialling. A bridge that comes back finds that event and leaves its call alone.
 */
@Injectable()
export class CloseAbandoned {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(NATS) private readonly nats: NatsLink,
    private readonly loads: FleetLoads,
    private readonly bridges: AskBridge,
  ) {}

  async run(): Promise<void> {
    const fleet = this.loads.bridges();
    const idsOf = (is: (bridge: (typeof fleet)[number]) => boolean) => fleet.filter(is).map(({ id }) => id);
    const retired = idsOf(({ status }) => status === 'retired');
    const lost = idsOf(({ health }) => health === 'lost');
    if (retired.length + lost.length === 0) return;
    const able = idsOf(({ status, health }) => status !== 'retired' && health === 'serving');
    for (const call of await abandonedCalls(this.store, { retired, lost }, CALLS_PER_LOOK))
      await this.close(call, able);
  }

  private async close(call: AbandonedCall, able: readonly string[]): Promise<void> {
    const events = await this.eventsOf(call);
    const request = closingRequest(call.request, call.bridge_id, events);
    for (const bridge of able) {
      const taken = await this.bridges.originate(bridge, request, false);
      if (taken === 'not-taken' || taken === 'absent') continue;
      const { logger } = this.store;
      logger.warn(
        { call_id: call.call_id, from: call.bridge_id, bridge, taken },
        'closing a call of a bridge that is gone',
      );
      return;
    }
  }

  private async eventsOf({ organization_id, call_id }: AbandonedCall): Promise<StoredEvent[]> {
    const { connection } = this.nats;
    if (connection === undefined) throw new Error('NATS is unreachable');
    const manager = await jetstreamManager(connection, { checkAPI: false, timeout: LOOK_UP_MS });
    const next_by_subj = callSubject(organization_id, call_id);
    const events: StoredEvent[] = [];
    while (events.length < EVENTS) {
      const seq = (events.at(-1)?.sequence ?? 0) + 1;
      const found = await manager.direct.getMessage(CALLS_STREAM, { seq, next_by_subj });
      if (found === null) break;
      events.push({ sequence: found.seq, event: found.json() });
    }
    return events;
  }
}
