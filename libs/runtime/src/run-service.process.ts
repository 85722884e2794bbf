import 'reflect-metadata';
import type { DynamicModule, INestApplicationContext, NestApplicationOptions, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { z } from 'zod';
import { parseEnvironment } from './environment.js';
import { createLogger, nestLogger, type Logger } from './logger.process.js';
import { startOpsServer, type OpsServer } from './ops.http.js';
import { READINESS, ServiceModule, type ReadinessCheck } from './service.module.js';
import { gracefulShutdown, type ShutdownOptions } from './shutdown.process.js';
import { startTelemetry, type Telemetry } from './telemetry.otel.js';

/** What every service reads from its environment. */
export interface ServiceConfig {
  LOG_LEVEL: string;
  OPS_PORT: number;
  OPS_HOST?: string | undefined;
}

/** A running application, and facts for the log line about its start, for example its address. */
export interface Started {
  app: INestApplicationContext;
  facts?: object;
}

/** `root` holds the service's AppModule; `options` are for NestFactory. */
export type StartApplication<Config> = (
  root: DynamicModule,
  options: NestApplicationOptions,
  config: Config,
) => Promise<Started>;

export interface ServiceOptions<Config extends ServiceConfig> {
  name: string;
  environment: z.ZodType<Config>;
  /** Default: an application that runs no server. */
  start?: StartApplication<Config>;
  /** For the whole shutdown; default 10 s. */
  deadlineMs?: (config: Config) => number;
  /** Fields of every log line. */
  logFields?: (config: Config) => object;
  /** What belongs to the process. A test gives its own. */
  host?: Pick<ShutdownOptions, 'exit' | 'source'> & { env: Readonly<Record<string, string | undefined>> };
}

/**
 * Runs one service until a signal ends it: environment, logger, telemetry, the application, the ops server. They stop
 * in the order application, ops server, telemetry. Exit codes are those of `gracefulShutdown`; a start that fails is
 * one of 1.
 *
 * @throws EnvironmentError before anything was started
 */
export async function runService<Config extends ServiceConfig>(
  appModule: Type,
  options: ServiceOptions<Config>,
): Promise<void> {
  const { name, start = startContext, host = { env: process.env } } = options;
  const config = parseEnvironment(options.environment, host.env);
  const logger = loggerOf(options, config);
  const shutdown = gracefulShutdown({
    logger,
    deadlineMs: options.deadlineMs?.(config),
    exit: host.exit,
    source: host.source,
  });
  const telemetry = startTelemetry(name, host.env);
  shutdown.add('telemetry', () => telemetry.shutdown());
  const root = ServiceModule.of(appModule, { config, logger });
  try {
    const { app, facts } = await start(root, { logger: nestLogger(logger), abortOnError: false }, config);
    const ops = await opsServerOf(app, { config, telemetry, logger });
    shutdown.add('ops server', () => ops.stop());
    shutdown.add('application', () => app.close());
    logger.info({ ...facts, ops_port: ops.port }, 'started');
  } catch (error) {
    // What it measured of a start that failed is sent, too.
    await telemetry.shutdown();
    throw error;
  }
}

async function opsServerOf(
  app: Started['app'],
  { config, telemetry, logger }: { config: ServiceConfig; telemetry: Telemetry; logger: Logger },
): Promise<OpsServer> {
  try {
    return await startOpsServer({
      port: config.OPS_PORT,
      host: config.OPS_HOST,
      telemetry,
      logger,
      ready: app.get<ReadinessCheck>(READINESS, { strict: false }),
    });
  } catch (error) {
    await app.close();
    throw error;
  }
}

function loggerOf<Config extends ServiceConfig>({ name, logFields }: ServiceOptions<Config>, config: Config): Logger {
  const logger = createLogger(name, { level: config.LOG_LEVEL });
  return logFields === undefined ? logger : logger.child(logFields(config));
}

async function startContext(root: DynamicModule, options: NestApplicationOptions): Promise<Started> {
  return { app: await NestFactory.createApplicationContext(root, options) };
}
