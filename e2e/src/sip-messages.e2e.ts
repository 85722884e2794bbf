import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SipMessage } from '@trunkmesh/contracts/sip-message.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
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
    expect(messages.map(({ at }) => at)).toEqual(messages.map(({ at }) => at).sort());
    expect(JSON.stringify(messages)).not.toContain(SECRET);
    expect(messages[0]!.text.toLowerCase()).toContain('x-auth-token: ***');
  });
});
