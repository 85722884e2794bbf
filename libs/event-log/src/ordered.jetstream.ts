import { AckPolicy, type ConsumerConfig, DeliverPolicy, type JetStreamManager, jetstreamManager, type StreamInfo } from '@nats-io/jetstream';
import { createInbox, type Msg, type NatsConnection, type Subscription } from '@nats-io/transport-node';
import type { Logger } from '@trunkmesh/runtime/logger.pino.js';
import { type Delivery, deliveryOf } from './delivery.js';
import { type Signal, signal } from './signal.clock.js';

export interface OrderedOptions {
  stream: string;
  /** One subject, with wildcards: nats-server 2.9 knows no consumer with several. */
  filter?: string;
  /** The last message of each subject and then everything; or everything from this sequence. After a reset: again, or from 1. */
  from: 'last-per-subject' | number;
  onMessage(message: Msg, delivery: Delivery): void;
  /** What was there at the start is delivered. Called again after a reset. */
  onCaughtUp(): void;
  /** The stream is another one, or lost its end: whatever was built from it is void, and everything is delivered again. */
  onReset(): void;
  logger: Logger;
  heartbeatMs?: number;
}

export interface Ordered {
  /** Of the last message delivered; 0: none. */
  position(): number;
  /** What the server had left for us when it sent the last one. */
  pending(): number;
  stop(): Promise<void>;
  /** Begins again from the start, as after a reset but without telling. */
  restart(): void;
}

const HEARTBEAT_MS = 2_500;
const RETRY_MS = { first: 50, most: 2_000 };
const FLOW_CONTROL_OR_HEARTBEAT = 100;

/**
 * Reads a stream in order, without gaps, for ever. A push consumer with flow control, in memory on the server, thrown away and made anew from the next sequence
 * whenever something is odd: a gap, heartbeats missing (the consumer is gone, the machine slept), a reconnect, the server's word that it is gone.
 *
 * Not the client's own ordered consumer: that one asks for its next sequence also in a stream that was made anew and is shorter, and then waits for ever.
 */
export function ordered(nc: NatsConnection, options: OrderedOptions): Ordered {
  const { logger, heartbeatMs = HEARTBEAT_MS } = options;
  const manager = jetstreamManager(nc, { checkAPI: false });
  const attention = signal();
  const state = { position: 0, pending: 0, caughtUp: false, created: undefined as string | undefined, from: options.from, beginnings: 0, stopped: false, attached: undefined as Attached | undefined };

  const receive = (attached: Attached, message: Msg) => {
    if (state.attached !== attached || attached.odd !== undefined) return;
    attached.quietBeats = 0;
    const delivery = message.reply ? deliveryOf(message.reply) : undefined;
    if (!delivery) return control(nc, attached, message);
    if (delivery.consumerSequence !== attached.delivered + 1) return attached.isOdd('a message is missing');
    attached.delivered = delivery.consumerSequence;
    state.position = delivery.sequence;
    state.pending = delivery.pending;
    try {
      options.onMessage(message, delivery);
    } catch (error) {
      // What cannot be taken in must not stop everything behind it. The payload is not logged: it may hold what nobody should read.
      logger.error({ err: error, stream: options.stream, subject: message.subject, sequence: delivery.sequence }, 'an event could not be taken in and was left out');
    }
    if (!state.caughtUp && (delivery.pending === 0 || attached.delivered >= attached.initial)) caughtUp();
  };
  const caughtUp = () => {
    state.caughtUp = true;
    state.pending = 0;
    options.onCaughtUp();
  };
  const forget = () => {
    state.position = state.pending = 0;
    state.caughtUp = false;
    state.created = undefined;
    state.beginnings += 1;
    if (typeof state.from === 'number') state.from = 1;
  };

  /** Is it the stream that we read so far? Where it is not, everything begins again. */
  const recognise = ({ created, state: { last_seq } }: StreamInfo) => {
    const reached = typeof state.from === 'number' ? Math.max(state.position, state.from - 1) : state.position;
    if ((state.created !== undefined && state.created !== created) || last_seq < reached) {
      logger.warn({ stream: options.stream, position: reached, last: last_seq }, 'the stream is not what it was; reading it from the start');
      forget();
      options.onReset();
    }
    state.created = created;
  };

  /** One life of a consumer: from its creation until something is odd. */
  const attend = async (api: JetStreamManager): Promise<void> => {
    recognise(await api.streams.info(options.stream));
    const { created, beginnings } = state;
    const attached = attach(nc, attention);
    try {
      const info = await api.consumers.add(options.stream, consumerConfig({ ...options, from: state.from }, state.position, { subject: attached.subject, heartbeatMs }));
      attached.name = info.name;
      // Made anew in this very moment? Then the next round sees it. What arrived meanwhile is still held back.
      if ((await api.streams.info(options.stream)).created !== created || state.beginnings !== beginnings) return;
      attached.initial = info.delivered.consumer_seq + info.num_pending;
      state.attached = attached;
      state.pending = info.num_pending;
      if (attached.initial === 0 && !state.caughtUp) caughtUp();
      attached.flow((message) => receive(attached, message));
      await watch(attached, attention, heartbeatMs);
      if (!state.stopped) logger.info({ stream: options.stream, filter: options.filter, position: state.position, reason: attached.odd }, 'reading on with another consumer');
    } finally {
      state.attached = undefined;
      attached.close();
      if (attached.name !== undefined && !nc.isClosed()) api.consumers.delete(options.stream, attached.name).catch(() => undefined);
    }
  };

  const run = async () => {
    for (let wait = RETRY_MS.first; !state.stopped && !nc.isClosed(); wait = Math.min(wait * 2, RETRY_MS.most)) {
      try {
        await attend(await manager);
        wait = RETRY_MS.first;
      } catch (error) {
        logger.warn({ err: error, stream: options.stream, filter: options.filter }, 'the stream cannot be read at the moment');
        if (!state.stopped) await attention.wait(wait);
      }
    }
  };

  const reconnected = () => {
    if (state.attached) state.attached.isOdd('reconnected');
    else attention.notify();
  };
  const statuses = nc.status();
  void (async () => {
    for await (const { type } of statuses) if (type === 'reconnect') reconnected();
  })();
  const running = run();

  return {
    position: () => state.position,
    pending: () => state.pending,
    restart() {
      forget();
      state.attached?.isOdd('begins again');
    },
    async stop() {
      state.stopped = true;
      (statuses as { stop?(): void }).stop?.();
      state.attached?.isOdd('stopped');
      attention.notify();
      await running;
    },
  };
}

interface Attached {
  subject: string;
  name?: string;
  /** Messages that this consumer delivered, and that it will have delivered when it has caught up with what was there at its creation. */
  delivered: number;
  initial: number;
  /** Heartbeat intervals without anything from the server. */
  quietBeats: number;
  odd?: string;
  isOdd(reason: string): void;
  /** Hands over what was held back, and from then on everything. */
  flow(to: (message: Msg) => void): void;
  close(): void;
}

function attach(nc: NatsConnection, attention: Signal): Attached {
  const subject = createInbox();
  let held: Msg[] | undefined = [];
  let to: (message: Msg) => void = (message) => held!.push(message);
  const subscription: Subscription = nc.subscribe(subject, {
    callback: (error, message) => {
      if (error) attached.isOdd(error.message);
      else to(message);
    },
  });
  const attached: Attached = {
    subject,
    delivered: 0,
    initial: 0,
    quietBeats: 0,
    isOdd(reason) {
      this.odd ??= reason;
      attention.notify();
    },
    flow(receive) {
      for (const message of held ?? []) receive(message);
      held = undefined;
      to = receive;
    },
    close: () => subscription.unsubscribe(),
  };
  return attached;
}

/** Ends when something is odd. A heartbeat that is late once may be our own event loop that was busy. */
async function watch(attached: Attached, attention: Signal, heartbeatMs: number): Promise<void> {
  while (attached.odd === undefined) {
    const quiet = attached.quietBeats;
    await attention.wait(heartbeatMs);
    if (attached.odd !== undefined) return;
    if (quiet >= 2 && attached.quietBeats === quiet) return attached.isOdd('no heartbeats');
    attached.quietBeats += 1;
  }
}

/** What the server says beside messages: heartbeats, flow control (it sends no more until it is answered), the consumer's end. */
function control(nc: NatsConnection, attached: Attached, message: Msg): void {
  const headers = message.headers;
  if (headers?.code !== FLOW_CONTROL_OR_HEARTBEAT) return attached.isOdd(headers?.description ?? 'an unknown message');
  if (message.reply) nc.publish(message.reply);
  const stalled = headers.get('Nats-Consumer-Stalled');
  if (stalled) nc.publish(stalled);
  const sent = headers.get('Nats-Last-Consumer');
  if (sent !== '' && Number(sent) !== attached.delivered) attached.isOdd('a message is missing');
}

function consumerConfig({ filter, from }: OrderedOptions, position: number, deliver: { subject: string; heartbeatMs: number }): Partial<ConsumerConfig> {
  const first = typeof from === 'number' ? Math.max(from, position + 1) : position + 1;
  const start = from === 'last-per-subject' && position === 0
    ? { deliver_policy: DeliverPolicy.LastPerSubject }
    : { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: first };
  return {
    ...start,
    ...(start.deliver_policy === DeliverPolicy.LastPerSubject || filter !== undefined ? { filter_subject: filter ?? '>' } : {}),
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

