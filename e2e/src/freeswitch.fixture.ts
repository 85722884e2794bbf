import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { EslClient } from '@trunkmesh/testkit/freeswitch/esl-client.net.js';
import type { TestMesh } from './mesh.fixture.js';

/**
 * What FreeSWITCH itself says of its gateways, name → state; gateways on their way out (DOWN, UNREGISTER) are left
 * out.
 */
export async function gatewaysInFreeswitch(test: TestMesh, bridge = 0): Promise<Map<string, string>> {
  const { esl } = test.mesh.bridges[bridge]!.bridge;
  const client = await EslClient.connect(esl.port);
  try {
    client.send(`auth ${esl.password}`);
    client.send('api sofia xmlstatus gateway');
    const xml = await eventually(
      () => client.frames.find(({ headers }) => headers.some(([, value]) => value === 'api/response'))?.body,
      { message: 'FreeSWITCH to answer' },
    );
    const found = [...xml.matchAll(/<gateway>\s*<name>([^<]*)<\/name>[\s\S]*?<state>([^<]*)<\/state>/g)].map(
      ([, name, state]) => [name!, state!] as const,
    );
    return new Map(found.filter(([, state]) => state !== 'DOWN' && state !== 'UNREGISTER'));
  } finally {
    client.close();
  }
}

/** The trunks that have a file in the agent's folder. */
export async function gatewayFiles(test: TestMesh, bridge = 0): Promise<string[]> {
  const names = await readdir(join(test.mesh.bridges[bridge]!.agentDir, 'gateways'));
  return names.filter((name) => name.endsWith('.xml'));
}

/** Gateways of this trunk that FreeSWITCH has. */
export const gatewaysOf = async (test: TestMesh, trunk: { id: string }): Promise<string[]> =>
  [...(await gatewaysInFreeswitch(test)).keys()].filter((name) => name.startsWith(trunk.id));

interface TrunkInRecord {
  id: string;
  name: string;
  enabled: boolean;
  gateway_revision: number;
}

/** Every trunk as the record has it last; deleted ones are left out. */
export async function trunksInRecord(test: TestMesh): Promise<TrunkInRecord[]> {
  const rows = await test.record<{ envelope: string }>(
    "SELECT DISTINCT ON (subject) envelope FROM events WHERE subject LIKE 'trunkmesh.org.%.trunk.%' ORDER BY " +
      'subject, version DESC',
  );
  return rows
    .map(({ envelope }) => (JSON.parse(envelope) as { data: { state: TrunkInRecord | null } }).data.state)
    .filter((state) => state !== null);
}

/** FreeSWITCH has the gateways of the enabled trunks, in their latest revision, and no others. */
export async function untilSettled(test: TestMesh): Promise<string[]> {
  const wanted = (await trunksInRecord(test))
    .filter(({ enabled }) => enabled)
    .map(({ id, gateway_revision }) => `${id}.${gateway_revision}`)
    .sort();
  return eventually(
    async () => {
      const found = [...(await gatewaysInFreeswitch(test)).keys()].sort();
      const missing = wanted.filter((name) => !found.includes(name));
      const extra = found.filter((name) => !wanted.includes(name));
      if (missing.length + extra.length > 0)
        throw new Error(
          `FreeSWITCH lacks ${missing.length} and has ${extra.length} that it should not, of ${wanted.length}`,
        );
      return found;
    },
    { timeoutMs: 60_000, intervalMs: 250, message: 'FreeSWITCH to have exactly the gateways of the enabled trunks' },
  );
}
