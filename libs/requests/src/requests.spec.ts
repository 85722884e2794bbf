import 'reflect-metadata';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Module, UseFilters, UsePipes, type INestMicroservice, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import type { Msg } from '@nats-io/nats-core';
import { createLogger, nestLogger } from '@trunkmesh/runtime/logger.process.js';
import { connectNats, type NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import { startTelemetry, type Telemetry } from '@trunkmesh/runtime/telemetry.otel.js';
import { currentTraceparent, withSpan } from '@trunkmesh/runtime/trace.otel.js';
import { freePort } from '@trunkmesh/testkit/free-port.net.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startNatsServer, type NatsServer } from '@trunkmesh/testkit/nats-server.process.js';
import { z } from 'zod';
import { ask, type Question } from './ask.nats.js';
import { askInPieces, sendPiece } from './ask-in-pieces.nats.js';
import { RefusalFilter } from './refusal.filter.js';
import { RequestServer, type RequestServerOptions } from './request-server.nats.js';
import { InvalidRequest, RequestPipe } from './request.pipe.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = `00-${TRACE}-b7ad6b7169203331-01`;
const logger = createLogger('test', { level: 'silent' });
const double = z.object({ number: z.number() });
const answer = z.object({ outcome: z.string(), value: z.unknown().optional() });

let telemetry: Telemetry;
let nats: NatsServer;
let nc: NatsConnection;
const stops: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  telemetry = startTelemetry('test', {});
  nats = await startNatsServer();
  nc = await connectNats(nats.url, { name: 'asker', logger });
}, 60_000);
afterAll(async () => {
  await nc?.close();
  await nats?.stop();
  await telemetry?.shutdown();
});
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

let finish = () => {};
let begun = () => {};

@Controller()
@UsePipes(RequestPipe)
@UseFilters(
  new RefusalFilter((error) => ({
    outcome: error instanceof InvalidRequest ? 'invalid' : 'failed',
    value: (error as Error).message,
  })),
)
class Numbers {
  @MessagePattern('test.double')
  double(@Payload({ schema: double }) { number }: z.infer<typeof double>) {
    if (number === 13) throw new Error('unlucky');
    return { outcome: 'done', value: number * 2 };
  }

  @MessagePattern('test.trace', { span: 'a name of its own' })
  trace() {
    return { outcome: 'done', value: currentTraceparent() };
  }

  @MessagePattern('test.bytes')
  bytes() {
    return Buffer.from('{"outcome":"encoded"}');
  }

  @MessagePattern('test.slow')
  async slow() {
    begun();
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    return { outcome: 'done' };
  }

  /** As many pieces as are asked for; it says that there are `said`. */
  @MessagePattern('test.pieces')
  pieces(@Payload() { sent, said }: { sent: number; said: number }, @Ctx() request: Msg) {
    for (let nth = 0; nth < sent; nth += 1) sendPiece(request, Buffer.from(`{"outcome":"piece ${nth}"}`));
    return { outcome: 'done', value: said };
  }

  @MessagePattern('test.large')
  large() {
    return { outcome: 'x'.repeat(9_000_000) };
  }
}

@Controller()
class Careless {
  @MessagePattern('test.careless')
  careless() {
    throw new Error('not caught by a filter');
  }
}

async function serve(controller: Type, over: Partial<RequestServerOptions> = {}): Promise<INestMicroservice> {
  @Module({ controllers: [controller] })
  class TestModule {}
  const connection = over.ready?.() ?? connectNats(nats.url, { name: 'responder', logger });
  const app = await NestFactory.createMicroservice(TestModule, {
    strategy: new RequestServer({ logger, ...over, ready: () => connection }),
    logger: nestLogger(logger),
  });
  await app.listen();
  stops.push(async () => {
    await app.close();
    await (await connection).close();
  });
  await (over.ready === undefined ? (await connection).flush() : undefined);
  return app;
}

const question = (subject: string, request: unknown = {}): Question<typeof answer> => ({
  subject,
  request,
  reply: answer,
  deadlineMs: 15_000,
  span: { name: 'asked by a test' },
});
const asking = (subject: string, request?: unknown) => ask({ connection: nc }, question(subject, request));

describe('a request', () => {
  it('is answered with what the handler returns', async () => {
    await serve(Numbers);
    expect(await asking('test.double', { number: 21 })).toEqual({ outcome: 'done', value: 42 });
    expect(await asking('test.bytes')).toEqual({ outcome: 'encoded' });
  });

  it('is answered in the trace of the asker', async () => {
    await serve(Numbers);
    const { value } = await withSpan('test', { parent: PARENT }, () => asking('test.trace'));
    expect(value).toMatch(new RegExp(`^00-${TRACE}-(?!b7ad6b7169203331)[\\da-f]{16}-01$`));
  });

  it.each([
    ['that does not match its schema', '{"number":"secret"}', /^number: (?!.*secret)/],
    ['that is no JSON', '{', /^the request: /],
    ['without a body', '', /^the request: /],
  ])('%s is refused, without its values', async (_what, body, message) => {
    await serve(Numbers);
    const reply = (await nc.request('test.double', body, { timeout: 5_000 })).json();
    expect(reply).toEqual({ outcome: 'invalid', value: expect.stringMatching(message) });
  });

  it('whose handler throws is answered by the filter, and the next one is served', async () => {
    await serve(Numbers);
    expect(await asking('test.double', { number: 13 })).toEqual({ outcome: 'failed', value: 'unlucky' });
    expect(await asking('test.double', { number: 1 })).toEqual({ outcome: 'done', value: 2 });
  });

  it('is answered at once where no filter knows the failure, or the reply is too large', async () => {
    await serve(Careless);
    await serve(Numbers);
    for (const subject of ['test.careless', 'test.large'])
      expect(await asking(subject)).toMatchObject({ outcome: 'error' });
  });

  it('reaches one of the copies in a queue group, under the subject of its pattern', async () => {
    const with_ = { queue: 'copies', subjectOf: (pattern: string) => `mesh.${pattern}` };
    await serve(Numbers, with_);
    await serve(Numbers, with_);
    let replies = 0;
    const inbox = nc.subscribe('replies', { callback: () => void (replies += 1) });
    for (let at = 0; at < 20; at += 1) nc.publish('mesh.test.double', '{"number":1}', { reply: 'replies' });
    // Of this copy's requests that is the last; the other one may not be as far.
    await asking('mesh.test.double', { number: 1 });
    await eventually(() => replies >= 20);
    await nc.flush();
    inbox.unsubscribe();
    expect(replies).toBe(20);
  });
});

describe('a request for a reply in pieces', () => {
  const inPieces = (
    subject: string,
    request: unknown = {},
    link: { connection?: NatsConnection } = { connection: nc },
  ) =>
    askInPieces(
      { connection: link.connection },
      { ...question(subject, request), piecesOf: ({ value }) => Number(value ?? 0) },
    );

  it('has them in their order, whatever is in them', async () => {
    await serve(Numbers);
    const { reply, pieces } = await inPieces('test.pieces', { sent: 300, said: 300 });
    expect(reply).toEqual({ outcome: 'done', value: 300 });
    expect(pieces.map((bytes) => Buffer.from(bytes).toString())).toEqual(
      Array.from({ length: 300 }, (_none, nth) => `{"outcome":"piece ${nth}"}`),
    );
  });

  it('is answered without any by a responder that knows nothing of them', async () => {
    await serve(Numbers);
    const { reply, message, pieces } = await inPieces('test.bytes');
    expect({ reply, text: Buffer.from(message).toString(), pieces }).toEqual({
      reply: { outcome: 'encoded' },
      text: '{"outcome":"encoded"}',
      pieces: [],
    });
  });

  it.each([
    [{ sent: 2, said: 3 }, 'test.pieces', 'malformed-reply', true],
    [{}, 'test.odd', 'no-responders', false],
  ])('%j to %s has no usable reply: %s', async (request, subject, reason, mayHaveRun) => {
    await serve(Numbers);
    await expect(inPieces(subject, request)).rejects.toMatchObject({ reason, mayHaveRun });
  });

  it('ends with its deadline, and without a connection', async () => {
    await serve(Numbers);
    const slow = { ...question('test.slow'), deadlineMs: 50, piecesOf: () => 0 };
    await expect(askInPieces({ connection: nc }, slow)).rejects.toMatchObject({
      reason: 'timed-out',
      mayHaveRun: true,
    });
    finish();
    await expect(inPieces('test.pieces', {}, {})).rejects.toMatchObject({ reason: 'connection-down' });
    const closing = await connectNats(nats.url, { name: 'closing', logger });
    const lost = inPieces('test.slow', {}, { connection: closing });
    await closing.flush();
    await closing.close();
    await expect(lost).rejects.toMatchObject({ reason: expect.stringMatching(/connection-down|timed-out/) });
    finish();
  });
});

describe('a service that answers requests', () => {
  it('starts without NATS and answers once it is there', async () => {
    const port = await freePort();
    const ready = connectNats(`nats://127.0.0.1:${port}`, { name: 'responder', logger });
    await serve(Numbers, { ready: () => ready });
    const late = await startNatsServer({ port });
    stops.unshift(() => late.stop());
    await (await ready).flush();
    const asker = await connectNats(late.url, { name: 'asker', logger });
    expect(await ask({ connection: asker }, question('test.double', { number: 2 }))).toMatchObject({ value: 4 });
    await asker.close();
  });

  it('answers what is under way when it stops, and takes nothing new', async () => {
    const app = await serve(Numbers);
    const under = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const slow = asking('test.slow');
    await under;
    const closed = app.close();
    finish();
    expect(await slow).toEqual({ outcome: 'done' });
    await closed;
    await expect(asking('test.double', { number: 1 })).rejects.toMatchObject({ reason: 'no-responders' });
  });

  it('stops although NATS is gone', async () => {
    const other = await startNatsServer();
    const ready = connectNats(other.url, { name: 'responder', logger });
    const app = await serve(Numbers, { ready: () => ready, closeMs: 50 });
    await (await ready).flush();
    await other.stop('SIGKILL');
    await app.close();
    expect((await ready).isClosed()).toBe(false);
  });
});

describe('what is not answered', () => {
  it('because nobody subscribes was not carried out', async () => {
    await expect(asking('test.nobody')).rejects.toMatchObject({ reason: 'no-responders', mayHaveRun: false });
  });

  it('because there is no connection was not carried out', async () => {
    await expect(ask({ connection: undefined }, question('test.nobody'))).rejects.toMatchObject({
      reason: 'connection-down',
      mayHaveRun: false,
    });
    const closed = await connectNats(nats.url, { name: 'closed', logger });
    await closed.close();
    await expect(ask({ connection: closed }, question('test.nobody'))).rejects.toMatchObject({
      reason: 'connection-down',
      mayHaveRun: false,
    });
  });

  it('within the deadline may have been carried out', async () => {
    await serve(Numbers);
    const late = ask({ connection: nc }, { ...question('test.slow'), deadlineMs: 50 });
    await expect(late).rejects.toMatchObject({ reason: 'timed-out', mayHaveRun: true });
    finish();
  });

  it('may have been carried out if the connection was lost before the answer', async () => {
    await serve(Numbers);
    const link: { connection: NatsConnection | undefined } = { connection: nc };
    const lost = ask(link, { ...question('test.slow'), deadlineMs: 50 });
    link.connection = undefined;
    await expect(lost).rejects.toMatchObject({ reason: 'connection-down', mayHaveRun: true });
    finish();
  });

  it.each(['', 'x', '{}', '{"outcome":1}'])(
    'in words that the asker knows (%j) may have been carried out',
    async (said) => {
      const subscription = nc.subscribe('test.odd', { callback: (_error, message) => void message.respond(said) });
      await expect(asking('test.odd')).rejects.toMatchObject({ reason: 'malformed-reply', mayHaveRun: true });
      subscription.unsubscribe();
    },
  );
});
