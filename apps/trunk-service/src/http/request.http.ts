import { randomUUID } from 'node:crypto';
import { histogram } from '@trunkmesh/runtime/metric.otel.js';
import { traceparentOf, withSpan } from '@trunkmesh/runtime/trace.otel.js';
import type { NextFunction, Request, Response } from 'express';

const requests = histogram('trunkmesh_http_request_duration_seconds', 'HTTP requests by route and status');

/** For an API that answers JSON only: nothing of it may be framed, sniffed, cached by a proxy, or run. */
const HEADERS: Record<string, string> = {
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'Strict-Transport-Security': 'max-age=31536000',
};

/** The page that shows the API's description brings its own scripts and styles. */
const DOCS_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src " +
  "'self'; frame-ancestors 'none'";

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** One span, one request id and one measurement a request. */
export function observeRequest(request: Request, response: Response, next: NextFunction): void {
  const given = request.header('X-Request-Id');
  response.setHeader('X-Request-Id', given !== undefined && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID());
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  if (request.path.startsWith('/docs')) response.setHeader('Content-Security-Policy', DOCS_POLICY);
  const began = performance.now();
  const method = METHODS.has(request.method) ? request.method : '_OTHER';
  void withSpan(
    method,
    {
      kind: 'server',
      parent: traceparentOf(request.headers),
      attributes: { 'http.request.method': method },
    },
    (span) =>
      new Promise<void>((resolve) => {
        response.once('close', () => {
          const route = routeOf(request);
          span.updateName(`${method} ${route}`);
          span.setAttributes({ 'http.route': route, 'http.response.status_code': response.statusCode });
          requests.record((performance.now() - began) / 1000, { method, route, status: String(response.statusCode) });
          resolve();
        });
        next();
      }),
  );
}

/** The route's pattern, never the path: ids in a metric's labels would make as many series as there are trunks. */
function routeOf(request: Request): string {
  const { route } = request as { route?: { path?: unknown } };
  return typeof route?.path === 'string' ? route.path : 'none';
}
