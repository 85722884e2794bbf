import { Controller, Get, Req, Res, type BeforeApplicationShutdown } from '@nestjs/common';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import type { Request, Response } from 'express';
import { Access, CurrentCaller } from '../access/access.guard.js';
import { Authenticator } from '../access/authenticator.pg.js';
import { organizationOf, type Caller } from '../http/caller.js';
import { EVENT_STREAM } from '../http/event-stream.http.js';
import { Described } from '../http/open-api.http.js';
import { changeList } from './change.js';
import { LiveChanges } from './live-changes.nats.js';
import { ChangeStream } from './stream.http.js';

/** Of one organisation, in each copy of the service. */
const MAX_STREAMS = 100;

/** What changes, as it changes. */
@Controller('api/v1/stream')
export class StreamController implements BeforeApplicationShutdown {
  private readonly streams = new Map<string, Set<ChangeStream>>();

  constructor(
    private readonly live: LiveChanges,
    private readonly authenticator: Authenticator,
  ) {}

  @Get()
  @Access('read')
  @Described({
    id: 'followChanges',
    summary: 'Get what changed after the header Last-Event-ID; with "Accept: text/event-stream" live',
    answer: changeList,
  })
  async follow(@CurrentCaller() caller: Caller, @Req() request: Request, @Res() response: Response): Promise<void> {
    const organizationId = caller.role === 'bootstrap' ? (caller.organization?.id ?? null) : organizationOf(caller);
    const lastEventId = request.header('Last-Event-ID');
    if (!(request.header('Accept') ?? '').includes(EVENT_STREAM)) {
      const { log, leave } = this.live.follow(organizationId, () => undefined);
      leave();
      response.json(log.after(lastEventId));
      return;
    }
    await this.stream(organizationId, { request, response, lastEventId });
  }

  /** Nest waits for the requests under way. */
  beforeApplicationShutdown(): void {
    for (const stream of [...this.streams.values()].flatMap((each) => [...each])) stream.end();
  }

  private async stream(
    organizationId: string | null,
    { request, response, lastEventId }: { request: Request; response: Response; lastEventId: string | undefined },
  ): Promise<void> {
    const name = organizationId ?? '';
    const open = this.streams.get(name) ?? new Set();
    if (open.size >= MAX_STREAMS)
      throw new DomainError('too-many-requests', `${MAX_STREAMS} live views are open already. Close one of them.`, [], {
        retry_after_seconds: 10,
      });
    this.streams.set(name, open);
    const { log, leave } = this.live.follow(organizationId, () => stream.changed());
    const mayRead = () => this.authenticator.authenticate(request);
    const stream = new ChangeStream({ response, log, lastEventId, mayRead });
    open.add(stream);
    await stream.ended;
    leave();
    open.delete(stream);
    if (open.size === 0 && this.streams.get(name) === open) this.streams.delete(name);
  }
}
