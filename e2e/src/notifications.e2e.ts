import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { NotificationMessage } from '@trunkmesh/contracts/notification.js';
import type { MeshCarrier } from '@trunkmesh/testkit/mesh/carrier.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { addNumber, registeringTrunk, testMesh, type Organization, type TestMesh, type Trunk } from './mesh.fixture.js';

const NUMBER = '+15550100077';
let test: TestMesh;
let org: Organization;
let carrier: MeshCarrier;
let trunk: Trunk;
let receiver: Server;
const messages: NotificationMessage[] = [];

beforeAll(async () => {
  test = await testMesh();
  org = await test.organization('Example Dental');
  carrier = await test.carrier('9301');
  trunk = await registeringTrunk(org, carrier);
  await addNumber(org, trunk, NUMBER);
  receiver = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      messages.push(JSON.parse(Buffer.concat(parts).toString()) as NotificationMessage);
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  await test?.stop();
  receiver?.closeAllConnections();
  receiver?.close();
});

interface Registrations {
  items: { state: string; up: boolean }[];
  availability: { up_seconds: number }[];
}
interface History {
  items: { type: string; actor: { kind: string }; entity: { id: string } }[];
}

describe('what an admin reads and is notified of', () => {
  it('is when the trunk registered, and who made it', async () => {
    const read = await eventually(
      async () => {
        const answer = await org.api.get<Registrations>(`/api/v1/sip-trunks/${trunk.id}/registrations`);
        return (answer.availability[0]?.up_seconds ?? 0) > 0 && answer;
      },
      { timeoutMs: 30_000, message: 'the registration to be in the history' },
    );
    expect(read.items.at(0)).toMatchObject({ state: 'REGED', up: true });
    const { items } = await org.api.get<History>(`/api/v1/events?entity=trunk&entity_id=${trunk.id}`);
    expect(items.at(-1)).toMatchObject({ type: 'TrunkCreated', actor: { kind: 'api-key' }, entity: { id: trunk.id } });
  });

  it('is that the assistant cannot be reached', async () => {
    const { port } = receiver.address() as AddressInfo;
    const channel = await org.api.post<{ id: string }>('/api/v1/notifications/channels', {
      kind: 'webhook',
      name: 'Ops',
      url: `http://127.0.0.1:${port}/`,
    });
    await org.api.post('/api/v1/notifications/rules', {
      name: 'Assistant',
      condition: { kind: 'assistant-unreachable', failed_calls: 2 },
      channel_ids: [channel.id],
    });
    await org.api.patch(`/api/v1/organizations/${org.id}`, { media_url: 'ws://127.0.0.1:1/', answer_deadline_ms: 500 });
    for (let calls = 0; calls < 2; calls += 1)
      await eventually(async () => (await carrier.call({ from: '+15559870001', number: NUMBER, talkMs: 50 })) === 503, {
        timeoutMs: 20_000,
        message: 'a call that the assistant does not take',
      });
    await eventually(() => messages.length > 0, { timeoutMs: 30_000, message: 'the notification' });
    expect(messages[0]).toMatchObject({
      type: 'assistant.unreachable',
      data: { state: 'firing', organization_id: org.id, rule_name: 'Assistant' },
    });
  });
});
