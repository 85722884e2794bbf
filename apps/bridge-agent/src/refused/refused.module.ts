import { Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { Agent } from '../bridge/agent.process.js';
import { BridgeModule } from '../bridge/bridge.module.js';
import { EslClient } from '../esl/esl-client.net.js';
import { EventSocketModule } from '../esl/event-socket.module.js';
import { BypassingCalls, REPLACED_EVENTS } from '../live/bypassing-calls.net.js';
import { AGENT, CALL_REFUSALS } from '../tokens.js';
import { SipCaptureModule } from '../sip-capture/sip-capture.module.js';
import { SipMessages } from '../sip-capture/sip-messages.net.js';
import { HandledCalls } from './handled-calls.js';
import type { RefusalPorts } from './refusal-ports.js';
import { RefusedCalls } from './refused-calls.net.js';

/** INVITEs that FreeSWITCH refuses by itself, from its own capture, and calls that get around the agent. */
@Module({
  imports: [BridgeModule, EventSocketModule, SipCaptureModule],
  providers: [
    HandledCalls,
    { provide: BypassingCalls, inject: [AGENT, EslClient], useFactory: endBypassingCalls },
    {
      provide: RefusedCalls,
      inject: [AGENT, HandledCalls, BypassingCalls, EslClient, SipMessages],
      useFactory: countRefusedCalls,
    },
    {
      provide: CALL_REFUSALS,
      inject: [HandledCalls, RefusedCalls],
      useFactory: (handled: HandledCalls, refused: RefusedCalls): RefusalPorts => ({
        handled: (sipCallId) => handled.add(sipCallId),
        unowned: (facts, sipCallId) => refused.noteUnowned(facts, sipCallId),
      }),
    },
  ],
  exports: [CALL_REFUSALS, RefusedCalls],
})
export class RefusedModule implements OnApplicationShutdown {
  constructor(@Inject(RefusedCalls) private readonly refused: RefusedCalls) {}

  async onApplicationShutdown(): Promise<void> {
    await this.refused.stop();
  }
}

function endBypassingCalls({ logger }: Agent, esl: EslClient): BypassingCalls {
  const bypassing = new BypassingCalls(esl, logger);
  esl.listen({
    customEvents: REPLACED_EVENTS,
    onEvent: ({ subclass }) => {
      if (subclass !== null && REPLACED_EVENTS.includes(subclass)) bypassing.suspect();
    },
    onUp: () => bypassing.suspect(),
  });
  return bypassing;
}

async function countRefusedCalls(
  { bridge, config, link, logger }: Agent,
  handled: HandledCalls,
  bypassing: BypassingCalls,
  ...[esl, sip]: [EslClient, SipMessages]
): Promise<RefusedCalls> {
  const refused = await RefusedCalls.start({
    bridgeId: bridge.id,
    profile: config.SOFIA_PROFILE,
    capturePort: config.CAPTURE_PORT,
    handled: (sipCallId) => handled.has(sipCallId),
    onReplaced: () => bypassing.suspect(),
    ...(config.SIP_MESSAGES ? { onMessage: (...message) => sip.heard(...message) } : {}),
    link,
    logger,
  });
  esl.listen({ onUp: () => refused.onUp(esl) });
  return refused;
}
