import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CarrierCall, MeshCarrier } from '@trunkmesh/testkit/mesh/carrier.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { gatewaysOf } from './freeswitch.fixture.js';
import {
  addNumber,
  callEvents,
  registeringTrunk,
  testMesh,
  untilLive,
  type Organization,
  type TestMesh,
  type Trunk,
} from './mesh.fixture.js';

let test: TestMesh;
let org: Organization;
let other: Organization;
let carrier: MeshCarrier;
let otherCarrier: MeshCarrier;
let soleCarrier: MeshCarrier;
let trunk: Trunk;
let caller = 0;

const number = (index: number) => `+1555010${String(index).padStart(4, '0')}`;
const EXTENSION = '9228';

beforeAll(async () => {
  test = await testMesh();
  [org, other] = [await test.organization('Example Dental'), await test.organization('Example Motors')];
  [carrier, otherCarrier, soleCarrier] = [
    await test.carrier('9201'),
    await test.carrier('9202'),
    await test.carrier('9203'),
  ];
  trunk = await registeringTrunk(org, carrier);
  const otherTrunk = await registeringTrunk(other, otherCarrier);
  const sole = await registeringTrunk(org, soleCarrier);
  for (let index = 1; index <= 9; index += 1) await addNumber(org, trunk, number(index));
  await addNumber(org, trunk, number(20), { allowed_country_codes: ['GB'] });
  await addNumber(org, trunk, number(21), { assistant_id: null });
  const inactive = await addNumber(org, trunk, number(22));
  await org.api.patch(`/api/v1/phone-numbers/${inactive.id}`, { is_active: false });
  await addNumber(org, sole, number(30));
  await addNumber(other, otherTrunk, number(40));
  // The index and the access list follow the events; the last number added is the last to be known.
  await eventually(
    async () => (await otherCarrier.call({ from: '+15559879999', number: number(40), talkMs: 100 })) === 200,
    { timeoutMs: 20_000, intervalMs: 250, message: 'the mesh to know the numbers' },
  );
});
afterAll(() => test?.stop());

/** Places the call with a caller of its own and gives the final status and what the mesh wrote of it. */
async function place(from: MeshCarrier, call: Omit<CarrierCall, 'from'>) {
  caller += 1;
  const number = `+1555987${String(caller).padStart(4, '0')}`;
  const status = await from.call({ talkMs: 150, ...call, from: number });
  const events = await eventually(
    async () => {
      const found = (await callEvents(test)).filter(({ data }) => data.from === number);
      return found.some(({ type }) => type === 'CallEnded' || type === 'CallRejected') ? found : undefined;
    },
    { timeoutMs: 15_000, message: `the call of ${number} to be written` },
  );
  return { status, first: events[0]!, last: events.at(-1)! };
}

const uri = (index: number) => `<sip:${number(index)}@pbx.example.com>`;

describe('which number was called', () => {
  it.each<[string, number, Omit<CarrierCall, 'from'>]>([
    ['Diversion', 1, { number: EXTENSION, headers: { Diversion: `${uri(1)};reason=unconditional` } }],
    [
      'Diversion',
      1,
      {
        number: EXTENSION,
        headers: { Diversion: [`${uri(2)};reason=no-answer;counter=1`, `${uri(1)};reason=unconditional;counter=1`] },
      },
    ],
    [
      'History-Info',
      2,
      {
        number: EXTENSION,
        headers: { 'History-Info': [`${uri(2)};index=1`, `<sip:${EXTENSION}@pbx.example.com>;index=1.1`] },
      },
    ],
    ['X-Original-Called', 3, { number: EXTENSION, headers: { 'X-Original-Called': number(3) } }],
    ['X-Original-Number', 4, { number: EXTENSION, headers: { 'X-Original-Number': number(4) } }],
    ['X-Forwarded-To', 5, { number: EXTENSION, headers: { 'X-Forwarded-To': number(5) } }],
    ['X-Original-To', 6, { number: EXTENSION, headers: { 'X-Original-To': `sip:${number(6)}@pbx.example.com` } }],
    ['P-Called-Party-ID', 7, { number: EXTENSION, headers: { 'P-Called-Party-ID': uri(7) } }],
    ['Request-URI', 8, { number: number(8) }],
    ['To', 9, { number: EXTENSION, to: number(9) }],
    // Several at once: the earlier source decides.
    [
      'Diversion',
      1,
      {
        number: number(8),
        to: number(9),
        headers: { Diversion: uri(1), 'X-Original-Called': number(3), 'P-Called-Party-ID': uri(7) },
      },
    ],
  ])('%s leads to number %i', async (source, index, call) => {
    const { status, first, last } = await place(carrier, call);
    expect([status, first.type, first.data.to, last.type]).toEqual([200, 'CallStarted', number(index), 'CallEnded']);
    const steps = (first.data['decision'] as { explanation: { steps: { source: string; verdict: string }[] } })
      .explanation.steps;
    expect(steps.find(({ verdict }) => verdict === 'decided')).toMatchObject({ source });
  });

  it('a short extension behind which one number stands is that number', async () => {
    const { status, first } = await place(soleCarrier, { number: EXTENSION });
    expect([status, first.data.to]).toEqual([200, number(30)]);
  });
});

describe('refusals', () => {
  it.each<[string, number, Omit<CarrierCall, 'from'>]>([
    ['ambiguous-number', 484, { number: EXTENSION }],
    ['unknown-number', 404, { number: '+15550199999' }],
    ['caller-country-not-allowed', 403, { number: number(20) }],
    ['number-not-assigned', 480, { number: number(21) }],
    ['inactive-number', 404, { number: number(22) }],
    // A number of another organisation is nobody's.
    ['unknown-number', 404, { number: number(40) }],
  ])('%s: %i', async (reason, sipStatus, call) => {
    const { status, last } = await place(carrier, call);
    expect([status, last.type, last.data['reason'], last.data['sip_status']]).toEqual([
      sipStatus,
      'CallRejected',
      reason,
      sipStatus,
    ]);
  });

  it("a full number that is nobody's is refused even behind a sole number: that would be a guess", async () => {
    const { status, last } = await place(soleCarrier, { number: '+15550199998' });
    expect([status, last.data['reason']]).toEqual([404, 'unknown-number']);
  });

  it('an unknown source gets 403, also with a spoofed gateway name, and the operator sees its address', async () => {
    const [gateway] = await gatewaysOf(test, trunk);
    expect(await carrier.callAsStranger({ from: '+15559870000', number: number(8) })).toBe(403);
    expect(await carrier.callAsStranger({ from: '+15559870000', number: `gw+${gateway}`, to: number(8) })).toBe(403);
    const refused = await eventually(
      async () => {
        const bridge = await test.operator.get<{ refused_addresses: { address: string; count: number }[] }>(
          '/api/v1/bridges/bridge-1',
        );
        return bridge.refused_addresses.find(({ count }) => count >= 2);
      },
      { timeoutMs: 15_000, message: 'the refused address to be counted' },
    );
    expect(refused.address).toMatch(/^(198\.51\.100\.66|127\.0\.0\.66)$/);
  });

  it("another organisation's gateway name, sent from one's own carrier, reaches no other number", async () => {
    const [gateway] = await gatewaysOf(test, trunk);
    const { status } = await place(otherCarrier, { number: `gw+${gateway}`, to: number(8) });
    expect(status).toBe(404);
  });

  it("a disabled trunk's calls are refused, and taken again when it is enabled", async () => {
    const sole = (await org.api.get<Trunk[]>('/api/v1/sip-trunks')).find(({ name }) => name.endsWith('9203'))!;
    await org.api.post(`/api/v1/sip-trunks/${sole.id}/disable`);
    await eventually(
      async () => (await soleCarrier.call({ from: '+15559870009', number: number(30), talkMs: 100 })) === 403,
      { timeoutMs: 15_000, intervalMs: 250, message: 'the refusal' },
    );
    await org.api.post(`/api/v1/sip-trunks/${sole.id}/enable`);
    await untilLive(org, sole);
    await eventually(
      async () => (await soleCarrier.call({ from: '+15559870009', number: number(30), talkMs: 100 })) === 200,
      { timeoutMs: 15_000, intervalMs: 250, message: 'the call to be answered' },
    );
  });
});
