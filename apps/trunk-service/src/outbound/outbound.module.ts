import { Inject, Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { OwnNatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { whenOpened, type Background } from '../event-store/when-opened.pg.js';
import { EVENT_STORE, NATS } from '../tokens.js';
import { AskBridge, BridgeDeadlines } from './ask-bridge.nats.js';
import { readCallRequests } from './call-requests.nats.js';
import { CancelCall } from './cancel-call.nats.js';
import { CanceledController } from './canceled.controller.js';
import { CloseAbandoned } from './close-abandoned.nats.js';
import { FleetLoads } from './fleet-loads.pg.js';
import { HandOver } from './hand-over.nats.js';
import { OutboundCallController } from './outbound-call.controller.js';
import { readOutboundCalls } from './outbound-reader.nats.js';
import { OutboundSweeper } from './outbound-sweeper.nats.js';
import { PermitController } from './permit.controller.js';
import { PlaceCall } from './place-call.pg.js';
import { ReportRefusals } from './report-refusals.nats.js';

/** Calls that the platform starts: accepted here, given to a bridge, and kept until their end. */
@Module({
  controllers: [OutboundCallController, PermitController, CanceledController],
  providers: [
    PlaceCall,
    CancelCall,
    HandOver,
    AskBridge,
    BridgeDeadlines,
    CloseAbandoned,
    ReportRefusals,
    FleetLoads,
    OutboundSweeper,
  ],
})
export class OutboundModule implements OnApplicationBootstrap, OnApplicationShutdown {
  private readers: Background[] = [];

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(NATS) private readonly nats: OwnNatsLink,
    private readonly placeCall: PlaceCall,
  ) {}

  onApplicationBootstrap(): void {
    const { store, nats, placeCall } = this;
    this.readers = [
      whenOpened(store, () => readOutboundCalls(store, nats, store.logger)),
      whenOpened(store, () => readCallRequests(store, nats, placeCall)),
    ];
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.readers.map((reader) => reader.stop()));
  }
}
