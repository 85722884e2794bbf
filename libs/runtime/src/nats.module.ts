import { setTimeout as sleep } from 'node:timers/promises';
import { Global, Inject, Module, type BeforeApplicationShutdown, type DynamicModule } from '@nestjs/common';
import { linkNats, type OwnNatsLink } from './link.nats.js';
import type { Logger } from './logger.process.js';
import { CONFIG, LOGGER } from './service.module.js';

/** `OwnNatsLink`: the service's one connection to NATS. */
export const NATS = Symbol('NATS');

/** A server that is down or halted never confirms. */
const FLUSH_MS = 2_000;

/** The service's one connection to NATS, as `NATS`. The service starts while NATS is down, so nothing waits for it. */
@Global()
@Module({})
export class NatsModule implements BeforeApplicationShutdown {
  constructor(@Inject(NATS) private readonly nats: OwnNatsLink) {}

  /** `name`: what `nats server list connections` shows. */
  static of(name: string): DynamicModule {
    const nats = {
      provide: NATS,
      inject: [CONFIG, LOGGER],
      useFactory: ({ NATS_URL }: { NATS_URL: string }, logger: Logger): OwnNatsLink =>
        linkNats(NATS_URL, { name, logger }),
    };
    return { module: NatsModule, providers: [nats], exports: [NATS] };
  }

  /** After `onModuleDestroy`, in which readers and responders stop: what they sent last still goes out. */
  async beforeApplicationShutdown(): Promise<void> {
    const flushed = this.nats.connection?.flush().catch(() => undefined);
    await Promise.race([flushed, sleep(FLUSH_MS, undefined, { ref: false })]);
    await this.nats.close();
  }
}
