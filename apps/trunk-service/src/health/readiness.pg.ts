import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import type { Readiness } from '@trunkmesh/runtime/service.module.js';
import type { RecordStore } from '../record/record-store.pg.js';
import { RECORD } from '../tokens.js';

/** NATS is not asked: without it commands are accepted, and relayed later. */
@Injectable()
export class RecordReadiness implements BeforeApplicationShutdown {
  private isStopping = false;

  constructor(@Inject(RECORD) private readonly record: RecordStore) {}

  /** While it stops, the service answers the requests under way and wants no others. */
  beforeApplicationShutdown(): void {
    this.isStopping = true;
  }

  async check(): Promise<Readiness> {
    return this.isStopping ? { service: 'stopping' } : { record: await this.record.health() };
  }
}
