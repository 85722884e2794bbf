import { Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { parseKeyRing } from '@trunkmesh/runtime/key-ring.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { CONFIG, LOGGER } from '@trunkmesh/runtime/service.module.js';
import type { Config } from '../config.js';
import { AGENT, AGENT_INSTANCE, NATS_LINK, STATE_LOCK } from '../tokens.js';
import type { Agent } from './agent.process.js';
import { agentInstance, type AgentInstance } from './agent-instance.fs.js';
import { linkBridge, type BridgeLink } from './bridge-link.nats.js';
import { lockStateDir, type StateLock } from './state-lock.net.js';

/**
 * This process as the one agent of its bridge: it locks STATE_DIR, then claims the bridge. Every other part needs
 * `AGENT`, so a process that cannot claim its bridge starts nothing else.
 */
@Module({
  providers: [
    { provide: AGENT_INSTANCE, useFactory: agentInstance },
    {
      provide: STATE_LOCK,
      inject: [CONFIG, LOGGER],
      useFactory: ({ STATE_DIR }: Config, logger: Logger) => lockStateDir(STATE_DIR, logger),
    },
    {
      provide: NATS_LINK,
      inject: [CONFIG, AGENT_INSTANCE, STATE_LOCK, LOGGER],
      useFactory: (config: Config, instance: AgentInstance, lock: StateLock, logger: Logger) =>
        linkBridge({
          url: config.NATS_URL,
          bridgeId: config.BRIDGE_ID,
          instanceId: instance.id,
          statePath: lock.path,
          logger,
        }),
    },
    {
      provide: AGENT,
      inject: [CONFIG, NATS_LINK, LOGGER],
      useFactory: (config: Config, link: BridgeLink, logger: Logger): Agent => ({
        bridge: { id: config.BRIDGE_ID, pool: config.BRIDGE_POOL },
        config,
        ring: parseKeyRing(config.SECRET_KEYS),
        link,
        logger,
      }),
    },
  ],
  exports: [AGENT, AGENT_INSTANCE, NATS_LINK],
})
export class BridgeModule implements OnApplicationShutdown {
  constructor(
    @Inject(NATS_LINK) private readonly link: BridgeLink,
    @Inject(STATE_LOCK) private readonly lock: StateLock,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    await this.link.close();
    this.lock.release();
  }
}
