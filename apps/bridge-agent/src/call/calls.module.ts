import { Inject, Module, type BeforeApplicationShutdown, type OnModuleDestroy } from '@nestjs/common';
import { uuidv7 } from 'uuidv7';
import { createAudioEngine } from '../audio/audio-engine.net.js';
import type { Agent } from '../bridge/agent.process.js';
import { BridgeModule } from '../bridge/bridge.module.js';
import { AliveNotes } from '../call-record/alive-note.fs.js';
import { publishCallEvents } from '../call-record/call-log.nats.js';
import { CallRecords } from '../call-record/call-records.fs.js';
import { StatusOutbox } from '../customer/status-outbox.http.js';
import { EslClient } from '../esl/esl-client.net.js';
import { EventSocketModule } from '../esl/event-socket.module.js';
import { observeCalls } from '../live/call-metrics.otel.js';
import { LiveCallTable } from '../live/live-call-table.js';
import { LiveCalls } from '../live/live-calls.net.js';
import type { Recordings } from '../recording/recordings.fs.js';
import { freeChannel } from '../route/call-limits.js';
import { RouteModule } from '../route/route.module.js';
import type { Routing } from '../route/routing.js';
import { SipCaptureModule } from '../sip-capture/sip-capture.module.js';
import { SipMessages } from '../sip-capture/sip-messages.net.js';
import { AGENT, CALL_DEADLINES, CALL_PARTS, KEPT_CALLS, RECORDINGS, ROUTING } from '../tokens.js';
import { endConversations } from './call-assistant.net.js';
import type { CallDeadlines, CallParts, KeptCalls } from './call-parts.net.js';
import { CanceledAhead } from './canceled-ahead.js';
import { CallReadiness } from './call-readiness.js';
import { Drain } from './drain.process.js';
import { openRecordings, reportTo, statusEndpoints } from './kept-calls.net.js';
import { takeOver } from './left-calls.net.js';

/**
 * What every call of this host uses, inbound or outbound: its record, its statuses, its recording, its audio. On stop
 * the calls with an assistant end first; the parts follow when no call uses them any more.
 */
@Module({
  imports: [BridgeModule, EventSocketModule, RouteModule, SipCaptureModule],
  providers: [
    {
      provide: CallRecords,
      inject: [AGENT],
      useFactory: ({ bridge, config, link, logger }: Agent) =>
        CallRecords.start({
          stateDir: config.STATE_DIR,
          bridgeId: bridge.id,
          link,
          publish: publishCallEvents(link),
          logger,
          newId: uuidv7,
        }),
    },
    {
      provide: LiveCallTable,
      inject: [CallRecords],
      useFactory: (left: CallRecords): LiveCallTable => new LiveCallTable(left, new Date()),
    },
    {
      provide: AliveNotes,
      inject: [AGENT, LiveCallTable],
      useFactory: ({ config, logger }: Agent, calls: LiveCallTable): AliveNotes =>
        new AliveNotes({ stateDir: config.STATE_DIR, count: () => calls.countSeen(), logger }),
    },
    {
      provide: RECORDINGS,
      inject: [AGENT, LiveCallTable],
      useFactory: (agent: Agent, calls: LiveCallTable) => openRecordings(agent, (callId) => calls.has(callId)),
    },
    {
      provide: StatusOutbox,
      inject: [AGENT, ROUTING, LiveCallTable],
      useFactory: ({ config, logger }: Agent, routing: Routing, calls: LiveCallTable) =>
        StatusOutbox.start({
          folder: `${config.STATE_DIR}/statuses`,
          endpointOf: statusEndpoints(routing),
          isLive: (callId) => calls.has(callId),
          logger,
        }),
    },
    {
      provide: KEPT_CALLS,
      inject: [CallRecords, LiveCallTable, RECORDINGS, StatusOutbox],
      useFactory: (
        callRecords: CallRecords,
        calls: LiveCallTable,
        recordings: Recordings,
        statuses: StatusOutbox,
      ): KeptCalls => ({ callRecords, calls, recordings, statuses }),
    },
    { provide: LiveCalls, inject: [AGENT, KEPT_CALLS, ROUTING, EslClient], useFactory: watchCalls },
    { provide: CALL_DEADLINES, useValue: {} satisfies CallDeadlines },
    { provide: CALL_PARTS, inject: [AGENT, KEPT_CALLS, LiveCalls, ROUTING, SipMessages], useFactory: callParts },
    {
      provide: Drain,
      inject: [CALL_PARTS],
      useFactory: ({ conversations, logger }: CallParts): Drain => new Drain({ conversations, logger }),
    },
    {
      provide: CallReadiness,
      inject: [ROUTING, KEPT_CALLS, Drain],
      useFactory: ({ local }: Routing, kept: KeptCalls, drain: Drain): CallReadiness =>
        new CallReadiness({ local, kept, drain }),
    },
  ],
  exports: [CALL_PARTS, CALL_DEADLINES, Drain, CallReadiness],
})
export class CallsModule implements OnModuleDestroy, BeforeApplicationShutdown {
  private readonly stopObserving: () => void;

  constructor(
    @Inject(CALL_PARTS) private readonly parts: CallParts,
    @Inject(KEPT_CALLS) private readonly kept: KeptCalls,
    @Inject(AliveNotes) private readonly alive: AliveNotes,
  ) {
    const { live, callRecords } = parts;
    this.stopObserving = observeCalls({ live: () => live.count(), unconfirmed: () => callRecords.unconfirmed() });
  }

  async onModuleDestroy(): Promise<void> {
    await endConversations(this.parts.conversations);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.parts.engine.stop();
    this.parts.live.stop();
    await this.alive.stop();
    await this.kept.recordings.stop();
    await this.kept.statuses.stop();
    await this.kept.callRecords.stop();
    this.stopObserving();
  }
}

function watchCalls(
  { bridge, logger }: Agent,
  { callRecords, calls, recordings, statuses }: KeptCalls,
  { limits }: Routing,
  esl: EslClient,
): LiveCalls {
  const live = new LiveCalls({
    calls,
    callRecords,
    bridgeId: bridge.id,
    newId: uuidv7,
    logger,
    tell: reportTo(statuses),
    onEnded: ({ data: { trunk_id: trunkId, call_id: callId } }) => {
      if (trunkId !== null) freeChannel(limits, trunkId);
      recordings.ended(callId);
    },
  });
  takeOver(callRecords, { live, limits, logger });
  esl.listen({
    onEvent: (event) => live.onEvent(event),
    onUp: () => live.onUp(esl),
    onDown: () => live.onDown(),
  });
  return live;
}

function callParts(
  { bridge, logger }: Agent,
  { callRecords, recordings, statuses }: KeptCalls,
  live: LiveCalls,
  ...[routing, sip]: [Routing, SipMessages]
): CallParts {
  return {
    ...routing,
    bridge,
    callRecords,
    recordings,
    statuses,
    live,
    conversations: new Map(),
    canceledAhead: new CanceledAhead(),
    sip,
    engine: createAudioEngine({ ports: routing.mesh.audioPorts, logger }),
    tell: reportTo(statuses),
    newId: uuidv7,
    logger,
  };
}
