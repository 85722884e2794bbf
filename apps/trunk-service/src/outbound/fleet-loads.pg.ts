import { Injectable } from '@nestjs/common';
import { LiveFleet } from '../bridge/live-fleet.pg.js';
import type { BridgeLoad } from './choose-bridges.js';

/** How many calls each bridge has: what it reports, and what this copy gave it since. */
@Injectable()
export class FleetLoads {
  private readonly given = new Map<string, { heardAt: number; calls: number }>();

  constructor(private readonly fleet: LiveFleet) {}

  bridges(): BridgeLoad[] {
    return this.fleet.bridges().map(({ heard, ...bridge }) => {
      const given = this.given.get(bridge.id);
      const since = given !== undefined && given.heardAt === heard?.heard_at ? given.calls : 0;
      return { ...bridge, calls: (heard?.heartbeat.calls ?? 0) + since };
    });
  }

  /** The channels of a trunk that inbound calls use, as the bridges report; without those of `except`. */
  inboundOn(trunkId: string, except?: string): number {
    let channels = 0;
    for (const { id, health, heard } of this.fleet.bridges())
      if (id !== except && health !== 'lost') channels += heard?.heartbeat.inbound_channels?.[trunkId] ?? 0;
    return channels;
  }

  /** The heartbeats come every two seconds: until the next one the same bridge would look the least loaded. */
  give(bridge: string): void {
    const heardAt = this.fleet.bridges().find(({ id }) => id === bridge)?.heard?.heard_at ?? 0;
    const given = this.given.get(bridge);
    this.given.set(bridge, { heardAt, calls: given?.heardAt === heardAt ? given.calls + 1 : 1 });
  }
}
