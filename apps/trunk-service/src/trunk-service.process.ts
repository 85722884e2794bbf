import 'reflect-metadata';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import { NestFactory, Reflector } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { nestLogger, type Logger } from '@trunkmesh/runtime/logger.process.js';
import express from 'express';
import { hashOf } from './api-key/authenticate.pg.js';
import { AppModule, compose, type Parts } from './app.module.js';
import type { Config } from './config.js';
import { AccessGuard } from './http/access.guard.js';
import { serveOpenApi } from './http/open-api.http.js';
import { ProblemFilter } from './http/problem.filter.js';
import { RateLimits } from './http/rate-limits.http.js';
import { observeRequest } from './http/request.middleware.js';
import { RequestPipe } from './http/request.pipe.js';

export interface TrunkService {
  /** `http://127.0.0.1:port` of the API. */
  url: string;
  parts: Parts;
  stop(): Promise<void>;
}

export async function startTrunkService(config: Config, logger: Logger): Promise<TrunkService> {
  const parts = compose(config, logger);
  const app = await httpApp(parts);
  await app.listen(config.PORT, config.HOST);
  const { port } = app.getHttpServer().address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    parts,
    stop: async () => {
      // Takes no new connection, and waits for the requests that are under way. A kept connection with one of them
      // would bring the next, and the next, for ever.
      app
        .getHttpServer()
        .prependListener('request', (_request: IncomingMessage, response: ServerResponse) =>
          response.setHeader('Connection', 'close'),
        );
      await app.close();
      await parts.stop();
    },
  };
}

async function httpApp(parts: Parts): Promise<INestApplication> {
  const server = express();
  server.disable('x-powered-by');
  server.disable('etag');
  server.set('query parser', 'simple');
  server.set('trust proxy', parts.config.TRUSTED_PROXIES);
  server.use(observeRequest);
  const app = await NestFactory.create(AppModule.of(parts), new ExpressAdapter(server), {
    logger: nestLogger(parts.logger),
    bodyParser: false,
  });
  const limits = new RateLimits(parts.config, parts.logger);
  limits.limitConnections(app.getHttpServer() as Server);
  app.useGlobalGuards(
    new AccessGuard(
      app.get(Reflector),
      { record: parts.record, keys: parts.keys, bootstrap: hashOf(parts.config.BOOTSTRAP_KEY) },
      limits,
    ),
  );
  app.useGlobalPipes(new RequestPipe());
  app.useGlobalFilters(new ProblemFilter(parts.logger));
  serveOpenApi(app);
  return app;
}
