import { parseEnvironment } from '@trunkmesh/runtime/environment.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { startOpsServer } from '@trunkmesh/runtime/ops.http.js';
import { gracefulShutdown } from '@trunkmesh/runtime/shutdown.process.js';
import { startTelemetry } from '@trunkmesh/runtime/telemetry.otel.js';
import { environmentSchema } from './config.js';
import { startTrunkService } from './trunk-service.process.js';

const config = parseEnvironment(environmentSchema, process.env);
const logger = createLogger('trunk-service', { level: config.LOG_LEVEL });
const shutdown = gracefulShutdown({ logger, deadlineMs: 20_000 });
const telemetry = startTelemetry('trunk-service', process.env);
shutdown.add('telemetry', () => telemetry.shutdown());

const service = await startTrunkService(config, logger);
shutdown.add('trunk-service', () => service.stop());
const ops = await startOpsServer({
  port: config.OPS_PORT,
  host: config.OPS_HOST,
  telemetry,
  ready: service.parts.readiness,
  logger,
});
shutdown.add('ops server', () => ops.stop());
logger.info({ api: service.url, ops_port: ops.port }, 'trunk-service is up');
