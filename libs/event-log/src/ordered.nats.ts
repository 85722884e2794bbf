import { type JetStreamManager, jetstreamManager, type StreamInfo } from '@nats-io/jetstream';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { type Delivery, deliveryOf } from './delivery.js';
import {
  answerControl,
  type PushConsumer,
  pushConsumer,
  pushConsumerConfig,
  watchHeartbeats,
} from './push-consumer.nats.js';
import { signal } from './signal.process.js';

export interface OrderedOptions {
  stream: string;
  /** One subject, with wildcards: nats-server 2.9 knows no consumer with several. */
  filter?: string;
  /**
   *  The last message of each subject, at least, and then everything; or everything from this sequence. After a reset:
   *  again, or from 1.
   */
  from: 'last-per-subject' | number;
  onMessage(message: Msg, delivery: Delivery): void;
  /** What was there at the start is delivered. Called again after a reset. */
  onCaughtUp(): void;
  /**
   *  The stream is another one, or lost its end: whatever was built from it is void, and everything is delivered again.
   */
  onReset(): void;
  logger: Logger;
  heartbeatMs?: number;
}

export interface Ordered {
  /** Everything up to this sequence was delivered; 0: nothing. */
  position(): number;
  /** What the server had left for us when it sent the last one. */
  pending(): number;
  stop(): Promise<void>;
  /** Begins again from the start, as after a reset but without telling. */
  restart(): void;
}

const HEARTBEAT_MS = 2_500;
const RETRY_MS = { first: 50, most: 2_000 };
/** A life shorter than this is a failure, not to be repeated at full speed. */
const LASTING_MS = 1_000;
/**
 *  nats-server 2.9 takes some 5 s for every million subjects to make a last-per-subject consumer, and neither takes
 *  messages nor answers pings meanwhile.
 */
const CREATE_DEADLINE_MS = 30_000;
/**
 *  Reading a message takes 5 µs, so below this many messages a subject it is quicker, and kinder to everybody else, to
 *  read all of them.
 */
const WORTH_LAST_PER_SUBJECT = 4;

/**
 * Reads a stream in order, without gaps, for ever. A push consumer with flow control, in memory on the server, thrown
 * away and made anew from the next sequence whenever something is odd: a gap, heartbeats missing (the consumer is gone,
 * the machine slept), a reconnect, the server's word that it is gone.
 *
 * Not the client's own ordered consumer: that one asks for its next sequence also in a stream that was made anew and is
 * shorter, and then waits for ever.
 */
export function ordered(nc: NatsConnection, options: OrderedOptions): Ordered {
  const { stream, filter, logger, heartbeatMs = HEARTBEAT_MS } = options;
  const manager = jetstreamManager(nc, { checkAPI: false, timeout: CREATE_DEADLINE_MS });
  const attention = signal();
  const state = {
    position: 0,
    pending: 0,
    caughtUp: false,
    stopped: false,
    /** When the stream was made that is being read. */
    created: undefined as string | undefined,
    from: options.from,
    /** The server was too long about it once. */
    readsAll: false,
    beginnings: 0,
    consumer: undefined as PushConsumer | undefined,
  };

  const receive = (consumer: PushConsumer, message: Msg) => {
    if (consumer.odd !== undefined) return;
    consumer.quietBeats = 0;
    const delivery = message.reply ? deliveryOf(message.reply) : undefined;
    if (!delivery) return answerControl(nc, consumer, message);
    if (delivery.consumerSequence !== consumer.delivered + 1) return consumer.isOdd('a message is missing');
    consumer.delivered = delivery.consumerSequence;
    state.position = delivery.sequence;
    state.pending = delivery.pending;
    try {
      options.onMessage(message, delivery);
    } catch (error) {
      // What cannot be taken in must not stop everything behind it. The payload is not logged: it may hold what nobody
      // should read.
      logger.error(
        { err: error, stream, subject: message.subject, sequence: delivery.sequence },
        'a message could not be taken in and was left out',
      );
    }
    if (!state.caughtUp && (delivery.pending === 0 || consumer.delivered >= consumer.initial)) caughtUp();
  };
  const caughtUp = () => {
    state.caughtUp = true;
    options.onCaughtUp();
  };
  const nothingNew = (last: number) => {
    state.position = Math.max(state.position, last);
    if (!state.caughtUp) caughtUp();
  };
  const forget = () => {
    Object.assign(state, {
      position: 0,
      pending: 0,
      caughtUp: false,
      created: undefined,
      beginnings: state.beginnings + 1,
    });
    if (typeof state.from === 'number') state.from = 1;
  };

  /** Is it the stream that we read so far? Where it is not, everything begins again. */
  const recognise = ({ created, state: { last_seq } }: StreamInfo) => {
    const reached = typeof state.from === 'number' ? Math.max(state.position, state.from - 1) : state.position;
    if ((state.created !== undefined && state.created !== created) || last_seq < reached) {
      logger.warn(
        { stream, position: reached, last: last_seq },
        'the stream is not what it was; reading it from the start',
      );
      forget();
      options.onReset();
    }
    state.created = created;
  };

  const create = async (
    api: JetStreamManager,
    consumer: PushConsumer,
    { messages, num_subjects: subjects = messages }: StreamInfo['state'],
  ) => {
    const lastPerSubject =
      state.from === 'last-per-subject' &&
      state.position === 0 &&
      !state.caughtUp &&
      !state.readsAll &&
      messages >= subjects * WORTH_LAST_PER_SUBJECT;
    const sequence = Math.max(state.position + 1, typeof state.from === 'number' ? state.from : 1);
    const config = pushConsumerConfig({ lastPerSubject, sequence, filter }, { subject: consumer.subject, heartbeatMs });
    try {
      const info = await Promise.race([api.consumers.add(stream, config), consumer.spoilt]);
      consumer.name = info.name;
      consumer.initial = info.delivered.consumer_seq + info.num_pending;
      state.pending = info.num_pending;
    } catch (error) {
      state.readsAll ||= lastPerSubject;
      throw error;
    }
  };

  /** One life of a consumer: from its creation until something is odd. */
  const attend = async (api: JetStreamManager): Promise<void> => {
    const consumer = (state.consumer = pushConsumer(nc, attention));
    try {
      const before = await Promise.race([api.streams.info(stream), consumer.spoilt]);
      recognise(before);
      const { beginnings } = state;
      await create(api, consumer, before.state);
      // Made anew in this very moment? Then the next life sees it. What arrived meanwhile is still held back.
      const after = await Promise.race([api.streams.info(stream), consumer.spoilt]);
      if (after.created !== before.created || state.beginnings !== beginnings) return;
      if (consumer.initial === 0) nothingNew(before.state.last_seq);
      consumer.flow((message) => receive(consumer, message));
      await watchHeartbeats(consumer, attention, heartbeatMs);
      if (!state.stopped)
        logger.info(
          { stream, filter, position: state.position, reason: consumer.odd },
          'reading on with another consumer',
        );
    } finally {
      state.consumer = undefined;
      consumer.odd ??= 'closed';
      consumer.close();
      if (consumer.name !== undefined && !nc.isClosed())
        api.consumers.delete(stream, consumer.name).catch(() => undefined);
    }
  };

  const run = async () => {
    for (let wait = RETRY_MS.first; !state.stopped && !nc.isClosed(); wait = Math.min(wait * 2, RETRY_MS.most)) {
      const began = performance.now();
      try {
        await attend(await manager);
      } catch (error) {
        if (!state.stopped) logger.warn({ err: error, stream, filter }, 'the stream cannot be read at the moment');
      }
      if (performance.now() - began > LASTING_MS) wait = RETRY_MS.first;
      if (!state.stopped) await attention.wait(wait);
    }
  };

  const reconnected = () => {
    if (state.consumer) state.consumer.isOdd('reconnected');
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
      state.consumer?.isOdd('begins again');
    },
    async stop() {
      state.stopped = true;
      (statuses as { stop?(): void }).stop?.();
      state.consumer?.isOdd('stopped');
      attention.notify();
      await running;
    },
  };
}
