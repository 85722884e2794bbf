import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { EslClient } from '@trunkmesh/testkit/freeswitch/esl-client.net.js';
import { placeSipCall } from '@trunkmesh/testkit/sip/sip-call.net.js';
import type { SipLine } from '@trunkmesh/testkit/sip/sip-line.js';
import { headerOf, parseSip, respond, writeSip } from '@trunkmesh/testkit/sip/sip-message.js';
import { writeSdp } from '@trunkmesh/testkit/sip/sdp.js';
import {
  addNumber,
  callEvents,
  testMesh,
  untilLive,
  type Organization,
  type TestMesh,
  type Trunk,
} from '../mesh.fixture.js';

/** What the host of a trunk may try by SIP against another organisation. Runs where FREESWITCH names a binary. */
let test: TestMesh;
let victim: Organization;
let hostile: Organization;
const VICTIM = { address: '127.0.0.91', number: '+15550109001', caller: '+15559879001' };
const HOSTILE = { address: '127.0.0.92', number: '+15550109002', caller: '+15559879002' };

const token = () => randomBytes(8).toString('hex');
const target = () => test.mesh.bridges[0]!.bridge.sip;
const place = (who: typeof VICTIM, headers: [string, string][] = []) =>
  placeSipCall({ ...who, from: who.caller, target: target(), headers });
/** The Call-ID of this caller's latest call. */
const callIdOf = ({ caller }: typeof VICTIM) =>
  eventually(
    async () =>
      (await callEvents(test)).filter(({ type, data }) => type === 'CallStarted' && data.from === caller).at(-1)?.data[
        'sip_call_id'
      ] as string | undefined,
    { message: 'the call to be written' },
  );
async function channels(): Promise<{ initial_dialplan: string }[]> {
  const { esl } = test.mesh.bridges[0]!.bridge;
  const client = await EslClient.connect(esl.port);
  try {
    client.send(`auth ${esl.password}`);
    client.send('api show channels as json');
    const text = await eventually(
      () => client.frames.find(({ headers }) => headers.some(([, value]) => value === 'api/response'))?.body,
      { message: 'FreeSWITCH to answer' },
    );
    return (JSON.parse(text) as { rows?: { initial_dialplan: string }[] }).rows ?? [];
  } finally {
    client.close();
  }
}
const untilOnlyOurs = (count: number) =>
  eventually(
    async () => {
      const all = await channels();
      expect(all.map(({ initial_dialplan: dialplan }) => dialplan)).toEqual(Array(count).fill('XML'));
      return true;
    },
    { timeoutMs: 10_000, message: 'no call to be left that got around the agent' },
  );

beforeAll(async () => {
  test = await testMesh();
  [victim, hostile] = [await test.organization('Example Dental'), await test.organization('Example Motors')];
  for (const [org, { address, number }] of [
    [victim, VICTIM],
    [hostile, HOSTILE],
  ] as const) {
    const trunk = await org.api.post<Trunk>('/api/v1/sip-trunks', { name: 'PBX', gateway: address, register: false });
    await untilLive(org, trunk);
    await addNumber(org, trunk, number);
  }
  for (const who of [VICTIM, HOSTILE])
    await eventually(
      async () => {
        const line = await place(who);
        await line.hangUp();
        return line.status === 200;
      },
      { timeoutMs: 20_000, intervalMs: 250, message: 'the mesh to know the numbers' },
    );
});
afterAll(() => test?.stop());

describe('an INVITE with Replaces', () => {
  let line: SipLine;
  beforeAll(async () => {
    line = await place(VICTIM);
    expect(line.status).toBe(200);
  });
  afterAll(() => line.hangUp());

  it("does not listen to another organisation's call, which goes on", async () => {
    const replaces: [string, string] = ['Replaces', `${await callIdOf(VICTIM)};to-tag=0;from-tag=0`];
    const listener = await place(HOSTILE, [replaces, ['Call-Info', '<sip:a@example.com>;appearance-index=1']]);
    if (listener.status === 200) expect(await listener.ended).toBe('other-side');
    await untilOnlyOurs(1);
    expect(await Promise.race([line.ended, Promise.resolve('goes on')])).toBe('goes on');
  });

  it.each([';to-tag=0;from-tag=0', ';to-tag=0;from-tag=0;a-leg=true'])(
    'makes no call that the agent does not have (%s)',
    async (tags) => {
      const own = await place(HOSTILE);
      const stray = await place(HOSTILE, [['Replaces', `${await callIdOf(HOSTILE)}${tags}`]]);
      if (stray.status === 200) expect(await stray.ended).toBe('other-side');
      await own.hangUp();
      await untilOnlyOurs(1);
    },
  );
});

describe('the next hop that a caller names', () => {
  it.each<[string, (port: number) => [string, string]]>([
    ['Record-Route', (port) => ['Record-Route', `<sip:127.0.0.1:${port};lr>`]],
    ['Record-Route by TCP', (port) => ['Record-Route', `<sip:127.0.0.1:${port};transport=tcp;lr>`]],
    ['a name in a Record-Route', (port) => ['Record-Route', `<sip:localhost:${port};lr>`]],
  ])('gets nothing where it is not the caller itself: %s', async (_case, header) => {
    const heard: string[] = [];
    const [udp, tcp] = [createSocket('udp4'), createServer()];
    tcp.listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    const { port } = tcp.address() as AddressInfo;
    udp.bind(port, '127.0.0.1');
    await once(udp, 'listening');
    udp.on('message', (data) => heard.push(data.toString()));
    tcp.on('connection', (socket) => {
      heard.push('a connection');
      socket.destroy();
    });
    const before = await callIdOf(HOSTILE);
    const line = await place(HOSTILE, [header(port)]);
    expect(line.status).toBe(200);
    await hangUpLatest(before);
    expect(await line.ended).toBe('other-side');
    expect(heard).toEqual([]);
    udp.close();
    tcp.close();
  });
});

/** Over the API, once the call that came after this one is written. */
async function hangUpLatest(before: string): Promise<void> {
  await eventually(async () => (await callIdOf(HOSTILE)) !== before, { message: 'the call to be written' });
  const { data } = (await callEvents(test)).filter(({ data: { from } }) => from === HOSTILE.caller).at(-1)!;
  const path = `/api/v1/calls/CA${data.call_id.replaceAll('-', '')}/hangup`;
  await eventually(async () => (await hostile.api.request('POST', path)).status === 202, {
    message: 'the call to be hung up',
  });
}

/** A caller that answers the BYE with a challenge of this realm. Resolves with the credentials that come, or none. */
async function challengeBye(realm: string, hangUp: () => Promise<void>): Promise<string> {
  const socket: Socket = createSocket('udp4');
  socket.bind(0, HOSTILE.address);
  await once(socket, 'listening');
  const { port } = socket.address();
  const { host, port: sipPort } = target();
  const [uri, callId, tag] = [`sip:${HOSTILE.number}@${host}:${sipPort}`, token(), token()];
  const common = (cseq: string, to: string): [string, string][] => [
    ['Via', `SIP/2.0/UDP ${HOSTILE.address}:${port};rport;branch=z9hG4bK${token()}`],
    ['Max-Forwards', '70'],
    ['From', `<sip:${HOSTILE.caller}@${HOSTILE.address}>;tag=${tag}`],
    ['To', to],
    ['Call-ID', callId],
    ['CSeq', cseq],
    ['Contact', `<sip:a@${HOSTILE.address}:${port}>`],
  ];
  const sdp = writeSdp({ address: HOSTILE.address, port: 9, codecs: [{ payloadType: 0, name: 'PCMU' }] });
  const answered = new Promise<void>((resolve) => {
    socket.on('message', (data) => {
      const message = parseSip(data.toString());
      if (message?.status !== 200 || headerOf(message, 'cseq') !== '1 INVITE') return;
      socket.send(writeSip(`ACK ${uri} SIP/2.0`, common('1 ACK', headerOf(message, 'to'))), sipPort, host);
      resolve();
    });
  });
  const challenged = new Promise<string>((resolve) => {
    socket.on('message', (data) => {
      const message = parseSip(data.toString());
      if (message?.method !== 'BYE') return;
      const credentials = headerOf(message, 'authorization');
      const challenge = `Digest realm="${realm}", nonce="${token()}", algorithm=MD5`;
      socket.send(
        credentials === ''
          ? respond(message, { status: 401, phrase: 'Unauthorized', headers: [['WWW-Authenticate', challenge]] })
          : respond(message, { status: 200, phrase: 'OK' }),
        sipPort,
        host,
      );
      setTimeout(resolve, credentials === '' ? 2_000 : 0, credentials);
    });
  });
  const headers = [...common('1 INVITE', `<${uri}>`), ['Content-Type', 'application/sdp'] as [string, string]];
  socket.send(writeSip(`INVITE ${uri} SIP/2.0`, headers, sdp), sipPort, host);
  await answered;
  await hangUp();
  return challenged.finally(() => socket.close());
}

describe("a challenge to the BYE of one's own call", () => {
  it.each(['[2001:db8::7]:5060', '203.0.113.7:5060'])(
    "gets no digest of another organisation's trunk with the gateway %s",
    async (gateway) => {
      const realm = 'carrier.example.com';
      const credentials = { username: 'carrier-user', password: 'carrier-password', realm };
      const trunk = await victim.api.post<Trunk>('/api/v1/sip-trunks', {
        name: gateway,
        gateway,
        register: true,
        ...credentials,
      });
      await eventually(
        async () => {
          const { bridges } = await victim.api.get<{ bridges: { applied_revision: number | null }[] }>(
            `/api/v1/sip-trunks/${trunk.id}/status`,
          );
          return bridges.some(({ applied_revision: revision }) => revision !== null);
        },
        { timeoutMs: 15_000, message: 'FreeSWITCH to have the gateway' },
      );
      const before = await callIdOf(HOSTILE);
      expect(await challengeBye(realm, () => hangUpLatest(before))).toBe('');
      await victim.api.delete(`/api/v1/sip-trunks/${trunk.id}?force=true`);
    },
  );
});
