import { setTimeout as sleep } from 'node:timers/promises';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/nats-core';
import type { CallEnded } from '@trunkmesh/contracts/call.js';
import { CALLS_STREAM, ratePlanSubject, USAGE_DURABLE } from '@trunkmesh/contracts/subjects.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import type { Supervised } from '@trunkmesh/testkit/supervised.process.js';
import { asEvent, type Plan } from './generated-oracle.fixture.js';

/** A loaded machine takes seconds for thousands of messages. */
const PUBLISHED_MS = 60_000;
const MOST_AHEAD = 10_000;
const PATIENCE_MS = 120_000;

/** The CALLS stream, and a billing-observer that reads it in a process of its own until it is killed. */
export class ObservedStream {
  private observer: Supervised | undefined;

  constructor(
    private readonly nc: NatsConnection,
    private readonly start: () => Promise<Supervised>,
    /** Deliveries of a killed process come again after this time, and those of a slow one twice. */
    private readonly ackWaitMs: number,
  ) {}

  /** Kills that left deliveries open. */
  killedAtWork = 0;

  /** A new process, once it has recorded something where there is something to record. */
  async observe(): Promise<void> {
    const before = (await this.consumer().catch(() => undefined))?.ack_floor.stream_seq ?? 0;
    const observer = await this.start();
    this.observer = observer;
    const options = { timeoutMs: PATIENCE_MS, message: 'the observer records' };
    const records = async () => (await this.open()) === 0 || (await this.consumer()).ack_floor.stream_seq > before;
    await eventually(records, {
      ...options,
      hopeless: () => (observer.running() ? undefined : `the observer has ended: ${observer.tail()}`),
    });
  }

  async publish(events: readonly CallEnded[]): Promise<void> {
    await this.send(events);
    await eventually(async () => (await this.open()) < MOST_AHEAD, { timeoutMs: PATIENCE_MS, message: 'it keeps up' });
  }

  async plan(plan: Plan): Promise<void> {
    const { organization_id, effective_from, version, plan: state } = asEvent(plan);
    const event = { entityversion: version, data: { change: {}, state } };
    await jetstream(this.nc).publish(ratePlanSubject(organization_id, effective_from), JSON.stringify(event));
  }

  /** SIGKILL so long after it goes on with these events, which wait for it. */
  async kill(events: readonly CallEnded[], afterMs: number): Promise<void> {
    this.observer!.signal('SIGSTOP');
    await this.send(events);
    this.observer!.signal('SIGCONT');
    await sleep(afterMs);
    await this.stop('SIGKILL');
    if ((await this.open()) > 0) this.killedAtWork += 1;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.observer?.stop(signal);
    this.observer = undefined;
  }

  /** All that was published is recorded. */
  async drained(): Promise<void> {
    await eventually(async () => (await this.open()) === 0, { timeoutMs: PATIENCE_MS, message: 'all is recorded' });
  }

  private async send(events: readonly CallEnded[]): Promise<void> {
    const js = jetstream(this.nc);
    await Promise.all(
      events.map((event) => js.publish(event.subject, JSON.stringify(event), { timeout: PUBLISHED_MS })),
    );
  }

  private async open(): Promise<number> {
    const { num_pending, num_ack_pending } = await this.consumer();
    return num_pending + num_ack_pending;
  }

  private async consumer() {
    const { consumers } = await jetstreamManager(this.nc);
    const info = await consumers.info(CALLS_STREAM, USAGE_DURABLE);
    const ack_wait = nanos(this.ackWaitMs);
    if (info.config.ack_wait !== ack_wait) await consumers.update(CALLS_STREAM, USAGE_DURABLE, { ack_wait });
    return info;
  }
}
