import { createHash } from 'node:crypto';
import { Controller, Get, HttpCode, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Access } from '../access/access.guard.js';
import { RateLimits } from '../access/rate-limits.http.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { EVENT_STORE } from '../tokens.js';
import { PAGE_STYLE, UNKNOWN_PAGE, unsubscribePage } from './unsubscribe-page.js';
import { linkedRecipient, subscribeAgain, unsubscribe } from './unsubscribe.pg.js';

const PAGE_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(PAGE_STYLE).digest('base64')}'`,
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');
const TOKEN = /^[\da-f]{64}$/;

/**
 * The links of e-mails, for who has one: no session. GET changes nothing, because mail scanners follow links; POST is
 * also what a mail program's own button sends (RFC 8058), whose body says nothing more.
 */
@Controller('unsubscribe')
@Access('public')
@ApiExcludeController()
export class UnsubscribeController {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly limits: RateLimits,
  ) {}

  @Get(':token')
  show(@Param('token') token: string, @Req() request: Request, @Res() response: Response): Promise<void> {
    return this.answer(token, { request, response });
  }

  @Post(':token')
  @HttpCode(200)
  unsubscribe(@Param('token') token: string, @Req() request: Request, @Res() response: Response): Promise<void> {
    return this.answer(token, { request, response, change: unsubscribe });
  }

  @Post(':token/again')
  @HttpCode(200)
  again(@Param('token') token: string, @Req() request: Request, @Res() response: Response): Promise<void> {
    return this.answer(token, { request, response, change: subscribeAgain });
  }

  private async answer(token: string, { request, response, change }: Exchange): Promise<void> {
    this.limits.address(request);
    if (TOKEN.test(token)) await change?.(this.store, token);
    const recipient = TOKEN.test(token) ? await linkedRecipient(this.store, token) : undefined;
    if (recipient === undefined) this.limits.failed(request);
    // Relative, because a proxy may add a path before these.
    const link = request.path.endsWith('/again') ? `../${token}` : token;
    response
      .status(recipient === undefined ? 404 : 200)
      .set('Content-Security-Policy', PAGE_POLICY)
      .type('html')
      .send(
        recipient === undefined
          ? UNKNOWN_PAGE
          : unsubscribePage(recipient, { unsubscribe: link, again: `${link}/again` }),
      );
  }
}

interface Exchange {
  request: Request;
  response: Response;
  change?: (store: EventStore, token: string) => Promise<void>;
}
