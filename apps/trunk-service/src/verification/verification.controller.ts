import { randomInt } from 'node:crypto';
import { Body, Controller, Get, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import { trunkState, type TrunkState } from '@trunkmesh/contracts/trunk.js';
import { parseAddress } from '@trunkmesh/routing/address.js';
import { claimsOf, formatAddress } from '@trunkmesh/routing/claims.js';
import type { Request, Response } from 'express';
import { uuidv7 } from 'uuidv7';
import { z } from 'zod';
import { Access, OrganizationId } from '../access/access.guard.js';
import { EVENT_STREAM, streamEvents } from '../http/event-stream.http.js';
import { invalidRequest } from '../http/field-problems.js';
import { createOnce, idempotencyKeyOf } from '../http/idempotency.pg.js';
import { Described } from '../http/open-api.http.js';
import { LiveFleet } from '../bridge/live-fleet.pg.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { EVENT_STORE } from '../tokens.js';
import { findTrunk } from '../trunk/trunk-list.pg.js';
import { isClaimed } from './judge.js';
import { isOver, verificationReport, type VerificationReport } from './report.js';
import { latestReport, openCode } from './verification.pg.js';

const wanted = z
  .strictObject({ address: z.string().max(64).optional().describe('The address.') })
  .default({})
  .meta({ id: 'VerificationRequest' });
const opened = z
  .object({
    id: z.string().describe('The id.'),
    trunk_id: z.string().describe('The trunk that the code is for.'),
    code: z
      .string()
      .nullable()
      .describe(
        'The code to dial, once. It is not shown again: null where the request is repeated with its Idempotency-Key.',
      ),
    expires_at: z.string().describe('Until when it is valid.'),
    address: z
      .string()
      .nullable()
      .describe('The address that the call must come from; null: any address that the trunk claims.'),
    dial_to: z.array(z.string()).describe('The bridge addresses to dial it to.'),
    networks: z.array(z.string()).describe('The networks that the call may come from: those that the trunk claims.'),
    instructions: z.array(z.string()).describe('What to do next, step by step.'),
    report_url: z.string().describe('Where the report of the verification is.'),
  })
  .meta({ id: 'OpenedVerification' });

const LOOK_MS = 1_000;
/** The code's life, and a call that began at its end. */
const FOR_MS = 17 * 60_000;
const MAX_STREAMS = 10;

@Controller('api/v1/sip-trunks')
export class VerificationController {
  private readonly streams = new Map<string, number>();

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly fleet: LiveFleet,
  ) {}

  /** A call with the code proves that the organisation is served from the address it comes from. */
  @Post(':id/verify-address')
  @Access('manage')
  @Described({
    id: 'verifyTrunkAddress',
    summary: 'Get a single-use code to dial from the PBX; the call proves the address that it comes from',
    status: 201,
    answer: opened,
    body: { 'application/json': wanted },
  })
  async open(
    @OrganizationId() organizationId: string,
    @Param('id') id: string,
    @Body({ schema: wanted }) body: z.output<typeof wanted>,
    @Req() request: Request,
  ): Promise<unknown> {
    const trunk = await this.trunk(organizationId, id);
    const address = claimedAddress(trunk, body.address);
    const answer = await createOnce(
      this.store,
      idempotencyKeyOf(request, organizationId),
      async (work) => {
        const code = `77${String(randomInt(10 ** 14)).padStart(14, '0')}`;
        const fresh = { id: uuidv7(), organization_id: organizationId, trunk_id: trunk.id, address };
        const expires = await openCode(this.store, work, { ...fresh, code });
        return {
          status: 201,
          headers: {},
          body: this.answer(trunk, { id: fresh.id, code, address, expires_at: expires.toISOString() }),
        };
      },
      { stored: (stored) => ({ ...(stored as object), code: null }) },
    );
    request.res!.status(answer.status).set(answer.headers);
    return answer.body;
  }

  /** What arrived, and what to do next; as server-sent events where the client accepts them. */
  @Get(':id/verify-address')
  @Access('read')
  @Described({
    id: 'getTrunkVerification',
    summary: 'Get the state of the latest verification call; with "Accept: text/event-stream" live',
    answer: verificationReport,
  })
  async report(
    @OrganizationId() organizationId: string,
    @Param('id') id: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const trunk = await this.trunk(organizationId, id);
    const look = () => this.latest(organizationId, trunk.id);
    const first = await look();
    if (!(request.header('Accept') ?? '').includes(EVENT_STREAM)) {
      response.json(first);
      return;
    }
    const open = this.streams.get(organizationId) ?? 0;
    if (open >= MAX_STREAMS)
      throw new DomainError(
        'conflict',
        `This organisation follows ${MAX_STREAMS} verifications live already. Close one of them.`,
      );
    this.streams.set(organizationId, open + 1);
    try {
      await streamEvents({ request, response }, { everyMs: LOOK_MS, forMs: FOR_MS, look, isLast: isOver });
    } finally {
      this.left(organizationId);
    }
  }

  private left(organizationId: string): void {
    const open = this.streams.get(organizationId)! - 1;
    if (open === 0) this.streams.delete(organizationId);
    else this.streams.set(organizationId, open);
  }

  private async latest(organizationId: string, trunkId: string): Promise<VerificationReport> {
    const report = await latestReport(this.store, organizationId, trunkId);
    if (report === undefined)
      throw new DomainError(
        'verification-not-found',
        'No verification call was asked for. POST to this address to get a code.',
      );
    return report;
  }

  private async trunk(organizationId: string, id: string): Promise<TrunkState> {
    const { state } = await findTrunk(this.store, organizationId, id);
    return trunkState.parse(state);
  }

  private answer(
    trunk: TrunkState,
    code: { id: string; code: string; address: string | null; expires_at: string },
  ): z.output<typeof opened> {
    const bridges = this.fleet
      .bridges()
      .filter(({ pool, status }) => pool === trunk.bridge_pool && status === 'active');
    const dial_to = bridges.map(({ sip_address }) => sip_address);
    const networks = claimsOf(trunk).map(({ network }) => network);
    const from = code.address ?? 'one of the addresses that the trunk lists';
    const instructions = [
      `From your PBX dial ${code.code} through this trunk, as an ordinary number, to ` +
        `${dial_to.length === 0 ? 'the bridge address' : dial_to.join(' or ')}. The call must come from ${from}.`,
      'You hear a short tone. Hang up after it: that confirms that answers reach your PBX.',
      `The code works once, until ${code.expires_at}. GET /api/v1/sip-trunks/${trunk.id}/verify-address shows ` +
        'what arrives.',
    ];
    return {
      ...code,
      trunk_id: trunk.id,
      dial_to,
      networks,
      instructions,
      report_url: `/api/v1/sip-trunks/${trunk.id}/verify-address`,
    };
  }
}

function claimedAddress(trunk: TrunkState, text: string | undefined): string | null {
  if (text === undefined) {
    if (claimsOf(trunk).length > 0) return null;
    throw new DomainError(
      'invalid-request',
      "This trunk lists no address that a call could come from. Add your PBX's address to inbound_addresses first.",
      [{ pointer: '', message: 'the trunk has no address' }],
    );
  }
  const address = parseAddress(text.trim());
  if (address === undefined)
    throw invalidRequest([{ pointer: '/address', message: 'must be an IP address, for example "203.0.113.20"' }]);
  if (isClaimed(trunk, text.trim())) return formatAddress(address);
  throw invalidRequest([
    { pointer: '/address', message: 'is not among the addresses of the trunk: add it to inbound_addresses first' },
  ]);
}
