import { Inject, Module, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { Agent } from '../bridge/agent.process.js';
import { BridgeModule } from '../bridge/bridge.module.js';
import type { CallDeadlines, CallParts } from '../call/call-parts.net.js';
import { CallsModule } from '../call/calls.module.js';
import { Drain } from '../call/drain.process.js';
import { EslClient } from '../esl/esl-client.net.js';
import { EventSocketModule } from '../esl/event-socket.module.js';
import type { RefusalPorts } from '../refused/refusal-ports.js';
import { RefusedModule } from '../refused/refused.module.js';
import { createInboundRouter } from '../route/inbound-router.nats.js';
import { AGENT, CALL_DEADLINES, CALL_PARTS, CALL_REFUSALS, INBOUND_CALL_PORTS } from '../tokens.js';
import { probeDialog } from './dialog-probe.net.js';
import { ExpectedCalls } from './expected-calls.nats.js';
import type { InboundCallPorts } from './inbound-call.net.js';
import { InboundCalls } from './inbound-calls.net.js';
import { verificationGuard } from './verification-guard.js';

/** Inbound calls: FreeSWITCH's dialplan connects here with each. */
@Module({
  imports: [BridgeModule, EventSocketModule, RefusedModule, CallsModule],
  providers: [
    {
      provide: ExpectedCalls,
      inject: [AGENT],
      useFactory: ({ link, logger }: Agent): ExpectedCalls => new ExpectedCalls(link, logger),
    },
    {
      provide: INBOUND_CALL_PORTS,
      inject: [AGENT, CALL_PARTS, CALL_REFUSALS, CALL_DEADLINES, ExpectedCalls],
      useFactory: inboundCallPorts,
    },
    {
      provide: InboundCalls,
      inject: [AGENT, INBOUND_CALL_PORTS, CALL_DEADLINES],
      useFactory: (agent: Agent, ports: InboundCallPorts, { orphanMs }: CallDeadlines) =>
        InboundCalls.start(agent, ports, orphanMs),
    },
  ],
  exports: [InboundCalls],
})
export class InboundModule implements OnModuleInit, BeforeApplicationShutdown {
  constructor(
    @Inject(InboundCalls) private readonly calls: InboundCalls,
    @Inject(Drain) private readonly drain: Drain,
    @Inject(EslClient) private readonly esl: EslClient,
    @Inject(ExpectedCalls) private readonly expected: ExpectedCalls,
  ) {}

  onModuleInit(): void {
    this.esl.listen({ onUp: () => this.calls.onUp(this.esl) });
    this.drain.onBegin(() => this.calls.turnAway());
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.calls.stop();
    await this.expected.stop();
  }
}

function inboundCallPorts(
  { link }: Agent,
  parts: CallParts,
  refused: RefusalPorts,
  ...[{ acknowledgedWithinMs }, expected]: [CallDeadlines, ExpectedCalls]
): InboundCallPorts {
  const { bridge, local, logger } = parts;
  return {
    ...parts,
    refused,
    expected,
    decide: createInboundRouter({ link, local, logger }),
    verification: {
      bridge,
      link,
      logger,
      guard: verificationGuard(),
      talks: new Map(),
      probe: probeDialog,
      ...(acknowledgedWithinMs === undefined ? {} : { acknowledgedWithinMs }),
    },
  };
}
