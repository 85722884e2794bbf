import { AckPolicy, type ConsumerConfig, DeliverPolicy } from '@nats-io/jetstream';
import { createInbox, type Msg, type NatsConnection } from '@nats-io/transport-node';
import type { Signal } from './signal.process.js';

/** One life of a consumer on the server, as seen from here. */
export interface PushConsumer {
  readonly subject: string;
  /** Once the server has made it. */
  name?: string;
  /**
   * Messages that this consumer delivered, and that it will have delivered when it has caught up with what was there
   * at its creation.
   */
  delivered: number;
  initial: number;
  /** Heartbeat intervals without anything from the server. */
  quietBeats: number;
  /** The first thing that was not as it should be. */
  odd?: string;
  /** Rejects when something is odd: the server's answer to a request does not come any more. */
  readonly spoilt: Promise<never>;
  isOdd(reason: string): void;
  /** Hands over what was held back, and from then on everything. */
  flow(to: (message: Msg) => void): void;
  close(): void;
}

const CONTROL = 100;

export function pushConsumer(nc: NatsConnection, attention: Signal): PushConsumer {
  const subject = createInbox();
  let held: Msg[] | undefined = [];
  let to: (message: Msg) => void = (message) => held!.push(message);
  let spoil!: (error: Error) => void;
  const spoilt = new Promise<never>((_resolve, reject) => {
    spoil = reject;
  });
  spoilt.catch(() => undefined);
  const subscription = nc.subscribe(subject, {
    callback: (error, message) => {
      if (error) consumer.isOdd(error.message);
      else to(message);
    },
  });
  const consumer: PushConsumer = {
    subject,
    delivered: 0,
    initial: 0,
    quietBeats: 0,
    spoilt,
    isOdd(reason) {
      consumer.odd ??= reason;
      spoil(new Error(reason));
      attention.notify();
    },
    flow(receive) {
      for (const message of held ?? []) receive(message);
      held = undefined;
      to = receive;
    },
    close: () => subscription.unsubscribe(),
  };
  return consumer;
}

/** Ends when something is odd. Heartbeats that are late once or twice may be our own event loop that was busy. */
export async function watchHeartbeats(consumer: PushConsumer, attention: Signal, heartbeatMs: number): Promise<void> {
  while (consumer.odd === undefined) {
    const quiet = consumer.quietBeats;
    await attention.wait(heartbeatMs);
    if (consumer.odd !== undefined) return;
    if (quiet >= 2 && consumer.quietBeats === quiet) return consumer.isOdd('no heartbeats');
    consumer.quietBeats += 1;
  }
}

/**
 * What the server says beside messages: heartbeats, flow control (it sends no more until that is answered), the
 * consumer's end.
 */
export function answerControl(nc: NatsConnection, consumer: PushConsumer, message: Msg): void {
  const { headers } = message;
  if (headers?.code !== CONTROL) return consumer.isOdd(headers?.description ?? 'an unknown message');
  if (message.reply) nc.publish(message.reply);
  const stalled = headers.get('Nats-Consumer-Stalled');
  if (stalled) nc.publish(stalled);
  const sent = headers.get('Nats-Last-Consumer');
  if (sent !== '' && Number(sent) !== consumer.delivered) consumer.isOdd('a message is missing');
}

/** In the server's memory, without acknowledgements, gone half a minute after we are. */
export function pushConsumerConfig(
  start: { lastPerSubject: boolean; sequence: number; filter?: string },
  deliver: { subject: string; heartbeatMs: number },
): Partial<ConsumerConfig> {
  return {
    ...(start.lastPerSubject
      ? { deliver_policy: DeliverPolicy.LastPerSubject, filter_subject: start.filter ?? '>' }
      : {
          deliver_policy: DeliverPolicy.StartSequence,
          opt_start_seq: start.sequence,
          ...(start.filter === undefined ? {} : { filter_subject: start.filter }),
        }),
    deliver_subject: deliver.subject,
    ack_policy: AckPolicy.None,
    max_deliver: 1,
    flow_control: true,
    idle_heartbeat: deliver.heartbeatMs * 1e6,
    inactive_threshold: 30 * 1e9,
    mem_storage: true,
    num_replicas: 1,
  };
}
