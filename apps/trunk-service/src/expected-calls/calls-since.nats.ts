import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager, type JsMsg } from '@nats-io/jetstream';
import { nanos } from '@nats-io/nats-core';
import { callEvent, type CallEvent } from '@trunkmesh/contracts/call.js';
import { CALLS_STREAM, callsOfOrganization } from '@trunkmesh/contracts/subjects.js';
import type { NatsConnection } from '@trunkmesh/runtime/connection.nats.js';

const WAIT_MS = 2_000;
const LEFT_MS = 10_000;
const MAX_EVENTS = 2_000;

/**
 * The call events of one organisation since a time, read on from where the last question ended. Its subject names the
 * organisation, so nobody else's call can be among them.
 */
export class CallsSince {
  private next: number | undefined;

  constructor(
    private readonly organizationId: string,
    private readonly since: string,
  ) {}

  /** What came since the last question. */
  async read(nc: NatsConnection): Promise<CallEvent[]> {
    const manager = await jetstreamManager(nc, { checkAPI: false, timeout: WAIT_MS });
    const from =
      this.next === undefined
        ? { deliver_policy: DeliverPolicy.StartTime, opt_start_time: this.since }
        : { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: this.next };
    const { name, num_pending } = await manager.consumers.add(CALLS_STREAM, {
      ...from,
      filter_subject: callsOfOrganization(this.organizationId),
      ack_policy: AckPolicy.None,
      mem_storage: true,
      inactive_threshold: nanos(LEFT_MS),
    });
    try {
      return num_pending === 0 ? [] : await this.fetch(nc, name, Math.min(num_pending, MAX_EVENTS));
    } finally {
      await manager.consumers.delete(CALLS_STREAM, name).catch(() => undefined);
    }
  }

  private async fetch(nc: NatsConnection, name: string, count: number): Promise<CallEvent[]> {
    const consumer = await jetstream(nc).consumers.get(CALLS_STREAM, name);
    const events: CallEvent[] = [];
    for await (const message of await consumer.fetch({ max_messages: count, expires: WAIT_MS })) {
      this.next = message.seq + 1;
      events.push(...eventOf(message));
    }
    return events;
  }
}

/** What another version of an agent wrote is left out. */
function eventOf(message: JsMsg): CallEvent[] {
  try {
    return [callEvent.parse(message.json())];
  } catch {
    return [];
  }
}
