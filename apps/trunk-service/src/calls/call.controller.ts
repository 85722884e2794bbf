import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { CallDetail, CallLogGet } from '@trunkmesh/contracts/call-log.js';
import { callSid, dtmfRequest, transferRequest } from '@trunkmesh/contracts/call-control.js';
import { qualityCourse, transferResult } from '@trunkmesh/contracts/call-parts.js';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { Access, OrganizationId } from '../access/access.guard.js';
import { Described } from '../http/open-api.http.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import { CONFIG } from '@trunkmesh/runtime/service.module.js';
import type { Config } from '../config.js';
import { visibleDecision } from '../routes/route-report.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { queuesOf } from './call-queue.pg.js';
import { recordingNamesOf } from './recording-names.js';
import { inZoneOf } from '../organization/time-zone.pg.js';
import { NATS, EVENT_STORE } from '../tokens.js';
import { qualitySoFar, sendDtmf, transfer } from './call-control.nats.js';
import { callInLog, listCalls, type CallPage } from './call-log.nats.js';
import { callNotFound, callRequestOf } from './call-ending.js';
import { requestedCall } from './requested-call.js';
import { openRequest } from './requested-call.pg.js';
import { callQuery, logQueryOf, skipHeaders, type CallQuery, type CallQueryInZone } from './call-query.js';
import { callList, callView, traceUrl, withPlatformNames, type CallList } from './call-view.js';
import { assistantsNamed, targetNames } from './target-names.pg.js';

const transferBody = z
  .strictObject({
    to: transferRequest.shape.to.describe('The called number, in E.164 where it could be brought to it.'),
  })
  .meta({ id: 'TransferRequest' });
const dtmfBody = z
  .strictObject({
    digits: dtmfRequest.shape.digits.describe('Digits in order; `w` pauses half a second, `W` one second.'),
  })
  .meta({ id: 'DtmfRequest' });
const sent = z
  .object({
    call_sid: z.string().describe('The call, as the platform names it: `CA` and 32 hexadecimal digits.'),
    status: z.literal('sent').describe('The state.'),
  })
  .meta({ id: 'DtmfSent' });
const measured = z
  .object({
    call_sid: z.string().describe('The call, as the platform names it: `CA` and 32 hexadecimal digits.'),
    quality_course: qualityCourse
      .nullable()
      .describe(
        'The intervals that are over, from the answer on; null: none is yet, or the call is not measured. An ' +
          'interval is five seconds, and longer in long calls.',
      ),
  })
  .meta({ id: 'CallQualitySoFar' });
const transferred = transferResult
  .extend({
    call_sid: z.string().describe('The call, as the platform names it: `CA` and 32 hexadecimal digits.'),
  })
  .meta({ id: 'CallTransfer' });

@Controller('api/v1/calls')
export class CallController {
  constructor(
    @Inject(NATS) private readonly nats: NatsLink,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Get()
  @Access('read')
  @Described({ id: 'listCalls', summary: 'List the calls, newest first', answer: callList })
  async list(
    @OrganizationId() organizationId: string,
    @Query({ schema: callQuery }) query: CallQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<CallList> {
    const { skip, limit } = query;
    const { calls, total } = await this.page(organizationId, await inZoneOf(this.store, organizationId, query));
    response.set(skipHeaders(request.originalUrl, { skip, count: calls.length, total }));
    const names = await targetNames(this.store, organizationId, calls);
    const queues = await queuesOf(this.store, organizationId, calls);
    const items = calls.map((call) => ({
      ...withPlatformNames(call, names),
      queue: queues.get(call.call_id) ?? null,
    }));
    return { items, total, skip, limit };
  }

  private async page(organizationId: string, query: CallQueryInZone): Promise<CallPage> {
    if (query.assistant_name === undefined) return listCalls(this.nats, logQueryOf(organizationId, query));
    const assistants = await assistantsNamed(this.store, organizationId, query.assistant_name);
    if (assistants.length === 0) return { calls: [], total: 0 };
    return listCalls(this.nats, logQueryOf(organizationId, query, assistants));
  }

  @Get(':call_id')
  @Access('read')
  @Described({
    id: 'getCall',
    summary: 'Get a call with its timeline, INVITE, routing, audio, quality, recording and end',
    answer: callView,
  })
  async get(@OrganizationId() organizationId: string, @Param('call_id') sid: string) {
    const wanted = callRequestOf(organizationId, sid);
    const call = (await callInLog(this.nats, wanted)) ?? (await this.requested(wanted));
    const names = await targetNames(this.store, organizationId, [call]);
    const queues = await queuesOf(this.store, organizationId, [call]);
    return {
      ...withPlatformNames(call, names),
      queue: queues.get(call.call_id) ?? null,
      ...recordingNamesOf(call),
      routing: call.routing === null ? null : visibleDecision(call.routing, organizationId),
      trace_url: traceUrl(this.config.TRACE_URL, call.trace_id),
    };
  }

  /** The bridge has measured it already, so FreeSWITCH is asked nothing. The call has all of it once it has ended. */
  @Get(':call_id/quality')
  @Access('read')
  @Described({
    id: 'getCallQuality',
    summary: 'Get how the audio quality of a call in progress has changed so far',
    answer: measured,
  })
  async quality(
    @OrganizationId() organizationId: string,
    @Param('call_id') sid: string,
  ): Promise<z.infer<typeof measured>> {
    const request = callRequestOf(organizationId, sid);
    return { call_sid: callSid(request.call_id), quality_course: await qualitySoFar(this.nats, request) };
  }

  /**
   * Its first event follows its acceptance by moments.
   *
   * @throws DomainError call-not-found
   */
  private async requested(wanted: CallLogGet): Promise<CallDetail> {
    const request = await openRequest(this.store, wanted);
    if (request === undefined) throw callNotFound();
    return requestedCall(request);
  }

  /** Answers when it is known what became of it, which takes as long as the target rings. */
  @Post(':call_id/transfer')
  @HttpCode(200)
  @Access('publish')
  @Described({
    id: 'transferCall',
    summary: 'Transfer a call to a number or SIP URI by REFER; the answer says what became of it',
    answer: transferred,
  })
  async transfer(
    @OrganizationId() organizationId: string,
    @Param('call_id') sid: string,
    @Body({ schema: transferBody }) { to }: z.output<typeof transferBody>,
  ): Promise<z.infer<typeof transferred>> {
    const request = callRequestOf(organizationId, sid);
    return { call_sid: callSid(request.call_id), ...(await transfer(this.nats, { ...request, to })) };
  }

  @Post(':call_id/dtmf')
  @HttpCode(200)
  @Access('publish')
  @Described({ id: 'sendDtmf', summary: 'Send digits to the other party', answer: sent })
  async dtmf(
    @OrganizationId() organizationId: string,
    @Param('call_id') sid: string,
    @Body({ schema: dtmfBody }) { digits }: z.output<typeof dtmfBody>,
  ): Promise<z.infer<typeof sent>> {
    const request = callRequestOf(organizationId, sid);
    await sendDtmf(this.nats, { ...request, digits });
    return { call_sid: callSid(request.call_id), status: 'sent' };
  }
}
