import { Inject, Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { CONFIG, LOGGER } from '@trunkmesh/runtime/service.module.js';
import type { Config } from '../config.js';
import { EslClient } from './esl-client.net.js';

/** FreeSWITCH's event socket. The parts subscribe when they are made; the connection is dialled when all are. */
@Module({
  providers: [
    {
      provide: EslClient,
      inject: [CONFIG, LOGGER],
      useFactory: ({ ESL_HOST, ESL_PORT, ESL_PASSWORD }: Config, logger: Logger): EslClient =>
        new EslClient({ host: ESL_HOST, port: ESL_PORT, password: ESL_PASSWORD, logger }),
    },
  ],
  exports: [EslClient],
})
export class EventSocketModule implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(@Inject(EslClient) private readonly esl: EslClient) {}

  onApplicationBootstrap(): void {
    this.esl.start();
  }

  onApplicationShutdown(): void {
    this.esl.stop();
  }
}
