import { runService } from '@trunkmesh/runtime/run-service.process.js';
import { AppModule } from './app.module.js';
import { environmentSchema } from './config.js';
import { startHttpService } from './http-service.http.js';

await runService(AppModule, {
  name: 'trunk-service',
  environment: environmentSchema,
  start: startHttpService,
  deadlineMs: () => 20_000,
});
