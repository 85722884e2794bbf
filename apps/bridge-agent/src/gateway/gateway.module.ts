import { Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { Agent } from '../bridge/agent.process.js';
import { BridgeModule } from '../bridge/bridge.module.js';
import { EslClient } from '../esl/esl-client.net.js';
import { EventSocketModule } from '../esl/event-socket.module.js';
import { InboundCalls } from '../inbound/inbound-calls.net.js';
import { InboundModule } from '../inbound/inbound.module.js';
import { RouteModule } from '../route/route.module.js';
import type { Routing } from '../route/routing.js';
import { SipCaptureModule } from '../sip-capture/sip-capture.module.js';
import { SipMessages } from '../sip-capture/sip-messages.net.js';
import { AGENT, ROUTING } from '../tokens.js';
import { GatewayFileController } from './gateway-file.controller.js';
import { Gateways } from './gateways.net.js';

/** The trunks of this host as FreeSWITCH's gateways. Its dialplan leads to the inbound calls. */
@Module({
  imports: [BridgeModule, EventSocketModule, RouteModule, InboundModule, SipCaptureModule],
  controllers: [GatewayFileController],
  providers: [
    { provide: Gateways, inject: [AGENT, EslClient, InboundCalls, ROUTING, SipMessages], useFactory: startGateways },
  ],
  exports: [Gateways],
})
export class GatewayModule implements OnApplicationShutdown {
  constructor(@Inject(Gateways) private readonly gateways: Gateways) {}

  async onApplicationShutdown(): Promise<void> {
    await this.gateways.stop();
  }
}

async function startGateways(
  { bridge, config, ring, link, logger }: Agent,
  esl: EslClient,
  { address }: InboundCalls,
  ...[{ resolved }, sip]: [Routing, SipMessages]
): Promise<Gateways> {
  const gateways = await Gateways.start({
    bridge,
    profile: config.SOFIA_PROFILE,
    confDir: config.CONF_DIR,
    stateDir: config.STATE_DIR,
    callSocket: address,
    ring,
    allowPrivateGateways: config.ALLOW_PRIVATE_GATEWAYS,
    link,
    esl,
    resolved,
    logger,
  });
  sip.organizationOf = gateways.organizationOf;
  return gateways;
}
