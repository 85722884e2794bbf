import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import {
  Inject,
  Module,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { APP_FILTER, APP_PIPE, HttpAdapterHost } from '@nestjs/core';
import type { EventStore } from '../event-store/event-store.pg.js';
import { whenOpened, type Background } from '../event-store/when-opened.pg.js';
import { EVENT_STORE } from '../tokens.js';
import { startForgetting } from './idempotency-expiry.process.js';
import { ProblemFilter } from './problem.filter.js';
import { RequestPipe } from './request.pipe.js';

/** What all routes have in common: parsed requests, problem+json, idempotency keys, and a clean end. */
@Module({
  providers: [
    { provide: APP_PIPE, useClass: RequestPipe },
    { provide: APP_FILTER, useClass: ProblemFilter },
  ],
})
export class HttpModule implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown {
  private forgetting: Background | undefined;

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly host: HttpAdapterHost,
  ) {}

  onApplicationBootstrap(): void {
    this.forgetting = whenOpened(this.store, () => startForgetting(this.store));
  }

  /**
   * After this Nest closes the server: it takes no new connection and waits for the requests under way. A client that
   * keeps its connection would send the next one, and the next, without end.
   */
  beforeApplicationShutdown(): void {
    const server = this.host.httpAdapter.getHttpServer() as Server;
    server.prependListener('request', (_request: IncomingMessage, response: ServerResponse) =>
      response.setHeader('Connection', 'close'),
    );
  }

  async onApplicationShutdown(): Promise<void> {
    await this.forgetting?.stop();
  }
}
