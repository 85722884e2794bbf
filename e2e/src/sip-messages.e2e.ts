import { createSocket } from 'node:dgram';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SipMessage } from '@trunkmesh/contracts/sip-message.js';
import type { RefusedCall } from '@trunkmesh/contracts/refused-call.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { writeHep } from '@trunkmesh/testkit/freeswitch/hep.js';
import type { MeshCarrier } from '@trunkmesh/testkit/mesh/carrier.js';
import { addNumber, callEvents, registeringTrunk, testMesh, type Organization, type TestMesh } from './mesh.fixture.js';

const NUMBER = '+15550100001';
const SECRET = 'S3cr3tS3cr3t';
let test: TestMesh;
let org: Organization;
let carrier: MeshCarrier;

beforeAll(async () => {
  test = await testMesh();
  org = await test.organization('Example Dental');
  carrier = await test.carrier('9201');
  await addNumber(org, await registeringTrunk(org, carrier), NUMBER);
  await eventually(async () => (await carrier.call({ from: '+15559879999', number: NUMBER, talkMs: 100 })) === 200, {
    timeoutMs: 20_000,
    intervalMs: 250,
    message: 'the mesh to know the number',
  });
});
afterAll(() => test?.stop());

describe('the SIP messages of a call', () => {
  it('are listed without its credentials', async () => {
    const from = '+15559870001';
    const headers = { 'X-Auth-Token': SECRET };
    expect(await carrier.call({ from, number: NUMBER, talkMs: 300, headers })).toBe(200);
    const found = await eventually(async () => (await callEvents(test)).find(({ data }) => data.from === from), {
      message: 'the call to be written',
    });
    const path = `/api/v1/calls/CA${found.data.call_id.replaceAll('-', '')}/sip`;
    const messages = await eventually(
      async () => {
        const { messages: list } = (await org.api.get(path)) as { messages: SipMessage[] };
        return list.some(({ status, cseq }) => status === 200 && cseq.endsWith(' INVITE')) && list;
      },
      { timeoutMs: 15_000, message: 'its SIP messages' },
    );
    expect(messages[0]).toMatchObject({ method: 'INVITE', direction: 'in' });
    expect(messages[0]!.text).toMatch(/^INVITE sip:/);
    expect(messages.filter(({ cseq }) => cseq.endsWith(' OPTIONS'))).toEqual([]);
    expect(messages.map(({ at }) => at)).toEqual(messages.map(({ at }) => at).sort());
    expect(JSON.stringify(messages)).not.toContain(SECRET);
    expect(messages[0]!.text.toLowerCase()).toContain('x-auth-token: ***');
  });
});

describe('a flood of refused INVITEs from changing addresses', () => {
  const PAIRS = 5_000;
  const NETWORKS = ['198.51.100', '203.0.113'];

  it('leaves few rows, and calls go on', async () => {
    const { bridge, capturePort } = test.mesh.bridges[0]!;
    const own = { address: bridge.sip.host, port: bridge.sip.port };
    const socket = createSocket('udp4');
    const send = (bytes: Uint8Array) =>
      new Promise<void>((resolve) => socket.send(bytes, capturePort, '127.0.0.1', () => resolve()));
    const flooded = (async () => {
      for (let nth = 0; nth < PAIRS; nth += 1) {
        const source = { address: `${NETWORKS[nth % 2]}.${(nth % 251) + 1}`, port: 5060 };
        const common = `Call-ID: flood-${nth}\r\nCSeq: 1 INVITE\r\nFrom: <sip:u${nth}@example.com>;tag=1\r\n`;
        const invite = `INVITE sip:${nth}@192.0.2.1 SIP/2.0\r\n${common}To: <sip:${nth}@192.0.2.1>\r\n\r\n`;
        const answer = `SIP/2.0 403 Forbidden\r\n${common}To: <sip:${nth}@192.0.2.1>;tag=2\r\n\r\n`;
        await send(writeHep({ source, destination: own, captureId: 1, at: new Date(), sip: invite }));
        await send(writeHep({ source: own, destination: source, captureId: 1, at: new Date(), sip: answer }));
      }
    })();
    for (let calls = 0; calls < 5; calls += 1)
      expect(await carrier.call({ from: '+15559870002', number: NUMBER, talkMs: 50 })).toBe(200);
    await flooded;
    socket.close();
    const stored = await eventually(
      async () => {
        const [counted] = await test.record<{ most: number; calls: number }>(
          `select max(rows)::int as most, sum(calls)::int as calls from
             (select count(*) as rows, sum(count) as calls from refused_calls group by minute) as minutes`,
        );
        return counted!.calls > 2_000 && counted;
      },
      { timeoutMs: 20_000, message: 'the flood in rows' },
    );
    expect(stored.most).toBeLessThanOrEqual(1_001);
    expect(await org.api.get<RefusedCall[]>('/api/v1/refused-calls')).toEqual([]);
  }, 60_000);
});
