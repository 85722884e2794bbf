import { Controller, Delete, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { timestamp } from '@trunkmesh/contracts/scalar.js';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { Access, CurrentCaller } from '../access/access.guard.js';
import { Authenticator } from '../access/authenticator.pg.js';
import type { KnownKeys } from '../access/known-keys.js';
import { sessionCookie, sessionToken } from '../access/session-cookie.js';
import { SESSION_SECONDS, Sessions } from '../access/sessions.pg.js';
import type { Caller } from '../http/caller.js';
import { Described } from '../http/open-api.http.js';
import { KEYS } from '../tokens.js';

const sessionView = z
  .object({ expires_at: timestamp.describe('When the session ends; it also ends with its key.') })
  .meta({ id: 'Session', description: 'A session of the dashboard. Its token is in the cookie alone.' });

/** A browser sends its API key once, and gets a cookie for it. */
@Controller('api/v1/session')
export class SessionController {
  constructor(
    private readonly authenticator: Authenticator,
    private readonly sessions: Sessions,
    @Inject(KEYS) private readonly keys: KnownKeys<unknown>,
  ) {}

  @Post()
  @HttpCode(200)
  @Access('read')
  @Described({
    id: 'signIn',
    summary: 'Begin a session of the dashboard: the answer sets a cookie that counts in place of the API key',
    answer: sessionView,
    bodyOptional: true,
  })
  async begin(
    @CurrentCaller() caller: Caller,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<z.output<typeof sessionView>> {
    const token = await this.authenticator.beginSession(caller);
    response.set('Set-Cookie', sessionCookie(request, token, SESSION_SECONDS));
    return { expires_at: new Date(Date.now() + SESSION_SECONDS * 1_000).toISOString() };
  }

  @Delete()
  @HttpCode(204)
  @Access('read')
  @Described({ id: 'signOut', summary: 'End the session of the dashboard', status: 204 })
  async end(@Req() request: Request, @Res({ passthrough: true }) response: Response): Promise<void> {
    const token = sessionToken(request, request.header('Cookie'));
    if (token !== undefined) await this.sessions.end(token);
    this.keys.forget(performance.now());
    response.set('Set-Cookie', sessionCookie(request, '', 0));
  }
}
