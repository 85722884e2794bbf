import 'reflect-metadata';
import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { bridgeRequest, type BridgeRequest } from '@trunkmesh/contracts/subjects.js';
import { RequestServer } from '@trunkmesh/requests/request-server.nats.js';
import type { NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import { CALL_CONTROL } from '../tokens.js';
import { CallControlController, type CallControlPorts } from './call-control.controller.js';

class CallControlModule {}

/** Answers requests about calls to `bridge-1`, as the agent does. Returns how to stop. */
export async function serveCallControl(
  connecting: Promise<NatsConnection>,
  ports: CallControlPorts,
): Promise<() => Promise<void>> {
  const module: DynamicModule = {
    module: CallControlModule,
    controllers: [CallControlController],
    providers: [{ provide: CALL_CONTROL, useValue: ports }],
  };
  const strategy = new RequestServer({
    ready: () => connecting,
    subjectOf: (request) => bridgeRequest('bridge-1', request as BridgeRequest),
    closeMs: 200,
    logger: ports.logger,
  });
  const app = await NestFactory.createMicroservice(module, { strategy, logger: false });
  await app.listen();
  return () => app.close();
}
