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
   * The last message of each subject, at least, and then everything; or everything from this sequence. After a reset:
   * again, or from 1.
   */
  from: 'last-per-subject' | number;
  onMessage(message: Msg, delivery: Delivery): void;
  /** What was there at the start is delivered. Called again after a reset. */
  onCaughtUp(): void;
  /**
   * The stream is another one, or lost its end: whatever was built from it is void, and everything is delivered again.
   */
  onReset(): void;
  logger: Logger;
  heartbeatMs?: number;
}

const HEARTBEAT_MS = 2_500;
const RETRY_MS = { first: 50, most: 2_000 };
/** A consumer that lasts less than this has failed, and is not replaced without a pause. */
const LASTING_MS = 1_000;
/**
 * nats-server 2.9 takes about 5 s per million subjects to create a last-per-subject consumer. Until then it accepts no
 * messages and answers no pings.
 */
const CREATE_DEADLINE_MS = 30_000;
/**
 * Reading a message takes 5 µs, so below this many messages a subject it is quicker, and kinder to everybody else, to
 * read all of them.
 */
const WORTH_LAST_PER_SUBJECT = 4;

/**
 * Reads a stream in order and without gaps until it is stopped. It uses a push consumer with flow control, in memory on
 * the server, and replaces it from the next sequence after any irregularity: a gap, missing heartbeats (the consumer is
 * gone, the machine slept), a reconnect, or the server's report that the consumer is gone.
 *
 * It does not use the client's own ordered consumer: in a recreated, shorter stream that one asks for its next sequence
 * and never gets a message.
 */
export class Ordered {
  private readonly manager: Promise<JetStreamManager>;
  private readonly attention = signal();
  private readonly statuses: ReturnType<NatsConnection['status']>;
  private readonly running: Promise<void>;
  private readonly heartbeatMs: number;
  private from: OrderedOptions['from'];
  private reached = 0;
  private left = 0;
  private isCaughtUp = false;
  private stopped = false;
  /** When the stream was made that is being read. */
  private created: string | undefined;
  /** The server was too long about it once. */
  private readsAll = false;
  private beginnings = 0;
  private consumer: PushConsumer | undefined;

  constructor(
    private readonly nc: NatsConnection,
    private readonly options: OrderedOptions,
  ) {
    this.from = options.from;
    this.heartbeatMs = options.heartbeatMs ?? HEARTBEAT_MS;
    this.manager = jetstreamManager(nc, { checkAPI: false, timeout: CREATE_DEADLINE_MS });
    this.statuses = nc.status();
    void this.watchConnection();
    this.running = this.run();
  }

  /** Everything up to this sequence was delivered; 0: nothing. */
  position(): number {
    return this.reached;
  }

  /** What the server had left for us when it sent the last one. */
  pending(): number {
    return this.left;
  }

  /** Begins again from the start, as after a reset but without telling. */
  restart(): void {
    this.forget();
    this.consumer?.isOdd('begins again');
  }

  async stop(): Promise<void> {
    this.stopped = true;
    (this.statuses as { stop?(): void }).stop?.();
    this.consumer?.isOdd('stopped');
    this.attention.notify();
    await this.running;
  }

  private async watchConnection(): Promise<void> {
    for await (const { type } of this.statuses) {
      if (type !== 'reconnect') continue;
      if (this.consumer) this.consumer.isOdd('reconnected');
      else this.attention.notify();
    }
  }

  private async run(): Promise<void> {
    const { stream, filter, logger } = this.options;
    for (let wait = RETRY_MS.first; !this.stopped && !this.nc.isClosed(); wait = Math.min(wait * 2, RETRY_MS.most)) {
      const began = performance.now();
      try {
        await this.attend(await this.manager);
      } catch (error) {
        if (!this.stopped) logger.warn({ err: error, stream, filter }, 'the stream cannot be read at the moment');
      }
      if (performance.now() - began > LASTING_MS) wait = RETRY_MS.first;
      if (!this.stopped) await this.attention.wait(wait);
    }
  }

  /** One life of a consumer: from its creation until something is odd. */
  private async attend(api: JetStreamManager): Promise<void> {
    const { stream, filter, logger } = this.options;
    const consumer = pushConsumer(this.nc, this.attention);
    this.consumer = consumer;
    try {
      const before = await Promise.race([api.streams.info(stream), consumer.spoilt]);
      this.recognise(before);
      const { beginnings } = this;
      await this.create(api, consumer, before.state);
      // If the stream was recreated just now, the next consumer finds out. Events that have arrived since
      // are still held back.
      const after = await Promise.race([api.streams.info(stream), consumer.spoilt]);
      if (after.created !== before.created || this.beginnings !== beginnings) return;
      if (consumer.initial === 0) this.nothingNew(before.state.last_seq);
      consumer.flow((message) => this.receive(consumer, message));
      await watchHeartbeats(consumer, this.attention, this.heartbeatMs);
      if (!this.stopped)
        logger.info(
          { stream, filter, position: this.reached, reason: consumer.odd },
          'reading on with another consumer',
        );
    } finally {
      this.consumer = undefined;
      consumer.odd ??= 'closed';
      consumer.close();
      if (consumer.name !== undefined && !this.nc.isClosed())
        api.consumers.delete(stream, consumer.name).catch(() => undefined);
    }
  }

  /** Is it the stream that we read so far? Where it is not, everything begins again. */
  private recognise({ created, state: { last_seq } }: StreamInfo): void {
    const { from, options } = this;
    const reached = typeof from === 'number' ? Math.max(this.reached, from - 1) : this.reached;
    if ((this.created !== undefined && this.created !== created) || last_seq < reached) {
      options.logger.warn(
        { stream: options.stream, position: reached, last: last_seq },
        'the stream is not what it was; reading it from the start',
      );
      this.forget();
      options.onReset();
    }
    this.created = created;
  }

  private forget(): void {
    this.reached = 0;
    this.left = 0;
    this.isCaughtUp = false;
    this.created = undefined;
    this.beginnings += 1;
    if (typeof this.from === 'number') this.from = 1;
  }

  private async create(
    api: JetStreamManager,
    consumer: PushConsumer,
    { messages, num_subjects: subjects = messages }: StreamInfo['state'],
  ): Promise<void> {
    const { from, heartbeatMs } = this;
    const { stream, filter } = this.options;
    const lastPerSubject =
      from === 'last-per-subject' &&
      this.reached === 0 &&
      !this.isCaughtUp &&
      !this.readsAll &&
      messages >= subjects * WORTH_LAST_PER_SUBJECT;
    const sequence = Math.max(this.reached + 1, typeof from === 'number' ? from : 1);
    const config = pushConsumerConfig({ lastPerSubject, sequence, filter }, { subject: consumer.subject, heartbeatMs });
    try {
      const info = await Promise.race([api.consumers.add(stream, config), consumer.spoilt]);
      consumer.name = info.name;
      consumer.initial = info.delivered.consumer_seq + info.num_pending;
      this.left = info.num_pending;
    } catch (error) {
      this.readsAll ||= lastPerSubject;
      throw error;
    }
  }

  private receive(consumer: PushConsumer, message: Msg): void {
    if (consumer.odd !== undefined) return;
    consumer.quietBeats = 0;
    const delivery = message.reply ? deliveryOf(message.reply) : undefined;
    if (!delivery) return answerControl(this.nc, consumer, message);
    if (delivery.consumerSequence !== consumer.delivered + 1) return consumer.isOdd('a message is missing');
    consumer.delivered = delivery.consumerSequence;
    this.reached = delivery.sequence;
    this.left = delivery.pending;
    this.handOver(message, delivery);
    if (!this.isCaughtUp && (delivery.pending === 0 || consumer.delivered >= consumer.initial)) this.caughtUp();
  }

  /** What cannot be taken in must not stop what is behind it. Its payload may hold secrets and is not logged. */
  private handOver(message: Msg, delivery: Delivery): void {
    try {
      this.options.onMessage(message, delivery);
    } catch (error) {
      const { logger, stream } = this.options;
      logger.error(
        { err: error, stream, subject: message.subject, sequence: delivery.sequence },
        'a message could not be taken in and was left out',
      );
    }
  }

  private caughtUp(): void {
    this.isCaughtUp = true;
    this.options.onCaughtUp();
  }

  private nothingNew(last: number): void {
    this.reached = Math.max(this.reached, last);
    if (!this.isCaughtUp) this.caughtUp();
  }
}
