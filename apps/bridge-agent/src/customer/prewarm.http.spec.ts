import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { prewarmResult } from '@trunkmesh/contracts/call-parts.js';
import pino from 'pino';
import { Webhook } from 'standardwebhooks';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { prewarm, type PrewarmOptions } from './prewarm.http.js';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLjSw';
const BODY = {
  call_sid: 'CA1',
  from_number: '+15559876543',
  to_number: '+15551234567',
  outbound: false,
  assistant_id: 42,
};
let server: Server;
let requests: { text: string; headers: IncomingMessage['headers'] }[];
let answer: (response: ServerResponse) => void;
let logged: string[];

beforeEach(async () => {
  requests = [];
  logged = [];
  answer = (response) => {
    response.end('{"call_sid":"CA1","prewarmed":true}');
  };
  server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      requests.push({ text: Buffer.concat(parts).toString('utf8'), headers: request.headers });
      answer(response);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => {
    server.close(resolve);
  });
});

const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/sip-prewarm?key=hidden`;
async function told(more: Partial<PrewarmOptions> = {}) {
  const logger = pino(
    { level: 'debug' },
    {
      write: (line: string) => {
        logged.push(line);
      },
    },
  );
  const result = await prewarm(
    { url: url(), secret: SECRET, allowPrivate: true, signal: new AbortController().signal, logger, ...more },
    BODY,
  );
  expect(logged.join()).not.toMatch(/hidden|whsec|sip-prewarm/);
  return prewarmResult.parse(result);
}

describe('a prewarm', () => {
  it('is signed, and reports that the assistant is ready', async () => {
    expect(await told()).toMatchObject({ outcome: 'prewarmed', detail: null });
    const [{ text, headers }] = requests as [(typeof requests)[0]];
    expect(new Webhook(SECRET).verify(text, headers as Record<string, string>)).toEqual(BODY);
    expect(headers['webhook-id']).toBe('CA1');
  });

  it.each<[string, (response: ServerResponse) => void, object]>([
    [
      'a refusal',
      (response) => {
        response.end('{"prewarmed": false}');
      },
      { outcome: 'declined', detail: null },
    ],
    [
      'an answer without a body',
      (response) => {
        response.writeHead(204).end();
      },
      { outcome: 'prewarmed' },
    ],
    [
      'an error',
      (response) => {
        response.writeHead(500).end();
      },
      { outcome: 'failed', detail: 'HTTP 500' },
    ],
    [
      'a redirect',
      (response) => {
        response.writeHead(307, { location: '/' }).end();
      },
      { outcome: 'failed', detail: 'HTTP 307' },
    ],
    ['silence', () => undefined, { outcome: 'failed', detail: expect.stringContaining('timeout') }],
    [
      'a broken connection',
      (response) => {
        response.destroy();
      },
      { outcome: 'failed', detail: expect.stringContaining('unreachable') },
    ],
  ])('that meets %s is no reason to reject', async (_case, meets, expected) => {
    answer = meets;
    expect(await told({ deadlineMs: 500 })).toMatchObject(expected);
    expect(requests).toHaveLength(1);
  });

  it.each<[string, Partial<PrewarmOptions>, string]>([
    ['with a secret that nobody could open', { secret: '' }, 'the signing secret cannot be decrypted'],
    ['with a secret that is none', { secret: 'whsec_not base64!' }, 'the signing secret cannot be decrypted'],
    ['into a private network', { allowPrivate: false }, 'private-address'],
  ])('does not go out %s', async (_case, options, detail) => {
    expect(await told(options)).toMatchObject({ outcome: 'failed', detail: expect.stringContaining(detail) });
    expect(requests).toHaveLength(0);
  });

  it('goes out unsigned where no secret is set', async () => {
    expect(await told({ secret: undefined })).toMatchObject({ outcome: 'prewarmed' });
    expect(requests[0]!.headers).not.toHaveProperty('webhook-signature');
  });

  it('is given up when the call ends', async () => {
    answer = () => undefined;
    const call = new AbortController();
    const result = told({ signal: call.signal });
    await eventually(() => requests.length === 1);
    call.abort();
    expect(await result).toMatchObject({ outcome: 'given-up', detail: null });
  });
});
