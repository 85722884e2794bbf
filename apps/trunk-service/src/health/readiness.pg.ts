import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import type { Readiness } from '@trunkmesh/runtime/service.module.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { EVENT_STORE } from '../tokens.js';

/** NATS is not asked: without it commands are accepted, and relayed later. */
@Injectable()
export class DatabaseReadiness implements BeforeApplicationShutdown {
  private isStopping = false;

  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  /** While it stops, the service answers the requests under way and wants no others. */
  beforeApplicationShutdown(): void {
    this.isStopping = true;
  }

  async check(): Promise<Readiness> {
    return this.isStopping ? { service: 'stopping' } : { record: await this.store.health() };
  }
}
