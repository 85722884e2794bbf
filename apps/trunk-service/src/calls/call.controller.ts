import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import {
  callIdOf,
  callSid,
  dtmfRequest,
  transferRequest,
  type HangupRequest,
} from '@trunkmesh/contracts/call-control.js';
import { callDetail, callSummary } from '@trunkmesh/contracts/call-log.js';
import { transferResult } from '@trunkmesh/contracts/call.js';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { Access, OrganizationId } from '../http/access.guard.js';
import { Described } from '../http/open-api.http.js';
import type { NatsLink } from '../record/nats-link.nats.js';
import { visibleDecision } from '../routes/route-report.js';
import { NATS } from '../tokens.js';
import { hangUp, sendDtmf, transfer } from './call-control.nats.js';
import { callNotFound, findCall, listCalls } from './call-log.nats.js';
import { callQuery, logQueryOf, skipHeaders, type CallQuery } from './call-query.js';

const transferBody = z.strictObject({ to: transferRequest.shape.to });
const dtmfBody = z.strictObject({ digits: dtmfRequest.shape.digits });
const ending = z.object({ call_sid: z.string(), status: z.literal('ending') });
const sent = z.object({ call_sid: z.string(), status: z.literal('sent') });
const transferred = transferResult.extend({ call_sid: z.string() });

@Controller('api/v1/calls')
export class CallController {
  constructor(@Inject(NATS) private readonly nats: NatsLink) {}

  @Get()
  @Access('read')
  @Described({ summary: 'The calls, newest first', answer: z.array(callSummary) })
  async list(
    @OrganizationId() organizationId: string,
    @Query({ schema: callQuery }) query: CallQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ) {
    const { calls, total } = await listCalls(this.nats, logQueryOf(organizationId, query));
    response.set(skipHeaders(request.originalUrl, { skip: query.skip, count: calls.length, total }));
    return calls;
  }

  @Get(':call_sid')
  @Access('read')
  @Described({
    summary: 'Everything that is known of one call: its timeline, INVITE, routing, audio, quality, recording and end',
    answer: callDetail,
  })
  async get(@OrganizationId() organizationId: string, @Param('call_sid') sid: string) {
    const call = await findCall(this.nats, requestOf(organizationId, sid));
    return { ...call, routing: call.routing === null ? null : visibleDecision(call.routing, organizationId) };
  }

  @Post(':call_sid/hangup')
  @HttpCode(202)
  @Access('publish')
  @Described({ summary: 'Hang up', status: 202, answer: ending })
  async hangUp(
    @OrganizationId() organizationId: string,
    @Param('call_sid') sid: string,
  ): Promise<z.infer<typeof ending>> {
    const request = requestOf(organizationId, sid);
    await hangUp(this.nats, request);
    return { call_sid: callSid(request.call_id), status: 'ending' };
  }

  /** Answers when it is known what became of it, which takes as long as the target rings. */
  @Post(':call_sid/transfer')
  @HttpCode(200)
  @Access('publish')
  @Described({
    summary: 'Transfer to a number or SIP URI by REFER; the answer says what became of it',
    answer: transferred,
  })
  async transfer(
    @OrganizationId() organizationId: string,
    @Param('call_sid') sid: string,
    @Body({ schema: transferBody }) { to }: z.output<typeof transferBody>,
  ): Promise<z.infer<typeof transferred>> {
    const request = requestOf(organizationId, sid);
    return { call_sid: callSid(request.call_id), ...(await transfer(this.nats, { ...request, to })) };
  }

  @Post(':call_sid/dtmf')
  @HttpCode(200)
  @Access('publish')
  @Described({ summary: 'Send digits to the other party', answer: sent })
  async dtmf(
    @OrganizationId() organizationId: string,
    @Param('call_sid') sid: string,
    @Body({ schema: dtmfBody }) { digits }: z.output<typeof dtmfBody>,
  ): Promise<z.infer<typeof sent>> {
    const request = requestOf(organizationId, sid);
    await sendDtmf(this.nats, { ...request, digits });
    return { call_sid: callSid(request.call_id), status: 'sent' };
  }
}

/** What cannot be a call's name names none. */
function requestOf(organization_id: string, sid: string): HangupRequest {
  const call_id = callIdOf(sid);
  if (call_id === undefined) throw callNotFound();
  return { organization_id, call_id };
}
