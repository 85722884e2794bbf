import { startRequestService } from '@trunkmesh/requests/request-service.nats.js';
import { runService } from '@trunkmesh/runtime/run-service.process.js';
import { AppModule } from './app.module.js';
import { environmentSchema } from './config.js';

await runService(AppModule, { name: 'routing-service', environment: environmentSchema, start: startRequestService });
