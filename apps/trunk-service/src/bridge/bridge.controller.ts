import { Controller, Get, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import { jetstreamManager } from '@nats-io/jetstream';
import { bridgeId } from '@trunkmesh/contracts/scalar.js';
import { bridgeState } from '@trunkmesh/contracts/bridge.js';
import { ALL_TRUNKS, TRUNKMESH_STREAM, bridgeSubject } from '@trunkmesh/contracts/subjects.js';
import type { Request } from 'express';
import { Access, CurrentCaller } from '../http/access.guard.js';
import type { Caller } from '../http/caller.js';
import { requireMatch } from '../http/etag.js';
import { Described } from '../http/open-api.http.js';
import type { Placement } from '../placement/placement.clock.js';
import { loadOfBridges } from '../placement/placement-query.pg.js';
import { handle } from '../record/handle.pg.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import { connectionOf } from '../record/nats-link.nats.js';
import { allowedPools } from '../organization/organization-list.pg.js';
import type { RecordStore } from '../record/record-store.pg.js';
import { NATS, PLACEMENT, RECORD } from '../tokens.js';
import { bridgeNotFound, decide, type BridgeCommand } from './bridge.js';
import { listBridges } from './bridge-list.pg.js';
import { operatorView, publicView } from './bridge-view.js';
import { type FleetBridge } from './fleet.js';

@Controller('api/v1/bridges')
export class BridgeController {
  constructor(
    @Inject(RECORD) private readonly record: RecordStore,
    @Inject(PLACEMENT) private readonly placement: Placement,
    @Inject(NATS) private readonly nats: NatsLink,
  ) {}

  /**
   *  The operator sees all; an organisation the bridges of the pools that it may use, and of its trunks' pools, whose
   *  addresses it has to allow.
   */
  @Get()
  @Access('read')
  @Described({ summary: 'The bridges, with the addresses that carriers call' })
  async list(@CurrentCaller() caller: Caller) {
    const visible = await this.visibleTo(caller);
    return caller.role === 'bootstrap' ? this.forOperator(visible) : visible.map(publicView);
  }

  @Get(':id')
  @Access('read')
  @Described({ summary: 'One bridge: heartbeat, gateways, drift, refused addresses' })
  async get(@CurrentCaller() caller: Caller, @Param('id') id: string) {
    const bridge = (await this.visibleTo(caller)).find((each) => each.id === id);
    if (bridge === undefined) throw bridgeNotFound();
    return caller.role === 'bootstrap' ? (await this.forOperator([bridge]))[0] : publicView(bridge);
  }

  /** Its registering trunks move to other bridges; calls that are up stay. */
  @Post(':id/drain')
  @HttpCode(200)
  @Access('operate')
  @Described({ summary: 'Give its registering trunks to other bridges' })
  drain(@Param('id') id: string, @Req() request: Request) {
    return this.carryOut(id, request, (at) => ({ type: 'DrainBridge', at }));
  }

  @Post(':id/retire')
  @HttpCode(200)
  @Access('operate')
  @Described({ summary: 'Take the bridge out for good' })
  retire(@Param('id') id: string, @Req() request: Request) {
    return this.carryOut(id, request, (at) => ({ type: 'RetireBridge', at }));
  }

  @Post(':id/resume')
  @HttpCode(200)
  @Access('operate')
  @Described({ summary: 'Let the bridge have trunks again' })
  resume(@Param('id') id: string, @Req() request: Request) {
    return this.carryOut(id, request, (at) => ({ type: 'ResumeBridge', at }));
  }

  private async carryOut(id: string, request: Request, command: (at: string) => BridgeCommand) {
    if (!bridgeId.safeParse(id).success) throw bridgeNotFound();
    await handle(
      this.record,
      { subject: bridgeSubject(id), schema: bridgeState },
      (state, { at }) => decide(state, command(at)),
      (before) => requireMatch(request.header('If-Match'), before),
    );
    this.placement.wake();
    return (await this.forOperator((await this.fleet()).filter((bridge) => bridge.id === id)))[0];
  }

  /** The record's own list: one that was changed a moment ago on another instance is already right. */
  private async fleet(): Promise<FleetBridge[]> {
    return this.placement.fleetOf(await listBridges(this.record));
  }

  private async visibleTo({ role, organization }: Caller): Promise<FleetBridge[]> {
    const fleet = await this.fleet();
    if (role === 'bootstrap') return fleet;
    const rows = await this.record.query<{ bridge_pool: string }>(
      'select distinct bridge_pool from trunks where organization_id = $1',
      [organization!.id],
    );
    const pools = new Set([
      ...rows.map(({ bridge_pool }) => bridge_pool),
      ...(await allowedPools(this.record, organization!.id)),
    ]);
    return fleet.filter(({ pool, status }) => pools.has(pool) && status !== 'retired');
  }

  private async forOperator(bridges: readonly FleetBridge[]) {
    const [load, head] = await Promise.all([loadOfBridges(this.record), this.head()]);
    return bridges.map((bridge) => operatorView(bridge, { head, trunks: load.get(bridge.id) ?? 0 }));
  }

  /** Of the trunks' events alone: a bridge's position is the last of those that it saw. */
  private async head(): Promise<number | null> {
    try {
      const manager = await jetstreamManager(connectionOf(this.nats), { timeout: 1_000, checkAPI: false });
      return (await manager.streams.getMessage(TRUNKMESH_STREAM, { last_by_subj: ALL_TRUNKS }))?.seq ?? 0;
    } catch {
      return null;
    }
  }
}
