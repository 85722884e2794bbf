import { Controller, Get, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import { jetstreamManager } from '@nats-io/jetstream';
import { bridgeId } from '@trunkmesh/contracts/scalar.js';
import { bridgeState } from '@trunkmesh/contracts/bridge.js';
import { ALL_TRUNKS, TRUNKMESH_STREAM, bridgeSubject } from '@trunkmesh/contracts/subjects.js';
import type { Request } from 'express';
import { Access, CurrentCaller } from '../access/access.guard.js';
import type { Caller } from '../http/caller.js';
import { requireMatch } from '../http/etag.js';
import { Described } from '../http/open-api.http.js';
import { handle } from '../event-store/handle.pg.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import { connectionOf } from '../nats/connection.nats.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { NATS, EVENT_STORE } from '../tokens.js';
import { bridgeNotFound, decide, type BridgeCommand } from './bridge.js';
import { loadOfBridges } from './bridge-list.pg.js';
import { operatorView, publicView } from './bridge-view.js';
import { type FleetBridge } from './fleet.js';
import { LiveFleet } from './live-fleet.pg.js';
import { visibleBridges } from './visible-bridges.pg.js';
import { z } from 'zod';
import { anyBridge, operatorBridge } from './bridge-schema.js';

@Controller('api/v1/bridges')
export class BridgeController {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly fleet: LiveFleet,
    @Inject(NATS) private readonly nats: NatsLink,
  ) {}

  /**
   * The operator sees all bridges. An organisation sees those in the pools that it may use and in its trunks' pools,
   * because its carriers have to allow their addresses.
   */
  @Get()
  @Access('read')
  @Described({
    id: 'listBridges',
    answer: z.array(anyBridge),
    summary: 'List the bridges with the addresses that carriers call',
  })
  async list(@CurrentCaller() caller: Caller) {
    const visible = await visibleBridges(this.store, this.fleet, caller);
    return caller.role === 'bootstrap' ? this.forOperator(visible) : visible.map(publicView);
  }

  @Get(':id')
  @Access('read')
  @Described({ id: 'getBridge', answer: anyBridge, summary: 'Get a bridge' })
  async get(@CurrentCaller() caller: Caller, @Param('id') id: string) {
    const bridge = (await visibleBridges(this.store, this.fleet, caller)).find((each) => each.id === id);
    if (bridge === undefined) throw bridgeNotFound();
    return caller.role === 'bootstrap' ? (await this.forOperator([bridge]))[0] : publicView(bridge);
  }

  /** Its registering trunks move to other bridges; calls that are up stay. */
  @Post(':id/drain')
  @HttpCode(200)
  @Access('operate')
  @Described({ id: 'drainBridge', answer: operatorBridge, summary: 'Drain a bridge' })
  drain(@Param('id') id: string, @Req() request: Request) {
    return this.carryOut(id, request, (at) => ({ type: 'DrainBridge', at }));
  }

  @Post(':id/retire')
  @HttpCode(200)
  @Access('operate')
  @Described({ id: 'retireBridge', answer: operatorBridge, summary: 'Retire a bridge permanently' })
  retire(@Param('id') id: string, @Req() request: Request) {
    return this.carryOut(id, request, (at) => ({ type: 'RetireBridge', at }));
  }

  @Post(':id/resume')
  @HttpCode(200)
  @Access('operate')
  @Described({ id: 'resumeBridge', answer: operatorBridge, summary: 'Return a drained bridge to service' })
  resume(@Param('id') id: string, @Req() request: Request) {
    return this.carryOut(id, request, (at) => ({ type: 'ResumeBridge', at }));
  }

  private async carryOut(id: string, request: Request, command: (at: string) => BridgeCommand) {
    if (!bridgeId.safeParse(id).success) throw bridgeNotFound();
    await handle(
      this.store,
      { subject: bridgeSubject(id), schema: bridgeState },
      (state, { at }) => decide(state, command(at)),
      (before) => requireMatch(request.header('If-Match'), before),
    );
    this.fleet.changed();
    return (await this.forOperator((await this.fleet.read()).filter((bridge) => bridge.id === id)))[0];
  }

  private async forOperator(bridges: readonly FleetBridge[]) {
    const [load, head] = await Promise.all([loadOfBridges(this.store), this.head()]);
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
