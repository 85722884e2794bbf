import {
  applyDecorators,
  createParamDecorator,
  Injectable,
  SetMetadata,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ApiExtension } from '@nestjs/swagger';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import type { Request, Response } from 'express';
import { authorize, DEFAULT_ACCESS, organizationOf, type Access as Required, type Caller } from '../http/caller.js';
import { LARGE_BODY, ORDINARY_BODY, readBody, STREAMED_BODY, type BodyLimits } from '../http/body.http.js';
import { Authenticator, organizationNamed } from './authenticator.pg.js';
import { RateLimits } from './rate-limits.http.js';

declare module 'express-serve-static-core' {
  interface Request {
    caller?: Caller;
  }
}

const ACCESS = 'trunkmesh:access';
const ORGANIZATION_IN_QUERY = 'trunkmesh:organization-in-query';
const BODY_LIMIT = 'trunkmesh:body-limit';

/** Who may call the route; without it `DEFAULT_ACCESS`. */
export const Access = (access: Required) =>
  applyDecorators(SetMetadata(ACCESS, access), ApiExtension('x-access', access));
/** What the route takes, where the ordinary 256 kB are too few. */
export const BodyLimit = (limits: BodyLimits) => SetMetadata(BODY_LIMIT, limits);

/**
 * The parameter `organization_id` counts as the header X-Organization-Id: what plays a sound in a page sends no header.
 */
export const OrganizationInQuery = () => SetMetadata(ORGANIZATION_IN_QUERY, true);

/** Authenticates, authorises, and only then reads the body: a stranger's bytes are not parsed. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly authenticator: Authenticator,
    private readonly limits: RateLimits,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const targets = [context.getHandler(), context.getClass()];
    const access = this.reflector.getAllAndOverride<Required | undefined>(ACCESS, targets) ?? DEFAULT_ACCESS;
    if (access === 'public') return true;
    const http = context.switchToHttp();
    const request = http.getRequest<Request>();
    this.limits.address(request);
    const inQuery = this.reflector.getAllAndOverride<true | undefined>(ORGANIZATION_IN_QUERY, targets);
    const caller = await this.callerOf(request, organizationNamed(request, inQuery));
    this.limits.caller(caller);
    authorize(caller, access);
    request.caller = caller;
    const limits = this.reflector.getAllAndOverride<BodyLimits | undefined>(BODY_LIMIT, targets) ?? ORDINARY_BODY;
    if (limits === LARGE_BODY || limits === STREAMED_BODY)
      this.limits.largeRequest(caller, http.getResponse<Response>());
    if (limits !== STREAMED_BODY) await readBody(request, http.getResponse<Response>(), limits);
    return true;
  }

  private async callerOf(request: Request, named: string | undefined): Promise<Caller> {
    try {
      return await this.authenticator.authenticate(request, named);
    } catch (error) {
      const isWrongKey =
        error instanceof DomainError &&
        error.code === 'not-authenticated' &&
        request.header('Authorization') !== undefined;
      if (isWrongKey) this.limits.failed(request);
      throw error;
    }
  }
}

const callerOf = (context: ExecutionContext): Caller => context.switchToHttp().getRequest<Request>().caller!;

export const CurrentCaller = createParamDecorator((_data: unknown, context: ExecutionContext): Caller =>
  callerOf(context),
);
/** The organisation that the request is about. */
export const OrganizationId = createParamDecorator((_data: unknown, context: ExecutionContext): string =>
  organizationOf(callerOf(context)),
);
