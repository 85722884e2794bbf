import { readFile } from 'node:fs/promises';
import { Module } from '@nestjs/common';
import { bridgeRequest, type BridgeRequest } from '@trunkmesh/contracts/subjects.js';
import { RequestServer } from '@trunkmesh/requests/request-server.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { CONFIG, LOGGER, READINESS, type ReadinessCheck } from '@trunkmesh/runtime/service.module.js';
import { AGENT_VERSION, BridgeAgent } from './bridge-agent.service.js';
import type { Config } from './config.js';
import { CALL_CONTROL, CallControlController } from './control/call-control.controller.js';

@Module({
  controllers: [CallControlController],
  providers: [
    { provide: AGENT_VERSION, useFactory: versionOfPackage },
    BridgeAgent,
    {
      provide: CALL_CONTROL,
      inject: [BridgeAgent],
      useFactory: (agent: BridgeAgent) => () => agent.callControl(),
    },
    {
      provide: RequestServer,
      inject: [BridgeAgent, CONFIG, LOGGER],
      useFactory: (agent: BridgeAgent, config: Config, logger: Logger): RequestServer =>
        new RequestServer({
          ready: () => agent.connected(),
          subjectOf: (request) => bridgeRequest(config.BRIDGE_ID, request as BridgeRequest),
          beforeClose: () => agent.drain(),
          logger,
        }),
    },
    {
      provide: READINESS,
      inject: [BridgeAgent],
      useFactory:
        (agent: BridgeAgent): ReadinessCheck =>
        () =>
          agent.readiness(),
    },
  ],
})
export class AppModule {}

async function versionOfPackage(): Promise<string> {
  const text = await readFile(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
