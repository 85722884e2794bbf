import { Inject, Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { ALL_GATEWAYS, GATEWAYS_STREAM, REGISTRATIONS_DURABLE } from '@trunkmesh/contracts/subjects.js';
import type { OwnNatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { Heartbeats } from '../bridge/heartbeats.nats.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { whenOpened, type Background } from '../event-store/when-opened.pg.js';
import { readBatches } from '../nats/batches.nats.js';
import { EVENT_STORE, HEARTBEATS, NATS } from '../tokens.js';
import { notePresence } from './bridge-presence.pg.js';
import { forgetGatewayChanges, storeGatewayChanges } from './gateway-changes.pg.js';
import { RegistrationsController } from './registrations.controller.js';

const PRESENCE_EVERY_MS = 10_000;
const FORGET_EVERY_MS = 3_600_000;

/** What the gateways of the trunks went through, for longer than their stream keeps it. */
@Module({ controllers: [RegistrationsController] })
export class RegistrationsModule implements OnApplicationBootstrap, OnApplicationShutdown {
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
    const { store, nats, heartbeats } = this;
    const { logger } = store;
    const reader = readBatches({
      stream: GATEWAYS_STREAM,
      durable: REGISTRATIONS_DURABLE,
      filter: ALL_GATEWAYS,
      what: 'changes of gateways',
      nats,
      logger,
      store: (messages) =>
        storeGatewayChanges(
          store,
          messages.map(({ value }) => value),
        ),
    });
    const every = (ms: number, what: string, work: () => Promise<void>) =>
      setInterval(() => {
        work().catch((error: unknown) => {
          logger.warn({ err: { message: (error as Error).message } }, `cannot ${what}; trying again`);
        });
      }, ms).unref();
    const timers = [
      every(PRESENCE_EVERY_MS, 'note which bridges are there', () =>
        notePresence(
          store,
          [...heartbeats.bridges.values()].filter(({ heard_at }) => heard_at > 0).map(({ heartbeat }) => heartbeat),
        ),
      ),
      every(FORGET_EVERY_MS, 'delete old changes of gateways', () => forgetGatewayChanges(store)),
    ];
    return {
      stop: async () => {
        for (const timer of timers) clearInterval(timer);
        await reader.stop();
      },
    };
  }
}
