import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { AsyncMicroserviceOptions } from '@nestjs/microservices';
import { RequestServer } from '@trunkmesh/requests/request-server.nats.js';
import { parseEnvironment } from '@trunkmesh/runtime/environment.js';
import { createLogger, nestLogger } from '@trunkmesh/runtime/logger.process.js';
import { startOpsServer } from '@trunkmesh/runtime/ops.http.js';
import { gracefulShutdown } from '@trunkmesh/runtime/shutdown.process.js';
import { startTelemetry } from '@trunkmesh/runtime/telemetry.otel.js';
import { AppModule } from './app.module.js';
import { environmentSchema } from './config.js';
import { UsageService } from './usage/usage.service.js';

const SERVICE = 'billing-observer';
const config = parseEnvironment(environmentSchema, process.env);
const logger = createLogger(SERVICE, { level: config.LOG_LEVEL });
const telemetry = startTelemetry(SERVICE, process.env);
const shutdown = gracefulShutdown({ logger });
shutdown.add('telemetry', () => telemetry.shutdown());

const app = await NestFactory.createMicroservice<AsyncMicroserviceOptions>(AppModule.with(config, logger), {
  inject: [RequestServer],
  useFactory: (strategy: RequestServer) => ({ strategy }),
  logger: nestLogger(logger),
  abortOnError: false,
});
await app.listen();
const usage = app.get(UsageService);
const ops = await startOpsServer({
  port: config.OPS_PORT,
  host: config.OPS_HOST,
  telemetry,
  logger,
  ready: () => usage.readiness(),
});
shutdown.add('ops server', () => ops.stop());
shutdown.add('application', () => app.close());
logger.info({ ops_port: ops.port }, 'started');
