import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { freePort } from '@trunkmesh/testkit/free-port.net.js';
import { Webhook } from 'standardwebhooks';
import { startAssistant, type Assistant } from '@trunkmesh/testkit/assistant/assistant.http.js';
import type { AssistantConnection } from '@trunkmesh/testkit/assistant/media-stream.net.js';
import { MediaLink, type MediaLinkOptions } from './media-link.net.js';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLjSw';
const CALL = 'CA00000000000000000000000000000002';
const silence = Buffer.alloc(160, 0xff);
let assistant: Assistant;
let logged: string;
const links: MediaLink[] = [];
beforeEach(async () => {
  assistant = await startAssistant();
  logged = '';
});
afterEach(async () => {
  for (const link of links.splice(0)) link.stop();
  await assistant.stop();
});

function open(options: Partial<MediaLinkOptions> = {}) {
  const seen = { starts: 0, drops: 0, ends: [] as string[], asked: [] as string[] };
  const link = new MediaLink(
    {
      mediaUrl: assistant.url,
      accountSid: 'AC00000000000000000000000000000001',
      callSid: CALL,
      parameters: { From: '+15550100001' },
      connectWithinMs: 3_000,
      reconnectWithinMs: 1_000,
      allowPrivate: true,
      logger: createLogger('test', {
        level: 'debug',
        destination: {
          write: (line) => {
            logged += line;
          },
        },
      }),
      ...options,
    },
    {
      media: (payload) => {
        seen.asked.push(payload);
      },
      mark: (name) => {
        seen.asked.push(`mark ${name}`);
      },
      clear: () => {
        seen.asked.push('clear');
      },
      digits: (digits) => {
        seen.asked.push(digits);
      },
      onStart: () => {
        seen.starts += 1;
      },
      onDrop: () => {
        seen.drops += 1;
      },
      onEnd: (reason) => {
        seen.ends.push(reason);
      },
    },
  );
  links.push(link);
  return { link, seen };
}
const first = () => eventually(() => assistant.connections[0]);
const nth = (index: number) => eventually(() => assistant.connections[index]);

describe('the stream of a call', () => {
  it('begins with connected and start, and ends with stop and 1000', async () => {
    const { link, seen } = open();
    expect(await link.connected).toEqual({ outcome: 'connected' });
    expect(link.sendFrame(silence, 0)).toBe(true);
    link.sendDtmf('5');
    link.sendMark('said');
    link.stop();
    const connection = await first();
    await eventually(() => connection.closedWith === 1000);
    expect(connection.messages.map(({ event }) => event)).toEqual([
      'connected',
      'start',
      'media',
      'dtmf',
      'mark',
      'stop',
    ]);
    expect(connection.of('start')[0]?.start).toMatchObject({
      callSid: CALL,
      customParameters: { From: '+15550100001' },
    });
    expect([seen.starts, seen.ends, link.sendFrame(silence, 20)]).toEqual([1, [], false]);
  });

  it('hears what is asked, ignores the rest, and counts it', async () => {
    const { link, seen } = open();
    const connection = await first();
    await eventually(() => connection.of('start').length === 1);
    const streamSid = connection.of('start')[0]!.streamSid;
    for (const message of [
      { event: 'media', streamSid, media: { payload: 'AAAA' } },
      { event: 'mark', streamSid, mark: { name: 'a' } },
      { event: 'clear' },
      { event: 'other' },
      { event: 'clear', streamSid: 'MZ1' },
      '{',
      '[]',
    ])
      connection.send(message);
    connection.ws.send(Buffer.from([1, 2]));
    await eventually(() => link.counts.ignored === 3 && link.counts.malformed === 2);
    expect(seen.asked).toEqual(['AAAA', 'mark a', 'clear']);
  });

  it('is signed again for each connection, where there is a secret', async () => {
    const { link } = open({ signingSecret: SECRET, mediaUrl: `${assistant.url}?tenant=1` });
    await link.connected;
    const connection = await first();
    const headers = connection.headers as Record<string, string>;
    expect(new Webhook(SECRET).verify(JSON.stringify(`${assistant.url}?tenant=1`), headers)).toBe(
      `${assistant.url}?tenant=1`,
    );
    await eventually(() => connection.of('start').length === 1);
    expect(headers['webhook-id']).toBe(connection.of('start')[0]?.streamSid);
    expect(headers['x-twilio-signature']).toEqual(expect.any(String));
  });

  it('logs neither secrets nor what the URL may hold of them', async () => {
    const mediaUrl =
      assistant.url.replace('127.0.0.1', 'user:hunter2@127.0.0.1').replace('/stream', '/path-token') +
      '?key=query-token';
    const { link } = open({ signingSecret: SECRET, mediaUrl });
    await link.connected;
    (await first()).ws.terminate();
    (await nth(1)).ws.close(1011);
    await nth(2);
    assistant.refuse = () => ({ status: 503 });
    (await nth(2)).ws.terminate();
    await eventually(() => logged.split('\n').length > 5);
    expect(logged).not.toMatch(/hunter2|path-token|query-token|whsec_|MfKQ9r8/);
  });
});

describe('connecting', () => {
  it('is tried again while the assistant is out of order', async () => {
    let refusals = 0;
    assistant.refuse = () => (refusals < 2 ? { status: 503 + (refusals += 1) - 1 } : undefined);
    const { link } = open();
    expect(await link.connected).toEqual({ outcome: 'connected' });
    expect(link.counts.attempts).toBe(3);
  });

  it('is tried again until somebody listens', async () => {
    const port = await freePort();
    const { link } = open({ mediaUrl: `ws://127.0.0.1:${port}/` });
    await eventually(() => link.counts.attempts > 1);
    const late = await startAssistant({ port });
    expect(await link.connected).toEqual({ outcome: 'connected' });
    await late.stop();
  });

  it('is waited for as long as the deadline allows, where the assistant takes its time before it answers', async () => {
    assistant.handshakeTakesMs = 3_000;
    const { link } = open({ connectWithinMs: 6_000 });
    expect(await link.connected).toEqual({ outcome: 'connected' });
    expect(link.counts.attempts).toBe(1);
  });

  it('is not tried again when the assistant said no', async () => {
    assistant.refuse = () => ({ status: 403 });
    const { link } = open();
    expect(await link.connected).toEqual({ outcome: 'failed', reason: 'media-stream-refused', detail: 'HTTP 403' });
    expect(link.counts.attempts).toBe(1);
  });

  it('is given up in time', async () => {
    const { link, seen } = open({ mediaUrl: `ws://127.0.0.1:${await freePort()}/`, connectWithinMs: 300 });
    expect(await link.connected).toEqual({
      outcome: 'failed',
      reason: 'media-stream-unreachable',
      detail: 'ECONNREFUSED',
    });
    assistant.refuse = () => ({ status: 503 });
    expect(await open({ connectWithinMs: 300 }).link.connected).toEqual({
      outcome: 'failed',
      reason: 'media-stream-refused',
      detail: 'HTTP 503',
    });
    expect(seen.ends).toEqual([]);
  });

  it('is given up when the call ends first', async () => {
    const { link } = open({ mediaUrl: `ws://127.0.0.1:${await freePort()}/` });
    await eventually(() => link.counts.attempts > 0);
    link.stop();
    expect(await link.connected).toMatchObject({ outcome: 'failed', reason: 'call-ended' });
  });

  it.each<[Partial<MediaLinkOptions>, string]>([
    [{ mediaUrl: 'not a url' }, 'media-url-invalid'],
    [{ mediaUrl: 'http://example.com/' }, 'media-url-invalid'],
    [{ mediaUrl: 'ws+unix:///tmp/socket' }, 'media-url-invalid'],
    [{ mediaUrl: 'ws://example.com/#fragment' }, 'media-url-invalid'],
    [{ mediaUrl: 'ws://example.com/', signingSecret: 'whsec_%' }, 'media-url-invalid'],
    [{ mediaUrl: 'ws://169.254.169.254/', allowPrivate: false }, 'media-address-not-allowed'],
    [{ mediaUrl: 'ws://localhost/', allowPrivate: false }, 'media-address-not-allowed'],
  ])('%# is not even tried: %s', async (options, reason) => {
    expect(await open({ allowPrivate: true, ...options }).link.connected).toMatchObject({ outcome: 'failed', reason });
  });
});

describe('a stream that drops', () => {
  it('is connected again, with the same call and a fresh start, and digits pressed meanwhile', async () => {
    const { link, seen } = open();
    await link.connected;
    link.sendFrame(silence, 0);
    const before = await first();
    await eventually(() => before.of('media').length === 1);
    let refused = 0;
    assistant.refuse = () => (refused < 1 ? { status: 500 + (refused += 1) } : undefined);
    before.ws.terminate();
    await eventually(() => seen.drops === 1);
    expect(link.sendFrame(silence, 20)).toBe(false);
    link.sendDtmf('1');
    link.sendDtmf('2');
    link.sendMark('nobody asked for it there');
    const after = await nth(1);
    await eventually(() => seen.starts === 2);
    link.sendFrame(silence, 0);
    await eventually(() => after.of('media').length === 1);
    expect(after.messages.map(({ event }) => event)).toEqual(['connected', 'start', 'dtmf', 'dtmf', 'media']);
    expect(after.of('start')[0]).toMatchObject({ sequenceNumber: '1', start: { callSid: CALL } });
    expect(after.of('start')[0]?.streamSid).not.toBe(before.of('start')[0]?.streamSid);
    expect(after.of('media')[0]?.media?.chunk).toBe('1');
    expect([link.counts.reconnects, seen.ends]).toEqual([1, []]);
  });

  it('is lost when nobody is there in time', async () => {
    const { link, seen } = open({ reconnectWithinMs: 300 });
    await link.connected;
    assistant.refuse = () => ({ status: 500 });
    (await first()).ws.terminate();
    await eventually(() => seen.ends.length === 1);
    expect(seen.ends).toEqual(['media-stream-lost']);
    link.stop();
    expect(seen.ends).toHaveLength(1);
  });

  it('again and again is no stream', async () => {
    const { seen } = open();
    assistant.onConnection = ({ ws }) => {
      setImmediate(() => ws.terminate());
    };
    await eventually(() => seen.ends.length === 1);
    expect([seen.ends, seen.drops, assistant.connections.length]).toEqual([['media-stream-unstable'], 6, 6]);
  });

  it.each([[1000], [undefined], [4001]])(
    'is no drop when the assistant closes it with %s: it hangs up',
    async (code) => {
      const { link, seen } = open();
      await link.connected;
      (await first()).ws.close(code);
      await eventually(() => seen.ends.length === 1);
      expect([seen.ends, seen.drops]).toEqual([['assistant-hung-up'], 0]);
    },
  );

  it('is not connected again when the call has ended', async () => {
    const { link, seen } = open();
    await link.connected;
    assistant.refuse = () => ({ status: 500 });
    (await first()).ws.terminate();
    await eventually(() => seen.drops === 1);
    link.stop();
    assistant.refuse = undefined;
    const again = open();
    await again.link.connected;
    expect([assistant.connections.length, seen.ends]).toEqual([2, []]);
  });
});

describe('an assistant that floods us', () => {
  it('is read slowly, and loses nothing of what it said', async () => {
    const { link, seen } = open();
    await link.connected;
    const connection = await first();
    const large = JSON.stringify({ event: 'other', text: 'x'.repeat(900_000) });
    for (let n = 0; n < 5; n += 1) connection.send(large);
    connection.send({ event: 'clear' });
    await eventually(() => seen.asked.length === 1);
    expect([link.counts.ignored, seen.drops]).toEqual([5, 0]);
  });

  it.each<[string, (connection: AssistantConnection) => void]>([
    [
      'binary messages',
      ({ ws }) => {
        for (let n = 0; n < 12; n += 1) ws.send(Buffer.alloc(1_000_000));
      },
    ],
    [
      'pings',
      ({ ws }) => {
        for (let n = 0; n < 150_000; n += 1) ws.ping();
      },
    ],
  ])('with %s is read as slowly', async (_what, flood) => {
    const { link, seen } = open();
    await link.connected;
    const connection = await first();
    flood(connection);
    connection.send({ event: 'clear' });
    // At the pace at which it is read that takes several times as long.
    await expect(eventually(() => seen.asked.length === 1, { timeoutMs: 1_500 })).rejects.toThrow();
    expect([seen.drops, seen.ends]).toEqual([0, []]);
  });
});
