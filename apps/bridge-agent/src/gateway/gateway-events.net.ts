import { parseGatewayName } from '@trunkmesh/contracts/trunk.js';
import type { EslEvent } from '../esl/esl-event.js';
import { gatewayStateOf } from './freeswitch-reply.js';
import type { GatewayReports } from './gateway-reports.nats.js';
import type { GatewaySync } from './gateway-sync.process.js';
import { noteAdded, noteDeleted, noteState, type ObservedMap } from './observed.js';
import { sendsNothing, type Remake } from './remake.js';
import type { TrunkFeed } from './trunk-feed.nats.js';
import type { WantedGateways } from './wanted-gateways.net.js';

export interface GatewayEventsParts {
  observed: ObservedMap;
  remakes: ReadonlyMap<string, Remake>;
  feed: TrunkFeed;
  wanted: WantedGateways;
  reports: GatewayReports;
  sync: GatewaySync;
  onProfileStart(): void;
}

/** Applies FreeSWITCH's gateway events. */
export class GatewayEvents {
  constructor(private readonly parts: GatewayEventsParts) {}

  take(event: EslEvent, now: number): void {
    switch (event.subclass) {
      case null:
        return;
      case 'sofia::gateway_state':
        return this.stateSeen(event, now);
      case 'sofia::gateway_add':
        return this.added(event, now);
      case 'sofia::gateway_delete':
        return this.deleted(event);
      // The profile was restarted: its gateways have been recreated.
      case 'sofia::profile_start':
        this.parts.sync.reconnected();
        return this.parts.onProfileStart();
    }
  }

  private stateSeen(event: EslEvent, now: number): void {
    const { observed, wanted, sync } = this.parts;
    const seen = gatewayStateOf(event);
    if (seen === undefined) return;
    noteState(observed, seen, now);
    this.touched(seen.name);
    wanted.noteState(seen);
    // For a gateway that is being removed: the step that waited for the end of its attempt can continue.
    if ((seen.state !== 'TRYING' && this.isLeaving(seen.name)) || sendsNothing(seen)) sync.wake();
  }

  private added(event: EslEvent, now: number): void {
    const { observed, remakes, feed } = this.parts;
    const name = event.headers.get('Gateway');
    if (name === undefined || observed.has(name)) return;
    const trunkId = parseGatewayName(name)?.id;
    const registers = trunkId === undefined || feed.desired.trunks.get(trunkId)?.state.register !== false;
    const gateway = { name, state: registers ? 'UNREGED' : 'NOREG', up: !registers } as const;
    noteAdded(observed, gateway, now, remakes.get(name)?.was);
    this.touched(name);
  }

  private deleted(event: EslEvent): void {
    const name = event.headers.get('Gateway');
    if (name === undefined) return;
    noteDeleted(this.parts.observed, name);
    this.touched(name);
    this.parts.sync.wake();
  }

  private isLeaving(name: string): boolean {
    const { wanted, observed } = this.parts;
    const trunkId = parseGatewayName(name)?.id;
    if (trunkId === undefined) return false;
    return wanted.rendered.desired.get(trunkId)?.name !== name && observed.get(name)?.killed === false;
  }

  private touched(name: string): void {
    const trunkId = parseGatewayName(name)?.id;
    if (trunkId !== undefined) this.parts.reports.changed(trunkId);
  }
}
