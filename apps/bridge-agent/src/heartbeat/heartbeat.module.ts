import { Inject, Module, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { BridgeHeartbeat } from '@trunkmesh/contracts/bridge.js';
import type { Agent } from '../bridge/agent.process.js';
import type { AgentInstance } from '../bridge/agent-instance.fs.js';
import { BridgeModule } from '../bridge/bridge.module.js';
import type { CallParts } from '../call/call-parts.net.js';
import { CallsModule } from '../call/calls.module.js';
import { EslClient } from '../esl/esl-client.net.js';
import { EventSocketModule } from '../esl/event-socket.module.js';
import { GatewayModule } from '../gateway/gateway.module.js';
import { Gateways } from '../gateway/gateways.net.js';
import { AGENT, AGENT_INSTANCE, CALL_PARTS } from '../tokens.js';
import { Heartbeat } from './heartbeat.nats.js';
import { inboundChannels } from './inbound-channels.js';

/** Publishes that this bridge is online, and its state. */
@Module({
  imports: [BridgeModule, EventSocketModule, CallsModule, GatewayModule],
  providers: [
    {
      provide: Heartbeat,
      inject: [AGENT, AGENT_INSTANCE, CALL_PARTS, Gateways],
      useFactory: (agent: Agent, instance: AgentInstance, calls: CallParts, gateways: Gateways): Heartbeat =>
        new Heartbeat({
          link: agent.link,
          bridgeId: agent.bridge.id,
          logger: agent.logger,
          collect: () => ({
            ...identityOf(agent, instance),
            at: new Date().toISOString(),
            ...gateways.heartbeat(),
            calls: calls.live.count(),
            inbound_channels: inboundChannels(
              calls.live.calls.all(),
              (organizationId, trunkId) => calls.local.limitsOf(organizationId, trunkId).max_channels !== null,
            ),
            unconfirmed_records: calls.callRecords.unconfirmed(),
          }),
        }),
    },
  ],
})
export class HeartbeatModule implements OnApplicationBootstrap, OnModuleDestroy {
  constructor(
    @Inject(Heartbeat) private readonly heartbeat: Heartbeat,
    @Inject(EslClient) esl: EslClient,
  ) {
    const beat = (): void => heartbeat.beat();
    esl.listen({ onUp: beat, onDown: beat });
  }

  onApplicationBootstrap(): void {
    this.heartbeat.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.heartbeat.stop();
  }
}

function identityOf(
  { bridge, config }: Agent,
  instance: AgentInstance,
): Pick<
  BridgeHeartbeat,
  'bridge_id' | 'pool' | 'sip_address' | 'connection' | 'agent_version' | 'instance_id' | 'started_at'
> {
  return {
    bridge_id: bridge.id,
    pool: bridge.pool,
    sip_address: config.SIP_ADDRESS,
    connection: {
      tls_port: config.SIP_TLS_PORT ?? null,
      rtp: { first: config.RTP_PORT_FIRST, last: config.RTP_PORT_LAST },
    },
    agent_version: instance.version,
    instance_id: instance.id,
    started_at: instance.startedAt,
  };
}
