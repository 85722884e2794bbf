import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { OwnNatsLink } from '@trunkmesh/runtime/link.nats.js';
import { LOGGER } from '@trunkmesh/runtime/service.module.js';
import { HEARTBEATS, NATS } from '../tokens.js';
import { BridgeController } from './bridge.controller.js';
import { hearBridges, type Heartbeats } from './heartbeats.nats.js';
import { LiveFleet } from './live-fleet.pg.js';

@Global()
@Module({
  controllers: [BridgeController],
  providers: [
    {
      provide: HEARTBEATS,
      inject: [NATS, LOGGER],
      useFactory: (nats: OwnNatsLink, logger: Logger): Heartbeats => hearBridges(nats, logger),
    },
    LiveFleet,
  ],
  exports: [LiveFleet, HEARTBEATS],
})
export class BridgeModule implements OnApplicationShutdown {
  constructor(@Inject(HEARTBEATS) private readonly heartbeats: Heartbeats) {}

  async onApplicationShutdown(): Promise<void> {
    await this.heartbeats.stop();
  }
}
