import type { AddressInfo } from 'node:net';
import type { DynamicModule, NestApplicationOptions } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { CustomStrategy } from '@nestjs/microservices';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import { RequestServer } from '@trunkmesh/requests/request-server.nats.js';
import express from 'express';
import { actForRequest } from './access/actor.http.js';
import type { Config } from './config.js';
import { servePages } from './dashboard/pages.http.js';
import { serveOpenApi } from './http/open-api.http.js';
import { observeRequest } from './http/request.http.js';

export interface HttpService {
  app: NestExpressApplication;
  facts: {
    /** `http://127.0.0.1:port` of the API. */
    api: string;
  };
}

/**
 * Starts the API, and the controllers that answer requests over NATS. What concerns Express is here, everything else in
 * the modules.
 */
export async function startHttpService(
  root: DynamicModule,
  options: NestApplicationOptions,
  config: Config,
): Promise<HttpService> {
  const server = express();
  server.disable('x-powered-by');
  server.disable('etag');
  server.set('query parser', 'simple');
  server.set('trust proxy', config.TRUSTED_PROXIES);
  server.use(observeRequest);
  server.use(actForRequest);
  servePages(server);
  // The guard reads the body, after it knows the caller.
  const app = await NestFactory.create<NestExpressApplication>(root, new ExpressAdapter(server), {
    ...options,
    bodyParser: false,
  });
  serveOpenApi(app);
  app.connectMicroservice<CustomStrategy>({ strategy: app.get(RequestServer, { strict: false }) });
  await app.listen(config.PORT, config.HOST);
  await app.startAllMicroservices();
  const { port } = app.getHttpServer().address() as AddressInfo;
  return { app, facts: { api: `http://127.0.0.1:${port}` } };
}
