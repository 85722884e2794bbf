import { type DynamicModule, Module } from '@nestjs/common';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { BridgeAgent } from './bridge-agent.service.js';
import type { Config } from './config.js';
import { AGENT_VERSION, CONFIG, LOGGER } from './tokens.js';

@Module({})
export class AppModule {
  static with(config: Config, logger: Logger, version: string): DynamicModule {
    return {
      module: AppModule,
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: LOGGER, useValue: logger },
        { provide: AGENT_VERSION, useValue: version },
        BridgeAgent,
      ],
      exports: [BridgeAgent],
    };
  }
}
