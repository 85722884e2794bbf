import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from './logger.process.js';
import type { Readiness, ReadinessCheck } from './service.module.js';
import type { Telemetry } from './telemetry.otel.js';

export interface OpsServerOptions {
  /** 0: a free one. */
  port: number;
  /** Default: loopback (OPS_HOST=0.0.0.0 in a container): metrics tell a stranger more than he should know. */
  host?: string;
  telemetry: Pick<Telemetry, 'prometheus'>;
  ready: ReadinessCheck;
  logger: Logger;
}

export interface OpsServer {
  port: number;
  stop(): Promise<void>;
}

const READY_DEADLINE_MS = 2_000;

/**
 * `/health/live`: the process answers. `/health/ready`: it can do its work, 503 with the reasons while not.
 * `/metrics`: Prometheus.
 */
export async function startOpsServer(options: OpsServerOptions): Promise<OpsServer> {
  const server = createServer((request, response) => {
    answer(options, request, response).catch((error: unknown) => {
      options.logger.error({ err: error }, 'ops server could not answer');
      if (!response.headersSent) send(response, 500, { status: 'error' });
    });
  });
  server.headersTimeout = 5_000;
  server.requestTimeout = 10_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host ?? '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(options: OpsServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'");
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return send(response, 405, { status: 'method not allowed' });
  switch ((request.url ?? '').replace(/\?.*/s, '')) {
    case '/health/live':
      return send(response, 200, { status: 'live' });
    case '/health/ready': {
      const checks = await readiness(options.ready);
      const ready = Object.values(checks).every((check) => check === 'up');
      return send(response, ready ? 200 : 503, { status: ready ? 'ready' : 'not ready', checks });
    }
    case '/metrics':
      return options.telemetry.prometheus(request, response);
    default:
      return send(response, 404, { status: 'not found' });
  }
}

/** A check that hangs or throws is a reason for not being ready, not for not answering. */
async function readiness(ready: OpsServerOptions['ready']): Promise<Readiness> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Readiness>((resolve) => {
    timer = setTimeout(() => resolve({ readiness: `no answer within ${READY_DEADLINE_MS} ms` }), READY_DEADLINE_MS);
  });
  try {
    return await Promise.race([Promise.resolve().then(ready), late]);
  } catch (error) {
    return { readiness: error instanceof Error ? error.message : 'the check failed' };
  } finally {
    clearTimeout(timer);
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
}
