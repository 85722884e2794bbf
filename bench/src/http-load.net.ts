import { Agent, request } from 'node:http';

export interface Load {
  post(path: string, body: unknown): Promise<unknown>;
  /** The answer's bytes: reading them is not what is measured. */
  get(path: string): Promise<Buffer>;
  close(): void;
}

/**
 * Keep-alive HTTP with as little of its own cost as Node allows: the generator shares the cores with what it measures.
 */
export function httpLoad(base: string, key: string, sockets: number): Load {
  const { hostname, port } = new URL(base);
  // The server ends a connection that was idle for 5 s; one that is as old must not be used again.
  const agent = new Agent({ keepAlive: true, maxSockets: sockets, scheduling: 'lifo', timeout: 4_000 });
  const send = (method: string, path: string, text = '') =>
    new Promise<Buffer>((resolve, reject) => {
      const headers = {
        authorization: `Bearer ${key}`,
        ...(text && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
      };
      const sent = request({ agent, hostname, port, path, method, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const answer = Buffer.concat(chunks);
          if (response.statusCode === 201 || response.statusCode === 200) resolve(answer);
          else reject(new Error(`${method} ${path} answered ${response.statusCode}: ${answer.toString('utf8')}`));
        });
      });
      sent.once('error', reject);
      sent.end(text);
    });
  return {
    post: async (path, body) =>
      JSON.parse((await send('POST', path, JSON.stringify(body))).toString('utf8')) as unknown,
    get: (path) => send('GET', path),
    close: () => agent.destroy(),
  };
}

/** `count` operations, `width` at a time; operations a second. */
export async function rate(
  count: number,
  width: number,
  operation: (index: number) => Promise<unknown>,
): Promise<number> {
  let next = 0;
  const from = performance.now();
  await Promise.all(
    Array.from({ length: width }, async () => {
      while (next < count) await operation(next++);
    }),
  );
  return count / ((performance.now() - from) / 1000);
}
