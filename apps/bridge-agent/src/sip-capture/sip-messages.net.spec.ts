import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { sipMessagesCaptured, trunkExchange } from '@trunkmesh/contracts/sip-message.js';
import { gatewayKey, SIP_STREAM, SIP_TRUNKS_BUCKET, sipSubject } from '@trunkmesh/contracts/subjects.js';
import { openBucket } from '@trunkmesh/event-log/bucket.nats.js';
import { ensureStreams } from '@trunkmesh/event-log/streams.nats.js';
import { connectNats, type NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import { createNatsLink } from '@trunkmesh/runtime/link.nats.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { writeHep } from '@trunkmesh/testkit/freeswitch/hep.js';
import { startNatsServer, type NatsServer } from '@trunkmesh/testkit/nats-server.process.js';
import { readHep } from './hep.js';
import { ownBranch } from './own-requests.process.js';
import { readSipHead } from './sip-head.js';
import { SipMessages } from './sip-messages.net.js';

const logger = createLogger('test', { level: 'silent' });
const [ORG, SHY, CALL, TRUNK] = [1, 2, 3, 4].map((at) => `0190a5b2-7c00-7000-8000-00000000000${at}`) as [
  string,
  string,
  string,
  string,
];
const [OWN, PBX] = [
  { address: '192.0.2.10', port: 5060 },
  { address: '198.51.100.7', port: 5062 },
];
const SECRET = 'S3cr3tS3cr3t';
let folder: string;
let nats: NatsServer;
let nc: NatsConnection;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sip-messages-'));
  nats = await startNatsServer({ storeDir: join(folder, 'nats') });
  nc = await connectNats(nats.url, { name: 'test', logger });
  await ensureStreams(nc);
}, 60_000);
afterAll(async () => {
  await nc?.close();
  await nats?.stop();
  await rm(folder, { recursive: true, force: true });
});

function start() {
  const messages = new SipMessages({
    bridgeId: 'bridge-1',
    enabled: true,
    isWanted: (organizationId) => organizationId !== SHY,
    link: createNatsLink(Promise.resolve(nc)),
    logger,
  });
  const hear = (direction: 'in' | 'out', lines: readonly string[]) => {
    const [source, destination] = direction === 'in' ? [PBX, OWN] : [OWN, PBX];
    const sip = [...lines, '', ''].join('\r\n');
    const at = new Date('2026-11-28T10:00:00.123Z');
    const captured = readHep(writeHep({ source, destination, captureId: 1, at, sip }))!;
    messages.heard(captured, readSipHead(sip)!, direction);
  };
  return { messages, hear };
}
const inDialog = (callId: string, cseq: string) => [`Call-ID: ${callId}`, `CSeq: ${cseq}`];

describe('SIP messages', () => {
  it('of a call are published under its organisation, without credentials', async () => {
    const { messages, hear } = start();
    const auth = `Proxy-Authorization: Digest username="pbx", realm="example.com", response="${SECRET}"`;
    hear('in', ['INVITE sip:+15551230001@192.0.2.10 SIP/2.0', ...inDialog('a@pbx', '1 INVITE'), auth]);
    messages.own('a@pbx', PBX.address, { organizationId: ORG, numberId: null, callId: CALL });
    hear('out', ['SIP/2.0 200 OK', ...inDialog('a@pbx', '1 INVITE')]);
    const probe = ['Via: SIP/2.0/UDP 192.0.2.10:40000;branch=z9hG4bK' + ownBranch(), ...inDialog('a@pbx', '0 OPTIONS')];
    hear('in', ['OPTIONS sip:192.0.2.10:5060 SIP/2.0', ...probe, 'To: <sip:x@192.0.2.10>;tag=1']);
    hear('out', ['SIP/2.0 500 Internal Server Error', ...probe, 'To: <sip:x@192.0.2.10>;tag=1']);
    hear('in', ['INVITE sip:+15551230001@192.0.2.10 SIP/2.0', ...inDialog('b@pbx', '1 INVITE')]);
    messages.own('b@pbx', PBX.address, { organizationId: SHY, numberId: null, callId: TRUNK });
    hear('in', ['INVITE sip:+15551230001@192.0.2.10 SIP/2.0', ...inDialog('nobody@pbx', '1 INVITE')]);
    await messages.stop();
    const { streams } = await jetstreamManager(nc);
    expect((await streams.info(SIP_STREAM)).state.messages).toBe(1);
    const stored = await streams.getMessage(SIP_STREAM, { last_by_subj: sipSubject(ORG, CALL) });
    expect(stored!.string()).not.toContain(SECRET);
    const { data } = sipMessagesCaptured.parse(stored!.json());
    expect(data).toMatchObject({ bridge_id: 'bridge-1', left_out: 0, messages: { length: 2 } });
    expect(data.messages[0]).toMatchObject({
      at: '2026-11-28T10:00:00.123000Z',
      direction: 'in',
      source: '198.51.100.7:5062',
      destination: '192.0.2.10:5060',
      transport: 'udp',
      method: 'INVITE',
      status: null,
      text: expect.stringContaining('Proxy-Authorization: Digest realm="example.com", ***'),
    });
    expect(data.messages[1]).toMatchObject({ direction: 'out', method: null, status: 200 });
  });

  it('of a registration are the last ones of its gateway', async () => {
    const { messages, hear } = start();
    messages.organizationOf = (trunkId) => (trunkId === TRUNK ? ORG : undefined);
    const register = [`REGISTER sip:example.com SIP/2.0`, `Contact: <sip:gw+${TRUNK}.1@192.0.2.10:5060>`];
    hear('out', [...register, ...inDialog('r', '1 REGISTER')]);
    hear('in', [
      'SIP/2.0 401 Unauthorized',
      ...inDialog('r', '1 REGISTER'),
      `WWW-Authenticate: Digest nonce="${SECRET}"`,
    ]);
    hear('out', [...register, ...inDialog('r', '2 REGISTER'), `Authorization: Digest response="${SECRET}"`]);
    hear('in', ['SIP/2.0 200 OK', ...inDialog('r', '2 REGISTER')]);
    await messages.stop();
    const bucket = openBucket(nc, { name: SIP_TRUNKS_BUCKET, schema: trunkExchange, logger });
    const exchange = await bucket.get(gatewayKey(ORG, TRUNK, 'bridge-1'));
    expect(exchange!.messages.map(({ method, status }) => method ?? status)).toEqual([
      'REGISTER',
      401,
      'REGISTER',
      200,
    ]);
    expect(JSON.stringify(exchange)).not.toContain(SECRET);
  });
});
