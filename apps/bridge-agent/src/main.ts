import { runService } from '@trunkmesh/runtime/run-service.process.js';
import { AppModule } from './app.module.js';
import { environmentSchema } from './config.js';

await runService(AppModule, {
  name: 'bridge-agent',
  environment: environmentSchema,
  deadlineMs: ({ DRAIN_SECONDS }) => DRAIN_SECONDS * 1_000 + 15_000,
  logFields: ({ BRIDGE_ID }) => ({ bridge_id: BRIDGE_ID }),
});
