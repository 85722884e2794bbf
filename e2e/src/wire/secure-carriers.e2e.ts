import { createSocket, type Socket } from 'node:dgram';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startScriptedCarrier, type ScriptedCarrier } from '@trunkmesh/testkit/sip/scripted-carrier.net.js';
import { callSid } from '@trunkmesh/contracts/call-control.js';
import {
  addNumber,
  callEvents,
  statusOf,
  testMesh,
  untilEnded,
  untilLive,
  type Organization,
  type TestMesh,
  type Trunk,
} from '../mesh.fixture.js';
import { selfSigned, writeAuthority, writeCertificate, type Certificate } from '../certificates.fixture.js';
import { callOverTls } from '../secure.fixture.js';

/**
 * A real FreeSWITCH that verifies certificates, and carriers that speak SIP over TLS. Runs where FREESWITCH names a
 * binary; openssl makes the certificates.
 */
const FROM = '+15550108401';
const TO = '+15559876543';
const NAME = 'sip.example.com';
const USER = { username: 'account', password: 'open sesame' };
const CALLER = '127.0.0.73';
let test: TestMesh;
let org: Organization;
let issue: (names: string, days?: number) => Promise<Certificate>;
let unknown: Certificate;
const carriers: ScriptedCarrier[] = [];
/** What comes to a carrier's port without TLS. */
const inClear: string[] = [];
const sockets: Socket[] = [];

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'trunkmesh-e2e-'));
  const tls = join(folder, 'bridge-1', 'conf', 'tls');
  await writeCertificate(tls);
  [issue, unknown] = [await writeAuthority(tls), await selfSigned(tls)];
  test = await testMesh({ folder });
  org = await test.organization('Example Dental');
  const inbound = await org.api.post<Trunk>('/api/v1/sip-trunks', {
    ...{ name: 'inbound', gateway: CALLER, register: false },
  });
  await untilLive(org, inbound);
  await addNumber(org, inbound, FROM);
  // The bridge learns of the number a moment later.
  await eventually(async () => (await callOverTls({ ...fromCaller(), from: '+15559880000' })).statuses.at(-1) === 200, {
    timeoutMs: 20_000,
    intervalMs: 500,
    message: 'the bridge to know the number',
  });
}, 120_000);
afterAll(async () => {
  for (const socket of sockets) socket.close();
  await test?.stop();
  await Promise.all(carriers.map((carrier) => carrier.close()));
});

const fromCaller = () => ({
  ...{ port: test.mesh.store.settings.ports['bridge-1.tls']!, address: CALLER, number: FROM, srtp: false },
});

async function carrierWith(certificate: Certificate): Promise<ScriptedCarrier> {
  const carrier = await startScriptedCarrier(
    { users: { [USER.username]: USER.password }, numbers: { [TO]: 200 } },
    { transport: 'tls', ...certificate },
  );
  carriers.push(carrier);
  const socket = createSocket('udp4');
  sockets.push(socket);
  socket.on('message', (data) => inClear.push(data.toString()));
  await new Promise<void>((resolve) => socket.bind(carrier.port, '127.0.0.1', resolve));
  return carrier;
}

/** The name of the gateway has to be proven; the address of its proxy is where it is. */
const trunkTo = ({ port }: ScriptedCarrier, more: object = {}): Promise<Trunk> =>
  org.api.post<Trunk>('/api/v1/sip-trunks', {
    ...{ name: `Carrier ${port}`, gateway: NAME, outbound_proxy: `127.0.0.1:${port}` },
    ...{ transport: 'tls', register: false, ...more },
  });

async function call(trunk: Trunk): Promise<string> {
  const request = { from_phone_number: FROM, to_phone_number: TO, sip_trunk_id: trunk.id, ring_timeout_seconds: 5 };
  return (await org.api.post<{ call_sid: string }>('/api/v1/calls', request)).call_sid;
}
const attemptsOf = async (sid: string) => (await untilEnded(org, sid)).attempts;
const refusalOf = (trunk: Trunk) =>
  eventually(
    async () => {
      const { bridges } = await statusOf(org, trunk);
      return bridges.map(({ reason }) => reason).find((reason) => reason.includes('ertificate'));
    },
    { timeoutMs: 20_000, message: 'the certificate to be refused' },
  );

async function answeredAndHungUp(carrier: ScriptedCarrier, trunk: Trunk): Promise<void> {
  const sid = await call(trunk);
  await eventually(() => carrier.methods().includes('ACK'), { timeoutMs: 10_000, message: 'the answer' });
  await org.api.delete(`/api/v1/calls/${sid}`);
  expect((await attemptsOf(sid))!.map(({ outcome, reason, sip_status }) => ({ outcome, reason, sip_status }))).toEqual([
    { outcome: 'answered', reason: null, sip_status: 200 },
  ]);
  await eventually(() => carrier.methods().includes('BYE'), { message: 'the BYE at the carrier' });
}

describe('a carrier whose certificate', () => {
  it.each([
    ['names it', `DNS:${NAME}`],
    ['has its wildcard', 'DNS:other.example.net, DNS:*.example.com'],
  ])(
    '%s is called, and hung up, over TLS',
    async (_what, names) => {
      const carrier = await carrierWith(await issue(names));
      const trunk = await trunkTo(carrier);
      await untilLive(org, trunk);
      await answeredAndHungUp(carrier, trunk);
    },
    60_000,
  );

  it('names it is registered to, and is refused as soon as it shows another name', async () => {
    const carrier = await carrierWith(await issue(`DNS:${NAME}`));
    const trunk = await trunkTo(carrier, { register: true, ...USER });
    await untilLive(org, trunk);
    // FreeSWITCH places calls through a gateway a second after its REGISTER was answered (ADR 0005).
    await setTimeout(1_500);
    await answeredAndHungUp(carrier, trunk);
    carrier.show(await issue('DNS:other.example.net'));
    const before = carrier.requests.length;
    // The agent has not looked again: FreeSWITCH itself does not find the name, and sends nothing.
    expect(await attemptsOf(await call(trunk))).toMatchObject([{ outcome: 'failed', reason: 'no-response' }]);
    expect(carrier.requests.slice(before)).toEqual([]);
  }, 60_000);

  it.each([
    ['names another', 'does not name sip.example.com', () => issue('DNS:other.example.net'), {}],
    ['names others like it', 'does not name', () => issue('DNS:*.sip.example.com, DNS:example.com'), {}],
    ['is not valid any more', 'not valid now', () => issue(`DNS:${NAME}`, 0), {}],
    ['nobody vouches for', 'vouches for', () => Promise.resolve(unknown), { gateway: 'bridge.example.com' }],
  ])(
    '%s: nothing is sent there, in clear neither, and the reason is named',
    async (_what, why, shown, gateway) => {
      const carrier = await carrierWith(await shown());
      const trunk = await trunkTo(carrier, gateway);
      const registering = await trunkTo(carrier, { ...gateway, name: `Registers ${why}`, register: true, ...USER });
      expect(await refusalOf(trunk)).toContain(why);
      expect(await refusalOf(registering)).toContain(why);
      expect(await attemptsOf(await call(trunk))).toMatchObject([{ outcome: 'failed', reason: 'certificate-refused' }]);
      expect(carrier.requests).toEqual([]);
      expect(inClear).toEqual([]);
    },
    60_000,
  );

  it('is none, because it speaks no TLS: nothing is sent there', async () => {
    const carrier = await startScriptedCarrier({ numbers: { [TO]: 200 } }, { transport: 'tcp' });
    carriers.push(carrier);
    const trunk = await trunkTo(carrier);
    await untilLive(org, trunk);
    expect(await attemptsOf(await call(trunk))).toMatchObject([{ outcome: 'failed' }]);
    expect(carrier.requests).toEqual([]);
  }, 60_000);
});

describe('a caller over TLS', () => {
  it('gets its BYE over its own connection, whatever its Contact says', async () => {
    const who = '+15559880001';
    const line = await callOverTls({ ...fromCaller(), from: who, contactPort: 9 });
    expect(line.statuses.at(-1)).toBe(200);
    const started = await eventually(
      async () => (await callEvents(test)).find(({ type, data }) => type === 'CallAnswered' && data.from === who),
      { message: 'CallAnswered' },
    );
    await org.api.delete(`/api/v1/calls/${callSid(started.data.call_id)}`);
    await eventually(() => line.asked.includes('BYE'), { timeoutMs: 10_000, message: 'the BYE' });
    line.close();
  }, 30_000);
});
