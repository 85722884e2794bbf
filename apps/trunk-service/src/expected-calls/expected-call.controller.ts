import { Body, Controller, Delete, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import { trunkState, type TrunkState } from '@trunkmesh/contracts/trunk.js';
import type { Request, Response } from 'express';
import { Access, OrganizationId } from '../access/access.guard.js';
import { EVENT_STREAM, streamEvents } from '../http/event-stream.http.js';
import { Described } from '../http/open-api.http.js';
import { connectionOf } from '../nats/connection.nats.js';
import { VerdictSources } from '../status/await-verdicts.nats.js';
import { findTrunk } from '../trunk/trunk-list.pg.js';
import { decidedArrival, reportOf } from './arrivals.js';
import { refusedArrivals } from './arrivals.pg.js';
import { CallsSince } from './calls-since.nats.js';
import {
  expectationReport,
  expectCallBody,
  openedExpectation,
  type Arrival,
  type ExpectationReport,
  type ExpectCallBody,
  type OpenedExpectation,
} from './expected-call-view.js';
import { ExpectedCalls } from './expected-call.nats.js';

const LOOK_MS = 1_000;
/** The waiting, and what is counted and stored a little later. */
const FOR_MS = 6 * 60_000;
const MAX_STREAMS = 10;
/** More than are shown, because they are sorted first. */
const MAX_KEPT = 500;

/** Waits for the organisation's own call, and shows what arrives. */
@Controller('api/v1/sip-trunks')
export class ExpectedCallController {
  private readonly streams = new Map<string, number>();

  constructor(
    private readonly sources: VerdictSources,
    private readonly expected: ExpectedCalls,
  ) {}

  @Post(':id/expect-call')
  @Access('manage')
  @Described({
    id: 'expectCall',
    summary: 'Wait five minutes for a call of your own; accepted calls on the trunk get a tone and an echo meanwhile',
    status: 201,
    answer: openedExpectation,
    bodyOptional: true,
  })
  async open(
    @OrganizationId() organizationId: string,
    @Param('id') id: string,
    @Body({ schema: expectCallBody }) body: ExpectCallBody,
  ): Promise<OpenedExpectation> {
    const trunk = await this.trunk(organizationId, id);
    const { trunk_id, opened_at, expires_at, echo, from } = await this.expected.open(keyOf(trunk), body);
    const dial = await this.numbersOf(trunk);
    const dial_to = this.sources.fleet
      .bridges()
      .filter(({ pool, status }) => pool === trunk.bridge_pool && status === 'active')
      .map(({ sip_address }) => sip_address);
    const report_url = `/api/v1/sip-trunks/${trunk.id}/expect-call`;
    const instructions = instructionsFor({ dial, dial_to, expires_at, report_url, echo });
    return { trunk_id, opened_at, expires_at, echo, from, dial, dial_to, instructions, report_url };
  }

  @Delete(':id/expect-call')
  @HttpCode(204)
  @Access('manage')
  @Described({ id: 'stopExpectingCall', summary: 'Wait for a call no longer', status: 204 })
  async close(@OrganizationId() organizationId: string, @Param('id') id: string): Promise<void> {
    await this.expected.close(keyOf(await this.trunk(organizationId, id)));
  }

  /** What arrived since the waiting began; as server-sent events where the client accepts them. */
  @Get(':id/expect-call')
  @Access('read')
  @Described({
    id: 'getExpectedCall',
    answer: expectationReport,
    summary: 'Get the calls that arrived while you waited, refused ones too; with "Accept: text/event-stream" live',
  })
  async report(
    @OrganizationId() organizationId: string,
    @Param('id') id: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const trunk = await this.trunk(organizationId, id);
    const look = this.looking(trunk);
    const first = await look();
    if (!(request.header('Accept') ?? '').includes(EVENT_STREAM)) {
      response.json(first);
      return;
    }
    const open = this.streams.get(organizationId) ?? 0;
    if (open >= MAX_STREAMS)
      throw new DomainError('conflict', `This organisation has ${MAX_STREAMS} live reports open. Close one of them.`);
    this.streams.set(organizationId, open + 1);
    const isLast = ({ is_open }: ExpectationReport) => !is_open;
    try {
      await streamEvents({ request, response }, { everyMs: LOOK_MS, forMs: FOR_MS, look, isLast });
    } finally {
      this.left(organizationId);
    }
  }

  private left(organizationId: string): void {
    const open = this.streams.get(organizationId)! - 1;
    if (open === 0) this.streams.delete(organizationId);
    else this.streams.set(organizationId, open);
  }

  /** Reads on each time, and begins again when the waiting did. */
  private looking(trunk: TrunkState): () => Promise<ExpectationReport> {
    let calls: CallsSince | undefined;
    let since = '';
    let decided: Arrival[] = [];
    return async () => {
      const expected = await this.expected.find(keyOf(trunk));
      if (calls === undefined || since !== expected.opened_at) {
        [since, decided] = [expected.opened_at, []];
        calls = new CallsSince(trunk.organization_id, since);
      }
      const [events, refused] = await Promise.all([
        calls.read(connectionOf(this.expected.nats)),
        refusedArrivals(this.sources.store, trunk, since),
      ]);
      decided = [...decided, ...events.flatMap((event) => decidedArrival(trunk, event) ?? [])].slice(-MAX_KEPT);
      return reportOf(expected, [...decided, ...refused], new Date());
    };
  }

  private async numbersOf({ id, organization_id }: TrunkState): Promise<string[]> {
    const rows = await this.sources.store.query<{ phone_number: string }>(
      `select phone_number from numbers where organization_id = $1 and is_active and
        (sip_trunk_id = $2 or sip_trunk_id is null) order by sip_trunk_id is null, phone_number limit 10`,
      [organization_id, id],
    );
    return rows.map(({ phone_number }) => phone_number);
  }

  private async trunk(organizationId: string, id: string): Promise<TrunkState> {
    return trunkState.parse((await findTrunk(this.sources.store, organizationId, id)).state);
  }
}

const keyOf = ({ id, organization_id }: TrunkState) => ({ organization_id, trunk_id: id });

function instructionsFor({
  dial,
  dial_to,
  expires_at,
  report_url,
  echo,
}: Pick<OpenedExpectation, 'dial' | 'dial_to' | 'expires_at' | 'report_url' | 'echo'>): string[] {
  return [
    dial.length === 0
      ? 'Add a phone number first (POST /api/v1/phone-numbers): without one every call is refused.'
      : `Call ${dial.join(' or ')} from any telephone, or from your PBX towards ` +
        `${dial_to.length === 0 ? 'the bridge address' : dial_to.join(' or ')}.`,
    `GET ${report_url} shows what arrives until ${expires_at}, refused calls too; a refused one takes some seconds.`,
    echo
      ? 'An accepted call on this trunk is answered with a tone, and then you hear yourself. The assistants of this ' +
        'trunk get no calls meanwhile: give "from" to spare other callers, or DELETE the same path to end it.'
      : 'Accepted calls go to the assistant as always.',
  ];
}
