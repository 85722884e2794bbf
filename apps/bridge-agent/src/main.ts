import { startRequestService } from '@trunkmesh/requests/request-service.nats.js';
import { runService } from '@trunkmesh/runtime/run-service.process.js';
import { AppModule } from './app.module.js';
import { environmentSchema } from './config.js';

await runService(AppModule, {
  name: 'bridge-agent',
  environment: environmentSchema,
  start: startRequestService,
  deadlineMs: ({ DRAIN_SECONDS }) => DRAIN_SECONDS * 1_000 + 15_000,
  logFields: ({ BRIDGE_ID }) => ({ bridge_id: BRIDGE_ID }),
});
