import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { hostOf, postJson, SOCKETS_PER_HOST, type CustomerPost } from './customer-post.http.js';
import type { PostFailure } from './post-outcome.js';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

type Answer = (response: ServerResponse, request: IncomingMessage & { text: string }) => void;

async function listen(server: TcpServer): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  closing.push(
    () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(resolve);
      }),
  );
  return (server.address() as AddressInfo).port;
}

const answering =
  (answer: Answer) =>
  (request: IncomingMessage, response: ServerResponse): void => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      answer(response, Object.assign(request, { text: Buffer.concat(parts).toString('utf8') }));
    });
  };
async function receiver(answer: Answer): Promise<{ url: string; server: Server; connections: () => number }> {
  const server = createServer(answering(answer));
  let connections = 0;
  server.on('connection', () => {
    connections += 1;
  });
  return { url: `http://127.0.0.1:${await listen(server)}/hook?key=hidden`, server, connections: () => connections };
}
const post = (url: string, more: Partial<CustomerPost> = {}) =>
  postJson({
    url,
    headers: { 'webhook-id': 'CA1.1' },
    text: '{"what":"ü"}',
    deadlineMs: 5_000,
    allowPrivate: true,
    ...more,
  });
const failing = (why: PostFailure) => expect.objectContaining({ outcome: 'failed', why });

describe('a POST to a customer', () => {
  it('brings the JSON text and the headers, and the answer back', async () => {
    const { url } = await receiver((response, { method, headers, text, url: path }) => {
      response.writeHead(202).end(
        JSON.stringify({
          method,
          text,
          path,
          type: headers['content-type'],
          id: headers['webhook-id'],
          length: headers['content-length'],
        }),
      );
    });
    const outcome = await post(url);
    expect(outcome).toMatchObject({ outcome: 'answered', status: 202 });
    expect(JSON.parse((outcome as { body: string }).body)).toEqual({
      method: 'POST',
      text: '{"what":"ü"}',
      path: '/hook?key=hidden',
      type: 'application/json',
      id: 'CA1.1',
      length: '13',
    });
  });

  it('uses a connection again, and makes a new one when the server has closed it', async () => {
    const { url, server, connections } = await receiver((response) => {
      response.end('{}');
    });
    for (let nth = 0; nth < 3; nth += 1) expect(await post(url)).toMatchObject({ outcome: 'answered' });
    expect(connections()).toBe(1);
    server.closeAllConnections();
    expect(await post(url)).toMatchObject({ outcome: 'answered' });
    expect(connections()).toBe(2);
  });

  it('that finds its kept connection broken is sent again on a new one', async () => {
    let requests = 0;
    const { url, connections } = await receiver((response) => {
      requests += 1;
      if (requests === 2) response.destroy();
      else response.end('{}');
    });
    await post(url);
    expect(await post(url)).toMatchObject({ outcome: 'answered', status: 200 });
    expect([requests, connections()]).toEqual([3, 2]);
  });

  it('has a bounded number of connections to a host', async () => {
    const held: ServerResponse[] = [];
    const { url, connections } = await receiver((response) => {
      held.push(response);
    });
    const outcomes = Array.from({ length: SOCKETS_PER_HOST + 4 }, () => post(url));
    await eventually(() => held.length === SOCKETS_PER_HOST, { message: 'as many as may be' });
    expect(connections()).toBe(SOCKETS_PER_HOST);
    for (let answered = 0; answered < outcomes.length; answered += 1) (await eventually(() => held.shift())).end('{}');
    expect((await Promise.all(outcomes)).every(({ outcome }) => outcome === 'answered')).toBe(true);
    expect(connections()).toBe(SOCKETS_PER_HOST);
  });

  it('does not follow a redirect', async () => {
    const paths: unknown[] = [];
    const { url } = await receiver((response, request) => {
      paths.push(request.url);
      response.writeHead(307, { location: '/elsewhere' }).end();
    });
    expect(await post(url)).toMatchObject({ outcome: 'answered', status: 307 });
    expect(paths).toEqual(['/hook?key=hidden']);
  });

  it('reads no more of an answer than it needs', async () => {
    const { url } = await receiver((response) => {
      const more = setInterval(() => {
        response.write(Buffer.alloc(8_192, 'x'));
      }, 1);
      response.on('close', () => {
        clearInterval(more);
      });
    });
    const outcome = await post(url);
    expect(outcome).toMatchObject({ outcome: 'answered', status: 200 });
    expect((outcome as { body: string }).body.length).toBeLessThan(256_000);
  });

  it.each([
    ['120', 120_000],
    ['never', undefined],
  ])('reports Retry-After: %s', async (header, ms) => {
    const { url } = await receiver((response) => {
      response.writeHead(503, { 'retry-after': header }).end();
    });
    expect(((await post(url)) as { retryAfterMs?: number }).retryAfterMs).toBe(ms);
  });

  it.each<[string, Answer, PostFailure]>([
    ['silence', () => undefined, 'timeout'],
    [
      'a broken connection',
      (response) => {
        response.destroy();
      },
      'unreachable',
    ],
    [
      'something else than HTTP',
      (response) => {
        response.socket!.end('SSH-2.0-x\r\n\r\n');
      },
      'unreachable',
    ],
    [
      'another protocol',
      (response) => {
        response.socket!.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
      },
      'unreachable',
    ],
    [
      'half a head',
      (response) => {
        response.socket!.write('HTTP/1.1 200 OK\r\nx: ');
      },
      'timeout',
    ],
    [
      'an endless head',
      (response) => {
        response.socket!.write(`HTTP/1.1 200 OK\r\nx: ${'x'.repeat(100_000)}`);
      },
      'unreachable',
    ],
  ])('that meets %s has failed', async (_case, answer, why) => {
    const { url } = await receiver(answer);
    expect(await post(url, { deadlineMs: why === 'timeout' ? 300 : 5_000 })).toEqual(failing(why));
  });

  it('has one deadline, which a drip does not put off', async () => {
    const { url } = await receiver((response) => {
      response.write('{');
      const drip = setInterval(() => {
        response.write(' ');
      }, 10);
      response.on('close', () => {
        clearInterval(drip);
      });
    });
    expect(await post(url, { deadlineMs: 300 })).toMatchObject({ outcome: 'answered', status: 200 });
  });

  it('that nobody accepts has failed', async () => {
    const port = await listen(createTcpServer());
    await closing.pop()!();
    expect(await post(`http://127.0.0.1:${port}/`)).toEqual(failing('unreachable'));
    expect(await post('http://host.invalid/')).toEqual(failing('unreachable'));
  });

  it('is given up on a signal, before and while', async () => {
    const arrived: unknown[] = [];
    const { url } = await receiver((_response, request) => {
      arrived.push(request.url);
    });
    expect(await post(url, { signal: AbortSignal.abort() })).toEqual(failing('aborted'));
    const abort = new AbortController();
    const outcome = post(url, { signal: abort.signal });
    await eventually(() => arrived.length === 1);
    abort.abort();
    expect(await outcome).toEqual(failing('aborted'));
    expect(arrived).toHaveLength(1);
  });

  it.each(['', 'not a url', 'ftp://example.com/', 'file:///etc/passwd', 'http://user:secret@127.0.0.1/'])(
    'needs a URL that may be posted to: %j',
    async (url) => {
      expect(await post(url)).toEqual(failing('invalid-url'));
      expect(hostOf(url)).toBe('invalid');
    },
  );
});

describe("a customer's URL", () => {
  it.each([
    '127.0.0.1',
    '127.0.0.1.',
    'localhost',
    'localhost.',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::127.0.0.1]',
    '2130706433',
    '0x7f.1',
    '0',
  ])('does not lead into a private network: %s', async (host) => {
    const { url, connections } = await receiver((response) => {
      response.end('{}');
    });
    const there = url.replace('127.0.0.1', host);
    expect(await post(there, { allowPrivate: false })).toEqual(failing('private-address'));
    expect(connections()).toBe(0);
  });

  it("does not on a connection either that was kept of the operator's", async () => {
    const { url, connections } = await receiver((response) => {
      response.end('{}');
    });
    const there = url.replace('127.0.0.1', 'localhost');
    expect(await post(there)).toMatchObject({ outcome: 'answered' });
    expect(await post(there, { allowPrivate: false })).toEqual(failing('private-address'));
    expect(connections()).toBe(1);
  });
});

describe('a POST over TLS', () => {
  async function certified(): Promise<{ url: string; ca: string }> {
    const folder = await mkdtemp(join(tmpdir(), 'trunkmesh-tls-'));
    closing.push(() => rm(folder, { recursive: true }));
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    await promisify(execFile)('openssl', [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-keyout',
      key,
      '-out',
      cert,
      '-days',
      '2',
      '-subj',
      '/CN=localhost',
      '-addext',
      'subjectAltName=DNS:localhost',
    ]);
    const ca = await readFile(cert, 'utf8');
    const server = createTlsServer(
      { key: await readFile(key), cert: ca },
      answering((response) => {
        response.end('{}');
      }),
    );
    server.on('tlsClientError', () => undefined);
    return { url: `https://localhost:${await listen(server)}/`, ca };
  }

  it('goes to whom an authority vouches for, under the name that was written', async () => {
    const { url, ca } = await certified();
    expect(await post(url, { ca })).toMatchObject({ outcome: 'answered', status: 200 });
    expect(await post(url.replace('localhost', '127.0.0.1'), { ca })).toEqual(failing('tls'));
    expect(await post(url)).toEqual(failing('tls'));
  });

  it('does not go to a server that speaks plainly', async () => {
    const { url } = await receiver((response) => {
      response.end('{}');
    });
    expect(await post(url.replace('http:', 'https:'))).toEqual(failing('tls'));
  });
});
