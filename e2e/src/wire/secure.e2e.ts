import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import {
  addNumber,
  callEvents,
  testMesh,
  untilLive,
  type Organization,
  type TestMesh,
  type Trunk,
} from '../mesh.fixture.js';
import { writeCertificate } from '../certificates.fixture.js';
import { callOverTls, type SecureCaller } from '../secure.fixture.js';
import { placeSipCall } from '@trunkmesh/testkit/sip/sip-call.net.js';

/**
 * A real FreeSWITCH with a certificate, callers that speak TLS and SRTP. Runs where FREESWITCH names a binary; openssl
 * makes the certificate.
 */
let test: TestMesh;
let org: Organization;
let port: number;
const [REQUIRED, PLAIN] = [
  { address: '127.0.0.71', number: '+15550107001' },
  { address: '127.0.0.72', number: '+15550107002' },
];

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'trunkmesh-e2e-'));
  await writeCertificate(join(folder, 'bridge-1', 'conf', 'tls'));
  test = await testMesh({ folder });
  port = test.mesh.store.settings.ports['bridge-1.tls']!;
  org = await test.organization('Example Dental');
  for (const [index, { address, number }] of [REQUIRED, PLAIN].entries()) {
    const secure = index === 0 ? { transport: 'tls', srtp: 'required' } : {};
    const trunk = await org.api.post<Trunk>('/api/v1/sip-trunks', {
      name: address,
      gateway: address,
      register: false,
      ...secure,
    });
    await untilLive(org, trunk);
    await addNumber(org, trunk, number);
  }
});
afterAll(() => test?.stop());

let callers = 0;
const from = () => `+1555988${String((callers += 1)).padStart(4, '0')}`;
const secureCall = (srtp: boolean, caller = from()): Promise<SecureCaller> =>
  callOverTls({ port, address: REQUIRED.address, from: caller, number: REQUIRED.number, srtp });
const rejectionOf = (caller: string) =>
  eventually(
    async () => (await callEvents(test)).find(({ type, data }) => type === 'CallRejected' && data.from === caller),
    { message: 'CallRejected' },
  );

describe('a trunk that requires SRTP', () => {
  it('talks over TLS and SRTP', async () => {
    const caller = await secureCall(true);
    expect(caller.statuses.at(-1)).toBe(200);
    expect(caller.answer).toContain('RTP/SAVP');
    const said = Buffer.alloc(160, 0x5a);
    await eventually(async () => (await caller.talk(said)).some((payload) => payload.equals(said)), {
      timeoutMs: 10_000,
      message: 'the echo, decrypted',
    });
    await caller.hangUp();
  }, 30_000);

  it('refuses a caller that offers plain RTP over TLS, before it rings, and the record says why', async () => {
    const who = from();
    const caller = await secureCall(false, who);
    expect(caller.statuses).toEqual([100, 488]);
    caller.close();
    expect((await rejectionOf(who)).data).toMatchObject({
      reason: 'srtp-required',
      sip_status: 488,
      organization_id: org.id,
    });
  }, 30_000);

  it('does not take a call that begins with SRTP and goes on without', async () => {
    const caller = await secureCall(true);
    expect(await caller.reinvite(false)).toBe(488);
    await caller.hangUp();
  }, 30_000);
});

describe('a trunk without SRTP', () => {
  it.each([
    ['G729', 18],
    ['G722', 9],
  ])(
    'refuses a caller that offers %s alone, before it rings, and the record names the codec',
    async (codec, payloadType) => {
      const who = from();
      const { sip } = test.mesh.bridges[0]!.bridge;
      const audio = { address: PLAIN.address, port: 4_000, codecs: [{ payloadType, name: codec }] };
      const line = await placeSipCall({ number: PLAIN.number, from: who, target: sip, address: PLAIN.address, audio });
      expect(line.status).toBe(488);
      const { data } = await rejectionOf(who);
      expect(data).toMatchObject({ reason: 'no-common-codec', sip_status: 488, organization_id: org.id });
      expect(JSON.stringify(data)).toContain(`the caller offers ${codec}`);
    },
    30_000,
  );
});
