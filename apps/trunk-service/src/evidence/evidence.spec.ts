import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { CALLS_STREAM, callSubject, EVIDENCE_DURABLE, trunkSubject } from '@trunkmesh/contracts/subjects.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { connectNats, type NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { speakForBridges } from '../bridge.fixture.js';
import { startMesh, type Mesh } from '../mesh.fixture.js';

let mesh: Mesh;
let nc: NatsConnection;
let bridges: Awaited<ReturnType<typeof speakForBridges>>;
beforeAll(async () => {
  mesh = await startMesh();
  nc = await connectNats(mesh.nats.url, { name: 'agents', logger: createLogger('test', { level: 'silent' }) });
  bridges = await speakForBridges(mesh.nats.url);
}, 60_000);
afterAll(async () => {
  await bridges?.stop();
  await nc?.close();
  await mesh?.stop();
});

const sample = (type: string) =>
  JSON.parse(readFileSync(new URL(`../../../../libs/contracts/samples/${type}.json`, import.meta.url), 'utf8'));
const [STARTED, ENDED] = [sample('CallStarted'), sample('CallEnded')];

type Organization = Awaited<ReturnType<Mesh['organization']>>;
interface Line {
  organization: Organization;
  trunk: { id: string };
  number: { id: string; phone_number: string };
}
let last = 7_000_000;
async function line(over: object = {}): Promise<Line> {
  const organization = await mesh.organization();
  const trunk = (
    await organization.admin('POST', '/api/v1/sip-trunks', {
      name: 'PBX',
      gateway: 'sip.example.com',
      register: false,
      ...over,
    })
  ).body;
  const number = (
    await organization.admin('POST', '/api/v1/phone-numbers', {
      phone_number: `+1555${++last}`,
      sip_trunk_id: trunk.id,
      assistant_id: 1,
    })
  ).body;
  return { organization, trunk, number };
}

/** A call as an agent writes it. */
async function call(
  { organization, trunk, number }: Line,
  source_address: string,
  { named = true, ...over }: { named?: boolean } & Record<string, unknown> = {},
): Promise<void> {
  const call_id = randomUUID();
  const parties = {
    call_id,
    organization_id: organization.id,
    trunk_id: trunk.id,
    number_id: number.id,
    source_address,
    direction: 'inbound',
    to: number.phone_number,
  };
  const decision = {
    ...STARTED.data.decision,
    organization_id: organization.id,
    trunk_id: trunk.id,
    number_id: number.id,
    number: number.phone_number,
    named_in_full: named,
  };
  const subject = callSubject(organization.id, call_id);
  const js = jetstream(nc);
  await js.publish(subject, JSON.stringify({ ...STARTED, subject, data: { ...STARTED.data, ...parties, decision } }));
  await js.publish(
    subject,
    JSON.stringify({
      ...ENDED,
      subject,
      data: {
        ...ENDED.data,
        answered_at: ENDED.data.ended_at,
        hangup_disposition: 'recv_bye',
        acknowledged: true,
        ...parties,
        ...over,
      },
    }),
  );
}
const evidenceOf = async ({ id }: Organization) =>
  (await mesh.operator('GET', `/api/v1/addresses?organization_id=${id}`)).body;
const numberOf = async ({ organization, number }: Line) =>
  (await organization.member('GET', `/api/v1/phone-numbers/${number.id}`)).body;

describe('a finished call', () => {
  it('proves its address and its number, and the next one writes nothing', async () => {
    const mine = await line();
    expect(await numberOf(mine)).not.toHaveProperty('proof');
    await call(mine, '203.0.113.20');
    const [evidence] = await eventually(async () => {
      const found = await evidenceOf(mine.organization);
      return found.length > 0 ? found : undefined;
    });
    expect(evidence).toMatchObject({
      network: '203.0.113.20/32',
      evidence: { by: 'call', trunk_id: mine.trunk.id, at: ENDED.data.ended_at },
      shared_since: null,
    });
    const proven = await eventually(async () => {
      const number = await numberOf(mine);
      return number.proof ? number : undefined;
    });
    expect(proven.proof).toMatchObject({ by: 'call' });
    const events = async () =>
      Number((await mesh.service.parts.record.query<{ n: string }>('select count(*) as n from events'))[0]!.n);
    const before = await events();
    await call(mine, '203.0.113.20');
    const other = await line();
    await call(other, '203.0.113.21');
    await eventually(async () => (await numberOf(other)).proof);
    expect(await events()).toBe(before + 5);
  });

  it('from an address that another organisation has proven makes it shared, which both are told', async () => {
    const [a, b] = [await line(), await line()];
    await call(a, '203.0.113.30');
    await eventually(async () => (await evidenceOf(a.organization)).length === 1);
    await call(b, '203.0.113.30');
    await eventually(async () => (await evidenceOf(b.organization))[0]?.shared_since);
    expect((await evidenceOf(a.organization))[0].shared_since).not.toBeNull();
    const types = await mesh.service.parts.record.query<{ type: string }>(
      `select envelope::jsonb->>'type' as type from events where subject like '%' || $1 || '.address.%' order
        by position`,
      [a.organization.id],
    );
    expect(types.map(({ type }) => type)).toEqual(['AddressProven', 'AddressShared']);
  });

  it('that named no full number, or whose answer may not have arrived, proves nothing', async () => {
    const [mine, last_] = [await line(), await line()];
    await call(mine, '203.0.113.41', { named: false });
    await call(mine, '203.0.113.42', { acknowledged: false });
    await call(mine, '203.0.113.45', { acknowledged: undefined });
    await call(mine, '203.0.113.43', { answered_at: null });
    await call(last_, '203.0.113.44');
    await eventually(async () => (await evidenceOf(last_.organization)).length === 1);
    expect(await evidenceOf(mine.organization)).toEqual([]);
  });

  it('proves its address even right after one for the same number that proved nothing', async () => {
    const mine = await line();
    await call(mine, '203.0.113.45', { named: false });
    await call(mine, '203.0.113.45');
    const [evidence] = await eventually(async () => {
      const found = await evidenceOf(mine.organization);
      return found.length > 0 ? found : undefined;
    });
    expect(evidence).toMatchObject({ network: '203.0.113.45/32', evidence: { by: 'call' } });
  });

  it('from before the first start counts by how it ended, because the ACK was not checked then', async () => {
    const mine = await line();
    await call(mine, '203.0.113.55', { acknowledged: undefined });
    const manager = await jetstreamManager(nc);
    const read = () => manager.consumers.info(CALLS_STREAM, EVIDENCE_DURABLE);
    await eventually(async () => {
      const { num_pending, num_ack_pending } = await read();
      return num_pending + num_ack_pending === 0;
    });
    expect(await evidenceOf(mine.organization)).toEqual([]);
    // A consumer that is made again reads the log again, and knows still when the first start was.
    const { created } = await read();
    await manager.consumers.delete(CALLS_STREAM, EVIDENCE_DURABLE);
    await eventually(
      async () => {
        const now = await read();
        return now.created !== created && now.num_pending + now.num_ack_pending === 0;
      },
      { timeoutMs: 20_000 },
    );
    expect(await evidenceOf(mine.organization)).toEqual([]);
    await mesh.service.parts.record.query(`update reports_made set made_at = now() where name = 'evidence-from-calls'`);
    await manager.consumers.delete(CALLS_STREAM, EVIDENCE_DURABLE);
    await eventually(async () => (await evidenceOf(mine.organization)).length === 1, { timeoutMs: 20_000 });
    expect((await evidenceOf(mine.organization))[0]).toMatchObject({
      network: '203.0.113.55/32',
      evidence: { by: 'call' },
    });
  }, 40_000);

  it('is taken by one of the copies of the service', async () => {
    const mine = await line();
    for (let n = 0; n < 3; n += 1) await call(mine, '203.0.113.50', { named: true });
    const other = await mesh.another();
    await eventually(async () => (await evidenceOf(mine.organization)).length === 1);
    await other.stop();
  });
});

describe('a gateway', () => {
  it(
    'whose name leads elsewhere changes the claims, not the gateway; addresses that may not be claimed are left ' +
      'out',
    async () => {
      const { organization, trunk } = await line({ name: 'named' });
      const state = () =>
        mesh.service.parts.record
          .query<{ state: { gateway_revision: number; organization_id: string; id: string } }>(
            'select state from trunks where id = $1',
            [trunk.id],
          )
          .then(([row]) => row!.state);
      const bridge = bridges.bridge('b-names');
      await bridge.report(await state(), {
        state: 'NOREG',
        addresses: ['203.0.113.60', '169.254.169.254', '192.0.0.192'],
      });
      const shown = await eventually(async () => {
        const { body } = await organization.member('GET', `/api/v1/sip-trunks/${trunk.id}/addresses`);
        return body.length > 0 ? body : undefined;
      });
      expect(shown).toMatchObject([{ network: '203.0.113.60/32', via: 'name', standing: 'sole' }]);
      expect(await state()).toMatchObject({ gateway_revision: 1 });
      const [event] = await mesh.service.parts.record.query<{ type: string }>(
        `select envelope::jsonb->>'type' as type from events where subject = $1 order by position desc limit 1`,
        [trunkSubject(organization.id, trunk.id)],
      );
      expect(event!.type).toBe('TrunkResolved');
      expect(await evidenceOf(organization)).toEqual([]);
    },
  );

  it('that is registered proves the address that answered', async () => {
    const { organization, trunk } = await line({
      name: 'registers',
      register: true,
      username: 'u',
      password: 'p',
      gateway: '203.0.113.70',
    });
    const [row] = await mesh.service.parts.record.query<{
      state: { gateway_revision: number; organization_id: string; id: string };
    }>('select state from trunks where id = $1', [trunk.id]);
    await bridges.bridge('b-registers').report(row!.state, { state: 'REGED', registered_address: '203.0.113.70' });
    await eventually(async () => (await evidenceOf(organization))[0]?.evidence.by === 'registration');
  });
});

describe('the first start', () => {
  it('reports once what several organisations claim', async () => {
    const reports = () =>
      mesh.service.parts.record.query(`select name from reports_made where name = 'contested-addresses'`);
    expect(
      await eventually(async () => {
        const made = await reports();
        return made.length > 0 ? made : undefined;
      }),
    ).toEqual([{ name: 'contested-addresses' }]);
  });
});
