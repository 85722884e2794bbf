import { type DynamicModule, Module } from '@nestjs/common';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { Config } from './config.js';
import { RoutingService } from './routing.service.js';
import { CONFIG, LOGGER } from './tokens.js';

@Module({})
export class AppModule {
  static with(config: Config, logger: Logger): DynamicModule {
    return {
      module: AppModule,
      providers: [{ provide: CONFIG, useValue: config }, { provide: LOGGER, useValue: logger }, RoutingService],
      exports: [RoutingService],
    };
  }
}
