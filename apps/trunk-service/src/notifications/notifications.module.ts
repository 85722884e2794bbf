import { setTimeout as pause } from 'node:timers/promises';
import { Inject, Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import {
  ALERTS_STREAM,
  ALL_ALERTS,
  ALL_CALLS,
  CALLS_STREAM,
  NOTIFIED_ALERTS_DURABLE,
  NOTIFIED_CALLS_DURABLE,
} from '@trunkmesh/contracts/subjects.js';
import type { OwnNatsLink } from '@trunkmesh/runtime/link.nats.js';
import { AccessModule } from '../access/access.module.js';
import type { Heartbeats } from '../bridge/heartbeats.nats.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { whenOpened, type Background } from '../event-store/when-opened.pg.js';
import { readBatches } from '../nats/batches.nats.js';
import { EVENT_STORE, HEARTBEATS, NATS } from '../tokens.js';
import { watch, WATCHED_KINDS } from './alarms.pg.js';
import { countCalls } from './call-counters.pg.js';
import { ChannelController } from './channel.controller.js';
import { DeliveryController } from './delivery.controller.js';
import { forgetDeliveries } from './outbox.pg.js';
import { RecipientController } from './recipient.controller.js';
import { forgetRecipients } from './recipients.pg.js';
import { RuleController } from './rule.controller.js';
import { Sender } from './sender.process.js';
import { UnsubscribeController } from './unsubscribe.controller.js';
import { notifyOfAlerts } from './usage-alerts.pg.js';

const WATCH_EVERY_MS = 5_000;
const FORGET_TICKS = 720;
/**
 * Heartbeats have arrived for so long that a bridge without one is gone: before that, every registration would look
 * lost.
 */
const LISTENED_MS = 90_000;

/** Rules, and the channels that notify an organisation of what they find. */
@Module({
  imports: [AccessModule],
  controllers: [ChannelController, RecipientController, RuleController, DeliveryController, UnsubscribeController],
  providers: [Sender],
})
export class NotificationsModule implements OnApplicationBootstrap, OnApplicationShutdown {
  private background: Background | undefined;

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(NATS) private readonly nats: OwnNatsLink,
    @Inject(HEARTBEATS) private readonly heartbeats: Heartbeats,
  ) {}

  onApplicationBootstrap(): void {
    this.background = whenOpened(this.store, () => this.start());
  }

  async onApplicationShutdown(): Promise<void> {
    await this.background?.stop();
  }

  private start(): Background {
    const { store, nats } = this;
    const { logger } = store;
    const stopping = new AbortController();
    const readers = [
      readBatches({
        stream: CALLS_STREAM,
        durable: NOTIFIED_CALLS_DURABLE,
        filter: ALL_CALLS,
        what: 'calls for notifications',
        nats,
        logger,
        store: (messages) => countCalls(store, messages, Date.now()),
      }),
      readBatches({
        stream: ALERTS_STREAM,
        durable: NOTIFIED_ALERTS_DURABLE,
        filter: ALL_ALERTS,
        what: 'usage alerts',
        nats,
        logger,
        store: (messages) => notifyOfAlerts(store, messages, Date.now()),
      }),
    ];
    const watching = this.watch(stopping.signal);
    return {
      stop: async () => {
        stopping.abort();
        await Promise.all([watching, ...readers.map((reader) => reader.stop())]);
      },
    };
  }

  private async watch(signal: AbortSignal): Promise<void> {
    for (let ticks = 1; !signal.aborted; ticks += 1) {
      try {
        await watch(this.store, this.kinds());
        if (ticks % FORGET_TICKS === 0) await this.forget();
      } catch (error) {
        if (!signal.aborted)
          this.store.logger.warn(
            { err: { message: (error as Error).message } },
            'cannot look at the rules of notifications; trying again',
          );
      }
      await pause(WATCH_EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  private async forget(): Promise<void> {
    await forgetDeliveries(this.store);
    await forgetRecipients(this.store);
  }

  private kinds() {
    const since = this.heartbeats.listeningSince();
    const hears = since !== null && Date.now() - since > LISTENED_MS;
    return hears ? WATCHED_KINDS : WATCHED_KINDS.filter((kind) => kind !== 'registration-lost');
  }
}
