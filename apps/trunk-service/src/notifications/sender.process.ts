import { setTimeout as pause } from 'node:timers/promises';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { counter } from '@trunkmesh/runtime/metric.otel.js';
import type { KeyRing } from '@trunkmesh/runtime/key-ring.js';
import { CONFIG } from '@trunkmesh/runtime/service.module.js';
import { uuidv7 } from 'uuidv7';
import type { Config } from '../config.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { whenOpened, type Background } from '../event-store/when-opened.pg.js';
import { EVENT_STORE, KEY_RING } from '../tokens.js';
import { attempt, type Means } from './attempt.http.js';
import type { ChannelRow } from './channel-row.pg.js';
import type { DeliveryView } from './delivery.js';
import { mailServer, type MailRecipient } from './mail.net.js';
import type { NotificationMessage } from '@trunkmesh/contracts/notification.js';
import { codeMail } from './recipient.js';
import { codeNotSent, confirmedOf, takeDueCode, type Subscriber } from './recipients.pg.js';
import { findDelivery, insertTest, noteOutcome, takeDue, type DueDelivery } from './outbox.pg.js';

const attempts = counter(
  'trunkmesh_notification_attempts_total',
  'Attempts to deliver a notification, by channel and outcome',
);

const LOOK_MS = 1_000;
const MESSAGES_PER_LOOK = 20;

/** Sends what the outbox has. Every copy of the service does; a message is one copy's at a time. */
@Injectable()
export class Sender implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly means: Means;
  private readonly publicUrl: string | undefined;
  private background: Background | undefined;

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(KEY_RING) ring: KeyRing,
    @Inject(CONFIG) { SMTP_URL, SMTP_FROM, ALLOW_PRIVATE_GATEWAYS, PUBLIC_URL }: Config,
  ) {
    this.publicUrl = PUBLIC_URL;
    this.means = {
      ring,
      allowPrivate: ALLOW_PRIVATE_GATEWAYS,
      mail: SMTP_URL === undefined ? undefined : mailServer(SMTP_URL, SMTP_FROM),
      confirmed: async ({ message, channel }) =>
        (await confirmedOf(this.store, message.data.organization_id, channel?.recipients ?? [])).map((each) =>
          this.addressed(each),
        ),
    };
  }

  onApplicationBootstrap(): void {
    this.background = whenOpened(this.store, () => {
      const stopping = new AbortController();
      const running = this.run(stopping.signal);
      return {
        stop: async () => {
          stopping.abort();
          await running;
        },
      };
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.background?.stop();
    this.means.mail?.close();
  }

  /** One attempt that is not repeated. */
  async test(channel: ChannelRow): Promise<DeliveryView> {
    const message = testMessage(channel);
    const id = await insertTest(this.store, channel, message);
    const outcome = await attempt({ id, turn: 1, attempts: 1, message, channel }, this.means);
    await noteOutcome(this.store, { id, turn: 1, attempts: 1 }, outcome.ok ? outcome : { ...outcome, final: true });
    return findDelivery(this.store, id);
  }

  private async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const sent = await this.sendDueAndCode().catch((error: unknown) => {
        if (!signal.aborted)
          this.store.logger.warn({ err: { message: (error as Error).message } }, 'cannot send notifications; retrying');
        return 0;
      });
      if (sent < MESSAGES_PER_LOOK) await pause(LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  private async sendDueAndCode(): Promise<number> {
    const [sent] = await Promise.all([this.sendDue(), this.sendCode()]);
    return sent;
  }

  /** Asks one recipient whether it wants to get messages. */
  private async sendCode(): Promise<void> {
    const { mail } = this.means;
    const due = mail === undefined ? undefined : await takeDueCode(this.store);
    if (mail === undefined || due === undefined) return;
    const outcome = await mail.send({ id: uuidv7(), recipients: [this.addressed(due)], ...codeMail(due) });
    if (!outcome.ok && outcome.final !== true) await codeNotSent(this.store, due);
  }

  private addressed({ address, unsubscribe_token }: Subscriber): MailRecipient {
    const { publicUrl } = this;
    return {
      address,
      unsubscribeUrl: publicUrl === undefined ? null : `${publicUrl}/unsubscribe/${unsubscribe_token}`,
    };
  }

  private async sendDue(): Promise<number> {
    const due = await takeDue(this.store, MESSAGES_PER_LOOK);
    await Promise.all(due.map((delivery) => this.send(delivery)));
    return due.length;
  }

  private async send(delivery: DueDelivery): Promise<void> {
    const outcome = await attempt(delivery, this.means);
    // Where this is lost, the turn ends by itself and the message is sent again: at least once.
    await noteOutcome(this.store, delivery, outcome);
    attempts.add(1, { channel: delivery.channel?.kind ?? 'none', outcome: outcome.ok ? 'delivered' : 'failed' });
    if (!outcome.ok)
      this.store.logger.info(
        { delivery_id: delivery.id, attempts: delivery.attempts, why: outcome.error },
        'could not deliver a notification',
      );
  }
}

function testMessage({ organization_id, name }: ChannelRow): NotificationMessage {
  const now = new Date().toISOString();
  return {
    type: 'notification.test',
    timestamp: now,
    data: {
      notification_id: uuidv7(),
      state: 'test',
      organization_id,
      rule_id: null,
      rule_name: null,
      trunk_id: null,
      since: now,
      summary: `This is a test of the channel "${name}". Nothing happened.`,
      suppressed: 0,
      details: {},
    },
  };
}
