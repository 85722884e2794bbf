import { Controller, Get, HttpCode, Inject, Post, Req } from '@nestjs/common';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import type { ExplainRequest } from '@trunkmesh/contracts/routing.js';
import { parseAddress } from '@trunkmesh/routing/address.js';
import type { Request } from 'express';
import { uuidv7 } from 'uuidv7';
import { z } from 'zod';
import { Access, BodyLimit } from '../access/access.guard.js';
import { ORDINARY_BODY } from '../http/body.http.js';
import { organizationOf, type Caller } from '../http/caller.js';
import { invalidRequest, parseRequest } from '../http/field-problems.js';
import { Described } from '../http/open-api.http.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { NATS, EVENT_STORE } from '../tokens.js';
import { findTrunk, type TrunkRow } from '../trunk/trunk-list.pg.js';
import { bodyOfQuery, explainBody, readExplain, type ExplainBody } from './explain-input.js';
import { askPlan, askRouting } from './explain.nats.js';
import { isOutbound, outboundBody, outboundExplanationView, requestOf, type OutboundBody } from './outbound-input.js';
import { resolveTrunks } from '../trunk/own-addresses.net.js';
import { visibleDecision } from './route-report.js';
import { explanationView } from './explanation-view.js';

@Controller('api/v1/routes/explain')
export class RouteController {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(NATS) private readonly nats: NatsLink,
  ) {}

  /** What would become of this call, and why. Nothing is changed and nobody is called. */
  @Get()
  @Access('read')
  @Described({
    id: 'explainRouteByQuery',
    answer: explanationView,
    summary: 'Explain where a call would go, given as query parameters',
  })
  ask(@Req() request: Request) {
    return this.explain(request.caller!, parseRequest(explainBody, bodyOfQuery(request.query)));
  }

  /** The same; a body of text is the INVITE itself, the rest may stand in the query. */
  @Post()
  @HttpCode(200)
  @Access('read')
  @Described({
    id: 'explainRoute',
    answer: z.union([explanationView, outboundExplanationView]),
    summary:
      'Explain where an inbound call would go, given as fields or as a pasted INVITE, or which trunks an outbound ' +
      'call would try, given as a pair of numbers',
    body: { 'application/json': z.union([explainBody, outboundBody]), 'text/plain': z.string() },
  })
  @BodyLimit({ ...ORDINARY_BODY, bytes: 128 * 1024 })
  askWithBody(@Req() request: Request) {
    const fields = bodyOfQuery(request.query);
    const body: unknown =
      typeof request.body === 'string'
        ? { ...fields, invite: request.body }
        : { ...fields, ...(request.body as object | undefined) };
    if (isOutbound(body)) return this.plan(organizationOf(request.caller!), parseRequest(outboundBody, body));
    return this.explain(request.caller!, parseRequest(explainBody, body));
  }

  private async plan(organizationId: string, body: OutboundBody) {
    const plan = await askPlan(this.nats, requestOf(body, organizationId, uuidv7()));
    const { explanation, ...decision } = plan;
    return { decision, explanation };
  }

  private async explain(caller: Caller, body: ExplainBody) {
    const read = readExplain(body);
    if (!read.ok) throw invalidRequest([{ pointer: read.pointer, message: read.message }]);
    const organizationId = caller.organization === null ? null : caller.organization.id;
    const trunk =
      body.trunk_id === undefined ? null : (await findTrunk(this.store, organizationId, body.trunk_id)).state;
    const assumptions: string[] = trunk === null ? [] : [`that it comes from the carrier of the trunk "${trunk.name}"`];
    const source = sourceOf(body, read.viaAddress, trunk !== null, assumptions);
    const origin = await this.origin(organizationId, trunk, source);
    const asked = {
      ...origin,
      ...(body.pool === undefined ? {} : { pool: body.pool }),
      source_address: source,
      ...read.call,
    };
    const request: ExplainRequest = { call_id: uuidv7(), bridge_id: body.bridge_id ?? 'explain', ...asked };
    const { explanation, ...decision } = visibleDecision(await askRouting(this.nats, request), organizationId);
    return { decision, explanation, assumptions, request: { ...asked, organization_id: undefined } };
  }

  /** Whose call it may be. With a trunk supposed, it is that trunk's; its pool is the one that counts. */
  private async origin(
    organizationId: string | null,
    trunk: TrunkRow['state'] | null,
    source: string,
  ): Promise<Pick<ExplainRequest, 'organization_id' | 'pool' | 'resolved_trunks'>> {
    if (trunk !== null)
      return { organization_id: trunk.organization_id, pool: trunk.bridge_pool, resolved_trunks: [trunk.id] };
    return { organization_id: organizationId, pool: '', resolved_trunks: await this.resolved(organizationId, source) };
  }

  /** Of the organisation's trunks with a host name, those whose name leads to the source address now. */
  private async resolved(organizationId: string | null, source: string): Promise<string[]> {
    if (organizationId === null) return [];
    const rows = await this.store.query<TrunkRow>(
      'select version, state from trunks where organization_id = $1 order by priority, name_key limit 1000',
      [organizationId],
    );
    const wanted = JSON.stringify(parseAddress(source));
    const trunks = await resolveTrunks(rows.map(({ state }) => state));
    return trunks
      .filter(({ addresses }) => addresses.some((address) => JSON.stringify(parseAddress(address)) === wanted))
      .map(({ id }) => id)
      .slice(0, 256);
  }
}

/** Documentation addresses (RFC 5737) belong to no carrier. */
const NOWHERE = '192.0.2.255';

function sourceOf(
  { source_address }: ExplainBody,
  viaAddress: string | null,
  hasTrunk: boolean,
  assumptions: string[],
): string {
  if (source_address !== undefined) {
    if (parseAddress(source_address) === undefined)
      throw invalidRequest([
        { pointer: '/source_address', message: 'must be an IPv4 or IPv6 address, for example "198.51.100.7"' },
      ]);
    return source_address;
  }
  if (viaAddress !== null && parseAddress(viaAddress) !== undefined) {
    assumptions.push(`that it comes from ${viaAddress}, as its topmost Via says`);
    return viaAddress;
  }
  if (hasTrunk) return NOWHERE;
  throw new DomainError(
    'invalid-request',
    'It is not known where this call comes from: give "source_address", or "trunk_id" to suppose that it comes ' +
      "from that trunk's carrier.",
    [{ pointer: '/source_address', message: "is required, because the INVITE's Via names no address" }],
  );
}
