import { Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { Agent } from '../bridge/agent.process.js';
import { BridgeModule } from '../bridge/bridge.module.js';
import { RouteModule } from '../route/route.module.js';
import type { Routing } from '../route/routing.js';
import { AGENT, ROUTING } from '../tokens.js';
import { SipMessages } from './sip-messages.net.js';

/** The SIP messages of calls and registrations, from FreeSWITCH's capture. */
@Module({
  imports: [BridgeModule, RouteModule],
  providers: [
    {
      provide: SipMessages,
      inject: [AGENT, ROUTING],
      useFactory: ({ bridge, config, link, logger }: Agent, { local }: Routing): SipMessages =>
        new SipMessages({
          bridgeId: bridge.id,
          enabled: config.CAPTURE_PORT !== 0 && config.SIP_MESSAGES,
          charactersPerDay: config.SIP_MESSAGES_MB_PER_DAY * 1_048_576,
          isWanted: (organizationId, numberId) => {
            const settings = local.customerSettingsOf(organizationId, numberId);
            const own = settings?.number?.settings.keep_sip_messages;
            return own ?? settings?.organization.settings.keep_sip_messages ?? true;
          },
          link,
          logger,
        }),
    },
  ],
  exports: [SipMessages],
})
export class SipCaptureModule implements OnApplicationShutdown {
  constructor(@Inject(SipMessages) private readonly messages: SipMessages) {}

  async onApplicationShutdown(): Promise<void> {
    await this.messages.stop();
  }
}
