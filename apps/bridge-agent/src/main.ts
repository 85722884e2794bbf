import 'reflect-metadata';
import { readFile } from 'node:fs/promises';
import { NestFactory } from '@nestjs/core';
import { parseEnvironment } from '@trunkmesh/runtime/environment.js';
import { createLogger, nestLogger } from '@trunkmesh/runtime/logger.process.js';
import { startOpsServer } from '@trunkmesh/runtime/ops.http.js';
import { gracefulShutdown } from '@trunkmesh/runtime/shutdown.process.js';
import { startTelemetry } from '@trunkmesh/runtime/telemetry.otel.js';
import { AppModule } from './app.module.js';
import { BridgeAgent } from './bridge-agent.service.js';
import { environmentSchema } from './config.js';

const SERVICE = 'bridge-agent';
const config = parseEnvironment(environmentSchema, process.env);
const logger = createLogger(SERVICE, { level: config.LOG_LEVEL }).child({ bridge_id: config.BRIDGE_ID });
const telemetry = startTelemetry(SERVICE, process.env);
const shutdown = gracefulShutdown({ logger, deadlineMs: config.DRAIN_SECONDS * 1_000 + 15_000 });
shutdown.add('telemetry', () => telemetry.shutdown());

const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const app = await NestFactory.createApplicationContext(AppModule.with(config, logger, version), {
  logger: nestLogger(logger),
  abortOnError: false,
});
const agent = app.get(BridgeAgent);
const ops = await startOpsServer({
  port: config.OPS_PORT,
  host: config.OPS_HOST,
  telemetry,
  logger,
  ready: () => agent.readiness(),
});
shutdown.add('ops server', () => ops.stop());
shutdown.add('application', () => app.close());
logger.info({ ops_port: ops.port }, 'started');
