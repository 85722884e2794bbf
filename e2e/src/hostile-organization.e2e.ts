import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MeshCarrier } from '@trunkmesh/testkit/mesh/carrier.js';
import type { Line } from '@trunkmesh/testkit/mesh/line.js';
import { placeLine } from '@trunkmesh/testkit/mesh/lines.net.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import {
  addNumber,
  callEvents,
  testMesh,
  untilLive,
  type CallMessage,
  type Organization,
  type TestMesh,
  type Trunk,
} from './mesh.fixture.js';

/**
 * An organisation that claims another one's addresses and numbers through the API, while the other one's calls go on. A
 * host name that leads there is not among its means here: the mesh has no name server of its own (libs/routing and the
 * agent's named-gateways.spec.ts try that way).
 */
const FULL = '+15550103001';
const EXTENSION = '9228';
const SOLE = '+15550103002';
const OWN = '+15550103666';
/** The caller of the call that is up all the while. */
const LINE = '+15559878888';
const ASSISTANT = { victim: 17, hostile: 666 };

let test: TestMesh;
let victim: Organization;
let hostile: Organization;
/**
 * The victim's PBX, whose address it has proven, and its other carrier, whose address only the older claim gives it.
 */
let pbx: MeshCarrier;
let soleCarrier: MeshCarrier;
let line: Line;
let callers = 0;
const trunks: Record<'pbx' | 'sole', Trunk | undefined> = { pbx: undefined, sole: undefined };

const addressOf = ({ gateway }: MeshCarrier) => gateway.split(':')[0]!;
const nextCaller = () => `+1555986${String((callers += 1)).padStart(4, '0')}`;
const inbound = (prefix: string, add: string) => ({
  direction: 'inbound',
  prefix,
  min_length: prefix.length,
  strip: prefix.length,
  add,
});

/** Places a call and tells its final status, whose it was, and which number and assistant it reached. */
async function place(carrier: MeshCarrier, number: string) {
  const from = nextCaller();
  const status = await carrier.call({ from, number, talkMs: 600 });
  const first = await eventually(
    async () => {
      const events = (await callEvents(test)).filter(({ data }) => data.from === from);
      return events.some(({ type }) => type === 'CallEnded' || type === 'CallRejected') ? events[0] : undefined;
    },
    { timeoutMs: 15_000, message: `the call of ${from} to be written` },
  );
  return { status, ...reached(first) };
}
function reached({ data }: CallMessage) {
  const { target } = data['decision'] as { target?: { id: number } };
  return { organization: data['organization_id'], number: data.to, assistant: target?.id };
}
const victims = (number: string) => ({ status: 200, organization: victim.id, number, assistant: ASSISTANT.victim });

/** By full number, by the extension's rule and by the sole number: each reaches the victim's assistant. */
async function expectUndisturbed(): Promise<void> {
  const calls = await Promise.all([place(pbx, FULL), place(pbx, EXTENSION), place(soleCarrier, EXTENSION)]);
  expect(calls).toEqual([victims(FULL), victims(FULL), victims(SOLE)]);
}

interface Explained {
  decision: { outcome: string; reason?: string };
  explanation: { summary: string; standing: { at_address: string; others: boolean } };
}

/** What the hostile one is told of a call from the carrier, once routing knows its claim. */
const explainedAt = (carrier: MeshCarrier) =>
  eventually(
    async () => {
      const answer = await hostile.api.post<Explained>('/api/v1/routes/explain', {
        source_address: addressOf(carrier),
        request_uri: EXTENSION,
      });
      return answer.explanation.standing.at_address === 'no-claim' ? undefined : answer;
    },
    { timeoutMs: 15_000, message: 'routing to know the claim' },
  );

/**
 * Routing knows the hostile one's claims; the victim's calls go on as before, and the hostile one learns no more than
 * that there is somebody.
 */
async function expectNothingGained(): Promise<void> {
  const explained = await Promise.all([pbx, soleCarrier].map(explainedAt));
  await expectUndisturbed();
  for (const { decision, explanation } of explained) {
    expect(decision).toMatchObject({ outcome: 'refuse' });
    expect(explanation.standing).toMatchObject({ at_address: 'not-a-candidate', others: true });
    expect(explanation.summary).toContain('another customer uses');
  }
  const text = JSON.stringify(explained);
  for (const secret of [victim.id, 'Example Dental', trunks.pbx!.id, trunks.sole!.id, FULL, SOLE])
    expect(text).not.toContain(secret);
}

/** A trunk of the hostile one, whose rules turn whatever is called there into its own number. */
async function hostileTrunk(settings: { name: string; gateway: string; inbound_addresses?: string[] }): Promise<Trunk> {
  const number_rules = [inbound(FULL, OWN), inbound(FULL.slice(1), OWN), inbound(EXTENSION, OWN)];
  const trunk = await hostile.api.post<Trunk>('/api/v1/sip-trunks', {
    register: false,
    priority: 0,
    number_rules,
    ...settings,
  });
  await untilLive(hostile, trunk);
  return trunk;
}

const untilStanding = (trunk: Trunk, wanted: object) =>
  eventually(
    async () => {
      expect(await victim.api.get(`/api/v1/sip-trunks/${trunk.id}/addresses`)).toMatchObject([wanted]);
      return true;
    },
    { timeoutMs: 15_000, message: `the standing ${JSON.stringify(wanted)}` },
  );

beforeAll(async () => {
  test = await testMesh();
  [victim, hostile] = [await test.organization('Example Dental'), await test.organization('Example Motors')];
  [pbx, soleCarrier] = [await test.carrier('9231'), await test.carrier('9232')];
  const create = (name: string, { gateway }: MeshCarrier, number_rules: object[] = []) =>
    victim.api.post<Trunk>('/api/v1/sip-trunks', { name, gateway, register: false, number_rules });
  trunks.pbx = await create('PBX', pbx, [inbound(EXTENSION, FULL)]);
  trunks.sole = await create('Sole', soleCarrier);
  await Promise.all([untilLive(victim, trunks.pbx), untilLive(victim, trunks.sole)]);
  await addNumber(victim, trunks.pbx, FULL, { assistant_id: ASSISTANT.victim });
  await addNumber(victim, trunks.sole, SOLE, { assistant_id: ASSISTANT.victim });
  await eventually(
    async () => (await soleCarrier.call({ from: '+15559879999', number: EXTENSION, talkMs: 600 })) === 200,
    {
      timeoutMs: 20_000,
      intervalMs: 250,
      message: 'the mesh to know the numbers',
    },
  );
  await expectUndisturbed();
  await untilStanding(trunks.pbx, { standing: 'sole', evidence: { by: 'call' } });
  line = await placeLine(test.mesh.bridges[0]!, pbx, { from: LINE, number: FULL });
  expect(line.status).toBe(200);
});
afterAll(async () => {
  await line?.close();
  await test?.stop();
});

describe('a hostile organisation', () => {
  const claimed: Trunk[] = [];

  it("changes nobody's call by the victim's exact address as its gateway", async () => {
    claimed.push(
      await hostileTrunk({ name: 'Exact', gateway: pbx.gateway }),
      await hostileTrunk({ name: 'Exact sole', gateway: soleCarrier.gateway }),
    );
    await addNumber(hostile, claimed[0]!, OWN, { assistant_id: ASSISTANT.hostile });
    await expectNothingGained();
  });

  it.each<[string, () => string[]]>([
    ['the addresses as inbound addresses', () => [addressOf(pbx), addressOf(soleCarrier)]],
    ['a /24 around them', () => [addressOf(pbx).replace(/\d+$/, '0/24')]],
  ])("changes nobody's call by %s", async (name, inbound_addresses) => {
    for (const trunk of claimed.splice(0)) await hostile.api.delete(`/api/v1/sip-trunks/${trunk.id}?force=true`);
    claimed.push(await hostileTrunk({ name, gateway: '203.0.113.99:5060', inbound_addresses: inbound_addresses() }));
    await expectNothingGained();
  });

  it("gets neither the victim's numbers nor sight of its trunks", async () => {
    for (const phone_number of [FULL, SOLE]) {
      expect(
        await hostile.api.request('POST', '/api/v1/phone-numbers', { phone_number, assistant_id: ASSISTANT.hostile }),
      ).toMatchObject({ status: 409 });
    }
    expect(await hostile.api.request('GET', `/api/v1/sip-trunks/${trunks.pbx!.id}/addresses`)).toMatchObject({
      status: 404,
    });
    await expectUndisturbed();
  });

  it('shares the address once it calls from there: full numbers decide, and the call that is up goes on', async () => {
    const trunk = await hostileTrunk({ name: 'Shared', gateway: pbx.gateway });
    const [number] = await hostile.api.get<{ id: string }[]>('/api/v1/phone-numbers');
    await hostile.api.patch(`/api/v1/phone-numbers/${number!.id}`, { sip_trunk_id: trunk.id });
    const { code } = await hostile.api.post<{ code: string }>(`/api/v1/sip-trunks/${trunk.id}/verify-address`);
    expect(await pbx.call({ from: '201', number: code, talkMs: 500 })).toBe(200);
    await untilStanding(trunks.pbx!, { standing: 'shared' });
    await eventually(async () => (await place(pbx, EXTENSION)).status === 484, {
      timeoutMs: 15_000,
      message: 'routing to know that the address is shared',
    });
    const calls = await Promise.all([
      place(pbx, FULL),
      place(pbx, OWN),
      place(pbx, EXTENSION),
      place(soleCarrier, EXTENSION),
    ]);
    expect(calls.slice(0, 2)).toEqual([
      victims(FULL),
      { status: 200, organization: hostile.id, number: OWN, assistant: ASSISTANT.hostile },
    ]);
    expect(calls[2]).toMatchObject({ status: 484, organization: null, assistant: undefined });
    expect(calls[3]).toEqual(victims(SOLE));
    const endOfLine = async () =>
      (await callEvents(test)).find(({ type, data }) => type === 'CallEnded' && data.from === LINE);
    expect(await endOfLine()).toBeUndefined();
    await line.hangUp();
    expect((await eventually(endOfLine)).data).toMatchObject({ organization_id: victim.id, to: FULL });
  });
});
