import { Controller, Get, Inject, Param, Query, Res } from '@nestjs/common';
import { callSid } from '@trunkmesh/contracts/call-control.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { Response } from 'express';
import { Access, CurrentCaller, OrganizationId } from '../access/access.guard.js';
import { callRequestOf } from '../calls/call-ending.js';
import { findCall } from '../calls/call-log.nats.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { organizationOf, type Caller } from '../http/caller.js';
import { Described } from '../http/open-api.http.js';
import { EVENT_STORE, NATS } from '../tokens.js';
import { findTrunk } from '../trunk/trunk-list.pg.js';
import { pcapOf } from './pcap.js';
import { callMessages, trunkMessages } from './sip-messages.nats.js';
import { visibleMessages } from './visible-messages.js';
import { callSip, sipQuery, trunkSip, type CallSip, type SipQuery, type TrunkSip } from './sip-view.js';

@Controller('api/v1')
export class SipController {
  constructor(
    @Inject(NATS) private readonly nats: NatsLink,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  @Get('calls/:call_id/sip')
  @Access('read')
  @Described({
    id: 'getCallSip',
    summary:
      'List the SIP messages of a call, without credentials and without callers who withhold their number, in the ' +
      'order of time; with `format=pcap` as a file for Wireshark',
    answer: callSip,
  })
  async call(
    @CurrentCaller() caller: Caller,
    @Param('call_id') sid: string,
    @Query({ schema: sipQuery }) { format }: SipQuery,
    @Res({ passthrough: true }) response: Response,
  ): Promise<CallSip | undefined> {
    const request = callRequestOf(organizationOf(caller), sid);
    const { messages: kept, leftOut } = await callMessages(this.nats, request);
    // Only the operator, who answers to the law, sees who withholds the number.
    const messages = caller.role === 'bootstrap' ? kept : visibleMessages(kept);
    // The messages of a call can be there before its call log.
    if (messages.length === 0) await findCall(this.nats, request);
    const call_sid = callSid(request.call_id);
    if (format === 'json') return { call_sid, messages, left_out: leftOut };
    response
      .set({
        'Content-Type': 'application/vnd.tcpdump.pcap',
        'Content-Disposition': `attachment; filename="${call_sid}.pcap"`,
      })
      .end(pcapOf(messages));
    return undefined;
  }

  @Get('sip-trunks/:id/sip')
  @Access('read')
  @Described({
    id: 'getTrunkSip',
    summary: "List the SIP messages of a trunk's last registration and OPTIONS, per bridge, without credentials",
    answer: trunkSip,
  })
  async trunk(@OrganizationId() organizationId: string, @Param('id') id: string): Promise<TrunkSip> {
    const { state } = await findTrunk(this.store, organizationId, id);
    return trunkMessages(this.nats, state, this.store.logger);
  }
}
