import { Inject, Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { CONFIG } from '@trunkmesh/runtime/service.module.js';
import type { Agent } from '../bridge/agent.process.js';
import { BridgeModule } from '../bridge/bridge.module.js';
import { assistantSettings, type Config } from '../config.js';
import { AGENT, ASSISTANT_SETTINGS, ROUTING } from '../tokens.js';
import type { AssistantSettings } from './assistant-settings.js';
import { forgetIdle } from './call-limits.js';
import { LocalRoutes } from './local-routes.nats.js';
import { ResolvedTrunks } from './resolved-trunks.js';
import { revealWith } from './reveal.process.js';
import type { Routing } from './routing.js';

const TIDY_MS = 60_000;

/** The host's copy of the routes, kept on disk, and the limits of its trunks. */
@Module({
  imports: [BridgeModule],
  providers: [
    {
      provide: ASSISTANT_SETTINGS,
      inject: [CONFIG],
      useFactory: (config: Config): AssistantSettings => assistantSettings(config),
    },
    {
      provide: LocalRoutes,
      inject: [AGENT],
      useFactory: ({ bridge, config, link, logger }: Agent) =>
        LocalRoutes.start({ pool: bridge.pool, path: `${config.STATE_DIR}/routes.jsonl`, link, logger }),
    },
    {
      provide: ROUTING,
      inject: [AGENT, LocalRoutes, ASSISTANT_SETTINGS],
      useFactory: ({ ring, logger }: Agent, local: LocalRoutes, mesh: AssistantSettings): Routing => ({
        local,
        resolved: new ResolvedTrunks(),
        limits: new Map(),
        mesh,
        reveal: revealWith(ring, logger),
      }),
    },
  ],
  exports: [ROUTING],
})
export class RouteModule implements OnApplicationBootstrap, OnApplicationShutdown {
  private tidying: NodeJS.Timeout | undefined;

  constructor(@Inject(ROUTING) private readonly routing: Routing) {}

  onApplicationBootstrap(): void {
    this.tidying = setInterval(() => {
      forgetIdle(this.routing.limits, Date.now());
    }, TIDY_MS);
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.tidying);
    await this.routing.local.stop();
  }
}
