import { Module, type DynamicModule, type Type } from '@nestjs/common';
import type { Logger } from './logger.process.js';

/** The parsed environment of the service. */
export const CONFIG = Symbol('CONFIG');
/** `Logger` of logger.pino.ts. */
export const LOGGER = Symbol('LOGGER');
/** `ReadinessCheck`. Every service provides one; `/health/ready` of the ops server answers with it. */
export const READINESS = Symbol('READINESS');

/** Each thing that the service needs: `up`, or in words why not. */
export type Readiness = Readonly<Record<string, string>>;
export type ReadinessCheck = () => Readiness | Promise<Readiness>;

export interface ServiceContext {
  config: object;
  logger: Logger;
}

/** The root of every service: its AppModule, and the two values that exist before Nest does. */
@Module({})
export class ServiceModule {
  static of(appModule: Type, { config, logger }: ServiceContext): DynamicModule {
    return {
      module: ServiceModule,
      global: true,
      imports: [appModule],
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: LOGGER, useValue: logger },
      ],
      exports: [CONFIG, LOGGER],
    };
  }
}
