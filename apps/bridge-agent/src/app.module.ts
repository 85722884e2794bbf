import { readFile } from 'node:fs/promises';
import { Module } from '@nestjs/common';
import { READINESS, type ReadinessCheck } from '@trunkmesh/runtime/service.module.js';
import { AGENT_VERSION, BridgeAgent } from './bridge-agent.service.js';

@Module({
  providers: [
    { provide: AGENT_VERSION, useFactory: versionOfPackage },
    BridgeAgent,
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
