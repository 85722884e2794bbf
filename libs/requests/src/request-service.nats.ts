import type { DynamicModule, INestMicroservice, NestApplicationOptions } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { AsyncMicroserviceOptions } from '@nestjs/microservices';
import { RequestServer } from './request-server.nats.js';

/** Starts an application that answers requests over NATS, with the RequestServer that its modules provide. */
export async function startRequestService(
  root: DynamicModule,
  options: NestApplicationOptions,
): Promise<{ app: INestMicroservice }> {
  const app = await NestFactory.createMicroservice<AsyncMicroserviceOptions>(root, {
    inject: [RequestServer],
    useFactory: (strategy: RequestServer) => ({ strategy }),
    ...options,
  });
  await app.listen();
  return { app };
}
