import 'reflect-metadata';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MessagePattern, Payload } from '@nestjs/microservices';
import type { InboundDecision, InboundRequest } from '@trunkmesh/contracts/routing.js';
import { TRUNKMESH_STREAM } from '@trunkmesh/contracts/subjects.js';
import { follow } from '@trunkmesh/event-log/follow.nats.js';
import { RequestServer } from '@trunkmesh/requests/request-server.nats.js';
import { decideInbound } from '@trunkmesh/routing/decide-inbound.js';
import { applyEventBytes } from '@trunkmesh/routing/number-bytes.js';
import { createRouteIndex } from '@trunkmesh/routing/route-index.js';
import { connectNats } from '@trunkmesh/runtime/connection.nats.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';

/**
 * Answers inbound lookups as routing-service does, with its own functions, but through Nest's transport: `URL SUBJECT`.
 * Writes one line when its index is whole.
 */
const [url, subject] = process.argv.slice(2) as [string, string];
// The measurement holds the other end: when it ends, however it ends, so does this.
process.stdin.resume().once('end', () => process.exit(0));

const service = join(dirname(fileURLToPath(import.meta.url)), '../../apps/routing-service/dist');
const load = async <Exports>(file: string): Promise<Exports> => (await import(join(service, file))) as Exports;
const { readInboundRequest } = await load<{ readInboundRequest(value: unknown): InboundRequest | string }>(
  'inbound/inbound-request.js',
);
const { decisionJson } = await load<{ decisionJson(decision: InboundDecision): string }>('inbound/decision-json.js');
const { createPayloadEncoder } = await load<{ createPayloadEncoder(): (text: string) => Uint8Array }>(
  'answering/payload-encoder.js',
);

const logger = createLogger('bench', { level: 'error' });
const index = createRouteIndex();
const encode = createPayloadEncoder();

@Controller()
class InboundController {
  @MessagePattern('inbound')
  lookup(@Payload() value: unknown): Uint8Array {
    const request = readInboundRequest(value);
    if (typeof request === 'string') throw new Error(request);
    return encode(decisionJson(decideInbound(index, request)));
  }
}

@Module({ controllers: [InboundController] })
class BenchModule {}

const nc = await connectNats(url, { name: 'bench', logger });
await new Promise<void>((onCaughtUp) => {
  follow<Uint8Array>(nc, {
    stream: TRUNKMESH_STREAM,
    filter: 'trunkmesh.>',
    from: 'last-per-subject',
    decode: (bytes) => bytes,
    onEvent: (bytes, event) => applyEventBytes(index, event.subject, bytes),
    onCaughtUp,
    logger,
  });
});
const app = await NestFactory.createMicroservice(BenchModule, {
  strategy: new RequestServer({ ready: () => Promise.resolve(nc), queue: 'bench', subjectOf: () => subject, logger }),
  logger: false,
});
await app.listen();
await nc.flush();
console.log('ready');
