import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstream } from '@nats-io/jetstream';
import { callSid } from '@trunkmesh/contracts/call-control.js';
import { trunkExchange, type SipMessage, type SipMessagesCaptured } from '@trunkmesh/contracts/sip-message.js';
import { gatewayKey, SIP_TRUNKS_BUCKET, sipSubject } from '@trunkmesh/contracts/subjects.js';
import { openBucket } from '@trunkmesh/event-log/bucket.nats.js';
import { ensureStreams } from '@trunkmesh/event-log/streams.nats.js';
import { connectNats, type NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { startMesh, type Mesh } from '../mesh.fixture.js';

const logger = createLogger('test', { level: 'silent' });
let mesh: Mesh;
let nc: NatsConnection;
beforeAll(async () => {
  mesh = await startMesh();
  nc = await connectNats(mesh.nats.url, { name: 'agents', logger });
  await ensureStreams(nc);
}, 60_000);
afterAll(async () => {
  await nc?.close();
  await mesh?.stop();
});

const message = (second: number, over: Partial<SipMessage>): SipMessage => ({
  at: `2026-11-28T10:00:0${second}.000125Z`,
  direction: 'in',
  source: '198.51.100.7:5062',
  destination: '192.0.2.10:5060',
  transport: 'udp',
  method: null,
  status: null,
  sip_call_id: 'a@pbx.example.com',
  cseq: '1 INVITE',
  text: 'SIP/2.0 200 OK\r\n\r\n',
  truncated: false,
  ...over,
});

async function publish(org: string, call: string, messages: SipMessage[], leftOut = 0): Promise<void> {
  const event: SipMessagesCaptured = {
    specversion: '1.0',
    id: randomUUID(),
    source: 'test',
    type: 'SipMessagesCaptured',
    subject: sipSubject(org, call),
    time: new Date().toISOString(),
    datacontenttype: 'application/json',
    data: { organization_id: org, call_id: call, bridge_id: 'bridge-1', messages, left_out: leftOut },
  };
  await jetstream(nc).publish(event.subject, JSON.stringify(event));
}

describe('the SIP messages of a call', () => {
  it('are listed in the order of time, as JSON and as a PCAP, and are nobody else’s', async () => {
    const [mine, theirs] = [await mesh.organization(), await mesh.organization()];
    const call = randomUUID();
    await publish(mine.id, call, [message(3, { status: 200 })], 2);
    await publish(mine.id, call, [message(1, { method: 'INVITE' })]);
    await jetstream(nc).publish(sipSubject(mine.id, call), '{');
    await publish(theirs.id, randomUUID(), [message(1, { method: 'BYE' })]);
    const path = `/api/v1/calls/${callSid(call)}/sip`;
    const { status, body } = await mine.member('GET', path);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      call_sid: callSid(call),
      left_out: 2,
      messages: [{ method: 'INVITE' }, { status: 200 }],
    });
    const pcap = await mine.member('GET', `${path}?format=pcap`);
    expect(pcap.status).toBe(200);
    expect(pcap.headers.get('content-type')).toContain('application/vnd.tcpdump.pcap');
    expect((await mine.member('GET', `${path}?format=text`)).status).toBe(400);
    // Nobody answers for the call log here; a stranger gets none of the messages in either format.
    for (const format of ['json', 'pcap']) {
      const stranger = await theirs.admin('GET', `${path}?format=${format}`);
      expect([404, 503]).toContain(stranger.status);
      expect(JSON.stringify(stranger.body)).not.toContain('INVITE');
    }
    expect((await mine.member('GET', '/api/v1/calls/none/sip')).status).toBe(404);
  });

  it('show who withholds the number to the operator only, in both formats', async () => {
    const [mine, call] = [await mesh.organization(), randomUUID()];
    const asserted = 'P-Asserted-Identity: <sip:+15559870001@example.com>\r\nPrivacy: id\r\n';
    const invite = `INVITE sip:+15551230001@192.0.2.10 SIP/2.0\r\n${asserted}\r\n`;
    await publish(mine.id, call, [message(1, { method: 'INVITE', text: invite })]);
    for (const format of ['json', 'pcap']) {
      const path = `/api/v1/calls/${callSid(call)}/sip?format=${format}`;
      const [seen, whole] = [
        await mine.admin('GET', path),
        await mesh.operator('GET', path, undefined, { 'X-Organization-Id': mine.id }),
      ];
      expect(JSON.stringify(seen.body)).toContain('P-Asserted-Identity: ***');
      expect(JSON.stringify(seen.body)).not.toContain('5559870001');
      expect(JSON.stringify(whole.body)).toContain('5559870001');
    }
  });
});

describe('the SIP messages of a trunk', () => {
  it('are its last ones per bridge, and nobody else’s', async () => {
    const [mine, theirs] = [await mesh.organization(), await mesh.organization()];
    const { body: trunk } = await mine.admin('POST', '/api/v1/sip-trunks', {
      name: 'Carrier',
      gateway: 'sip.example.com',
      username: 'u',
      password: 'p',
    });
    const path = `/api/v1/sip-trunks/${trunk.id}/sip`;
    expect((await mine.member('GET', path)).body).toEqual({ bridges: [] });
    const bucket = openBucket(nc, { name: SIP_TRUNKS_BUCKET, schema: trunkExchange, logger });
    for (const bridge_id of ['bridge-2', 'bridge-1'])
      await bucket.put(gatewayKey(mine.id, trunk.id, bridge_id), {
        organization_id: mine.id,
        trunk_id: trunk.id,
        bridge_id,
        messages: [message(1, { method: 'REGISTER' })],
        updated_at: new Date().toISOString(),
      });
    const { body } = await mine.member('GET', path);
    expect(body.bridges).toMatchObject([
      { bridge_id: 'bridge-1', messages: [{ method: 'REGISTER' }] },
      { bridge_id: 'bridge-2' },
    ]);
    expect((await theirs.admin('GET', path)).status).toBe(404);
  });
});
