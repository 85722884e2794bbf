import { Body, Controller, Delete, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { callSid } from '@trunkmesh/contracts/call-control.js';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import type { Request, Response } from 'express';
import { uuidv7 } from 'uuidv7';
import { Access, CurrentCaller, OrganizationId } from '../access/access.guard.js';
import { callEnding, callRequestOf, type CallEnding } from '../calls/call-ending.js';
import { organizationOf, type Caller } from '../http/caller.js';
import { invalidRequest } from '../http/field-problems.js';
import { idempotencyKeyOf } from '../http/idempotency.pg.js';
import { Described } from '../http/open-api.http.js';
import { callBody, callQueued, type CallBody, type CallQueued } from './call-input.js';
import { CancelCall } from './cancel-call.nats.js';
import { fillTexts } from './fill-texts.js';
import { PlaceCall } from './place-call.pg.js';

@Controller()
export class OutboundCallController {
  constructor(
    private readonly placeCall: PlaceCall,
    private readonly cancelCall: CancelCall,
  ) {}

  @Post('api/v1/calls')
  @HttpCode(201)
  @Access('publish')
  @Described({ id: 'createCall', summary: 'Call a number', status: 201, answer: callQueued })
  create(
    @CurrentCaller() caller: Caller,
    @Body({ schema: callBody }) body: CallBody,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<CallQueued> {
    return this.place(caller, body, request, response);
  }

  @Post('calls/initiate')
  @HttpCode(201)
  @Access('publish')
  @Described({
    id: 'initiateCall',
    summary: "Call a number, at the path that the platform's clients know",
    status: 201,
    answer: callQueued,
  })
  initiate(
    @CurrentCaller() caller: Caller,
    @Body({ schema: callBody }) body: CallBody,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<CallQueued> {
    return this.place(caller, body, request, response);
  }

  @Delete('api/v1/calls/:call_id')
  @HttpCode(202)
  @Access('publish')
  @Described({
    id: 'cancelCall',
    summary: 'Cancel a call, or hang it up, whatever its state is',
    status: 202,
    answer: callEnding,
  })
  cancel(@OrganizationId() organizationId: string, @Param('call_id') sid: string): Promise<CallEnding> {
    return this.end(organizationId, sid);
  }

  @Post('api/v1/calls/:call_id/hangup')
  @HttpCode(202)
  @Access('publish')
  @Described({ id: 'hangUpCall', summary: 'Hang up a call', status: 202, answer: callEnding })
  hangUp(@OrganizationId() organizationId: string, @Param('call_id') sid: string): Promise<CallEnding> {
    return this.end(organizationId, sid);
  }

  private async end(organizationId: string, sid: string): Promise<CallEnding> {
    const request = callRequestOf(organizationId, sid);
    await this.cancelCall.cancel(request);
    return { call_sid: callSid(request.call_id), status: 'ending' };
  }

  private async place(caller: Caller, body: CallBody, request: Request, response: Response): Promise<CallQueued> {
    const organization_id = organizationOf(caller);
    if (body.sip_trunk_id !== undefined && caller.role === 'publisher')
      throw new DomainError(
        'not-allowed',
        'Only an admin may choose the trunk of a call: leave "sip_trunk_id" out, or use a key with the role "admin".',
      );
    const { problems } = fillTexts(body);
    if (problems.length > 0) throw invalidRequest(problems);
    const wish = { call_id: uuidv7(), organization_id, body, requested_at: new Date().toISOString() };
    const answer = await this.placeCall.place(wish, idempotencyKeyOf(request, organization_id));
    response.status(answer.status).set(answer.headers);
    return answer.body as CallQueued;
  }
}
