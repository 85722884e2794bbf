import { afterEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { EslClient, type EslListener } from './esl-client.net.js';
import type { EslEvent, EslLogLine } from './esl-event.js';
import {
  apiResponse,
  plainEvent,
  reply,
  startScriptedEventSocket,
  type ScriptedEventSocket,
} from './scripted-event-socket.fixture.js';

const logger = createLogger('test', { level: 'silent' });
const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of cleanup.splice(0).reverse()) await stop();
});

async function serve(
  answer: (command: string) => string | undefined = () => undefined,
  port?: number,
): Promise<ScriptedEventSocket> {
  const server = await startScriptedEventSocket(answer, port);
  cleanup.push(() => server.stop());
  return server;
}

function client(port: number, more: Partial<EslListener> = {}) {
  const seen = { events: [] as EslEvent[], logs: [] as EslLogLine[], ups: 0, downs: [] as string[] };
  const started = new EslClient({ host: '127.0.0.1', port, password: 'secret', logger });
  started.listen({
    customEvents: ['sofia::gateway_state'],
    onEvent: (event) => {
      seen.events.push(event);
    },
    onLog: (line) => {
      seen.logs.push(line);
    },
    onUp: () => {
      seen.ups += 1;
    },
    onDown: (why) => {
      seen.downs.push(why);
    },
    ...more,
  });
  started.start();
  cleanup.push(() => started.stop());
  return { client: started, seen };
}

describe("the event socket's client", () => {
  it('logs in and subscribes before it says that it is up', async () => {
    const server = await serve();
    const { client: esl } = client(server.port, { logLevel: 4 });
    await eventually(() => esl.connected);
    expect(server.commands).toEqual(['auth secret', 'event plain CUSTOM sofia::gateway_state', 'log 4']);
  });

  it('subscribes once to what several parts want, in one login', async () => {
    const server = await serve();
    const esl = new EslClient({ host: '127.0.0.1', port: server.port, password: 'secret', logger });
    cleanup.push(() => esl.stop());
    const ups: string[] = [];
    esl.listen({ customEvents: ['sofia::replaced'], onUp: () => ups.push('first') });
    esl.listen({ events: ['HEARTBEAT'], customEvents: ['sofia::gateway_state', 'sofia::replaced'], logLevel: 4 });
    esl.listen({ onUp: () => ups.push('third') });
    esl.start();
    await eventually(() => esl.connected);
    expect(server.commands).toEqual([
      'auth secret',
      'event plain HEARTBEAT CUSTOM sofia::replaced sofia::gateway_state',
      'log 4',
    ]);
    expect(ups).toEqual(['first', 'third']);
  });

  it('gives every answer to the command that it belongs to, with events and log lines between them', async () => {
    const server = await serve((command) =>
      command.startsWith('api ')
        ? plainEvent({ 'Event-Name': 'CUSTOM' }) +
          apiResponse(`answer to ${command}`) +
          'Content-Type: log/data\nContent-Length: 3\nLog-Level: 4\n\nlog'
        : undefined,
    );
    const { client: esl, seen } = client(server.port);
    await eventually(() => esl.connected);
    const replies = await Promise.all(Array.from({ length: 200 }, (_, index) => esl.api('x', String(index))));
    expect(replies.map((answer) => (answer.outcome === 'reply' ? answer.text : answer.outcome))).toEqual(
      Array.from({ length: 200 }, (_, index) => `answer to api x ${index}`),
    );
    expect([seen.events.length, seen.logs.length]).toEqual([200, 200]);
  });

  it('sends the commands of one turn together', async () => {
    const server = await serve((command) => (command.startsWith('api ') ? apiResponse(command) : undefined));
    const { client: esl } = client(server.port);
    await eventually(() => esl.connected);
    const chunks: string[] = [];
    server.sockets.at(-1)!.on('data', (chunk) => chunks.push(chunk.toString('utf8')));
    await Promise.all([esl.api('status'), esl.api('uptime'), esl.api('version')]);
    expect(chunks).toEqual(['api status\n\napi uptime\n\napi version\n\n']);
  });

  it('wakes FreeSWITCH with an empty line, and not where a command does', async () => {
    const server = await serve((command) => (command.startsWith('api ') ? apiResponse(command) : undefined));
    const { client: esl } = client(server.port);
    esl.wake();
    await eventually(() => esl.connected);
    const chunks: string[] = [];
    server.sockets.at(-1)!.on('data', (chunk) => chunks.push(chunk.toString('utf8')));
    esl.wake();
    await eventually(() => chunks.length > 0);
    const status = esl.api('status');
    esl.wake();
    expect(await status).toMatchObject({ text: 'api status' });
    expect(chunks).toEqual(['\n', 'api status\n\n']);
  });

  it('keeps the order when an answer comes after its deadline', async () => {
    const server = await serve((command) => (command === 'api slow' ? '' : undefined));
    const { client: esl } = client(server.port);
    await eventually(() => esl.connected);
    const slow = await esl.api('slow', '', 20);
    expect(slow).toEqual({ outcome: 'timeout' });
    const fast = esl.api('fast');
    await eventually(() => server.commands.includes('api fast'));
    server.say(apiResponse('slow at last') + apiResponse('fast'));
    expect(await fast).toMatchObject({ text: 'fast' });
  });

  it('answers at once while there is no connection', async () => {
    const server = await serve();
    await server.stop();
    const { client: esl } = client(server.port);
    expect(await esl.api('status')).toEqual({ outcome: 'disconnected' });
  });

  it('answers the waiting commands when the connection ends, and reconnects', async () => {
    const server = await serve((command) => (command === 'api hangs' ? '' : undefined));
    const { client: esl, seen } = client(server.port);
    await eventually(() => esl.connected);
    const hanging = esl.api('hangs');
    await eventually(() => server.commands.includes('api hangs'));
    server.sockets.at(-1)!.destroy();
    expect(await hanging).toEqual({ outcome: 'disconnected' });
    await eventually(() => seen.ups === 2);
    expect(seen.downs).toHaveLength(1);
  });

  it('finds a server that starts later', async () => {
    const first = await serve();
    await first.stop();
    const { client: esl } = client(first.port);
    await serve(() => undefined, first.port);
    await eventually(() => esl.connected);
  });

  it('tries again when the password is refused, and sends nothing else meanwhile', async () => {
    let accept = false;
    const server = await serve((command) =>
      command.startsWith('auth') && !accept ? reply('-ERR invalid') : undefined,
    );
    const { client: esl, seen } = client(server.port);
    await eventually(() => server.commands.length >= 2);
    expect(new Set(server.commands)).toEqual(new Set(['auth secret']));
    expect(seen.ups).toBe(0);
    accept = true;
    await eventually(() => esl.connected);
  });

  it('gives up a connection that it cannot read, and comes back', async () => {
    const server = await serve();
    const { client: esl, seen } = client(server.port);
    await eventually(() => esl.connected);
    server.say('Content-Length: all of it\n\n');
    await eventually(() => seen.ups === 2);
    expect(seen.downs).toEqual(['unreadable: bad-content-length']);
  });

  it('survives a notice that holds a stray percent sign', async () => {
    const server = await serve(() => undefined);
    const { client: esl, seen } = client(server.port);
    await eventually(() => esl.connected);
    server.say(
      'Content-Type: text/disconnect-notice\nChannel-Name: sofia/external/%zz@192.0.2.9\nContent-Length: 0\n\n',
    );
    server.say(plainEvent({ 'Event-Name': 'HEARTBEAT' }));
    await eventually(() => seen.events.length === 1);
    expect(seen.downs).toEqual([]);
  });
});
