import { Inject, Injectable } from '@nestjs/common';
import type { BridgeHeartbeat, BridgeState } from '@trunkmesh/contracts/bridge.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { HEARTBEATS, EVENT_STORE } from '../tokens.js';
import { listBridges } from './bridge-list.pg.js';
import { fleetOf, unregistered, type FleetBridge } from './fleet.js';
import type { Heartbeats } from './heartbeats.nats.js';

/** The bridges as this copy of the service sees them: as they are stored, and as they report themselves. */
@Injectable()
export class LiveFleet {
  private states: BridgeState[] = [];
  private readonly listeners: (() => void)[] = [];

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(HEARTBEATS) private readonly heartbeats: Heartbeats,
  ) {}

  /** As of the last `refresh`: at most some seconds old. */
  bridges(): FleetBridge[] {
    return this.withHealth(this.states);
  }

  /** Read from the database now: includes what another copy of the service changed a moment ago. */
  async read(): Promise<FleetBridge[]> {
    return this.withHealth(await listBridges(this.store));
  }

  async refresh(): Promise<void> {
    this.states = await listBridges(this.store);
  }

  /** False: NATS is disconnected, and nothing can be said of any bridge. */
  isListening(): boolean {
    return this.heartbeats.listeningSince() !== null;
  }

  /** Bridges that report themselves and are not stored, or with another pool or address. */
  unregistered(): BridgeHeartbeat[] {
    return unregistered(this.states, this.heartbeats.bridges, this.heartbeats.listeningSince(), Date.now());
  }

  /** Says that a bridge was changed here. */
  changed(): void {
    for (const listener of this.listeners) listener();
  }

  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  private withHealth(states: readonly BridgeState[]): FleetBridge[] {
    return fleetOf(states, this.heartbeats.bridges, this.heartbeats.listeningSince(), Date.now());
  }
}
