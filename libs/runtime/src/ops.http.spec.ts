import { afterEach, describe, expect, it } from '@jest/globals';
import { createLogger } from './logger.process.js';
import { type OpsServer, type OpsServerOptions, startOpsServer } from './ops.http.js';

let ops: OpsServer | undefined;
afterEach(() => ops?.stop());

async function get(path: string, ready: OpsServerOptions['ready'] = () => ({ nats: 'up' }), method = 'GET') {
  const telemetry = {
    prometheus: (_request: unknown, response: { end(text: string): void }) => response.end('metrics'),
  };
  ops = await startOpsServer({ port: 0, telemetry, ready, logger: createLogger('test', { level: 'silent' }) });
  const response = await fetch(`http://127.0.0.1:${ops.port}${path}`, { method });
  const text = await response.text();
  return { status: response.status, text, headers: response.headers };
}

describe('ops server', () => {
  it.each([
    ['/health/live', 200, 'live'],
    ['/health/ready', 200, '"nats":"up"'],
    ['/metrics?x=1', 200, 'metrics'],
    ['/', 404, 'not found'],
    ['/health/../etc/passwd', 404, 'not found'],
  ])('%s answers %i', async (path, status, part) => {
    const answer = await get(path);
    expect(answer.status).toBe(status);
    expect(answer.text).toContain(part);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'");
  });

  it('is not ready while one thing is not up, and says which', async () => {
    const answer = await get('/health/ready', () => Promise.resolve({ nats: 'up', postgres: 'connection refused' }));
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.text)).toEqual({
      status: 'not ready',
      checks: { nats: 'up', postgres: 'connection refused' },
    });
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('boom');
      },
      'boom',
    ],
    ['hangs', () => new Promise<never>(() => undefined), 'no answer within'],
  ])('is not ready when the check %s', async (_, ready, reason) => {
    const answer = await get('/health/ready', ready);
    expect(answer.status).toBe(503);
    expect(answer.text).toContain(reason);
  });

  it('takes no other method', async () => {
    expect((await get('/metrics', undefined, 'POST')).status).toBe(405);
  });
});
