import { Agent, request } from 'node:http';

export interface Load {
  post(path: string, body: unknown): Promise<unknown>;
  close(): void;
}

/** Keep-alive HTTP with as little of its own cost as Node allows: the generator shares the cores with what it measures. */
export function httpLoad(base: string, key: string, sockets: number): Load {
  const { hostname, port } = new URL(base);
  const agent = new Agent({ keepAlive: true, maxSockets: sockets });
  return {
    post: (path, body) => new Promise((resolve, reject) => {
      const text = JSON.stringify(body);
      const sent = request({
        agent, hostname, port, path, method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) },
      }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const answer = Buffer.concat(chunks).toString('utf8');
          if (response.statusCode === 201 || response.statusCode === 200) resolve(JSON.parse(answer));
          else reject(new Error(`POST ${path} answered ${response.statusCode}: ${answer}`));
        });
      });
      sent.once('error', reject);
      sent.end(text);
    }),
    close: () => agent.destroy(),
  };
}

/** `count` operations, `width` at a time; operations a second. */
export async function rate(count: number, width: number, operation: (index: number) => Promise<unknown>): Promise<number> {
  let next = 0;
  const from = performance.now();
  await Promise.all(Array.from({ length: width }, async () => {
    while (next < count) await operation(next++);
  }));
  return count / ((performance.now() - from) / 1000);
}
