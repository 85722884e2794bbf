import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import type { MeshCarrier } from '@trunkmesh/testkit/mesh/carrier.js';
import { smallDisk, type SmallDisk } from '@trunkmesh/testkit/small-disk.fs.js';
import { addNumber, callEvents, registeringTrunk, testMesh, type Organization, type TestMesh } from './mesh.fixture.js';

const NUMBER = '+15550100001';

let test: TestMesh;
let org: Organization;
let carrier: MeshCarrier;
let disk: SmallDisk;
let opsPort: number;

beforeAll(async () => {
  test = await testMesh();
  opsPort = test.mesh.store.settings.ports['bridge-1.agent.ops']!;
  const { agent } = test.mesh.bridges[0]!;
  await agent.stop();
  disk = await smallDisk(join(test.folder, 'bridge-1', 'state'));
  await agent.start();
  org = await test.organization('Example Dental');
  carrier = await test.carrier('9201');
  await addNumber(org, await registeringTrunk(org, carrier), NUMBER);
  await eventually(async () => (await call('+15559870000')) === 200, {
    timeoutMs: 30_000,
    intervalMs: 250,
    message: 'a call to be answered',
  });
  await untilUsageOf(['+15559870000']);
  await untilHealed();
});
afterAll(async () => {
  await test?.mesh.bridges[0]!.agent.kill();
  await disk?.stop();
  await test?.stop();
});

const call = (from: string, talkMs = 150) => carrier.call({ from, number: NUMBER, talkMs });
const ops = async (path: string) => (await fetch(`http://127.0.0.1:${opsPort}${path}`)).text();
const unconfirmed = async () =>
  Number(/^trunkmesh_call_records_unconfirmed(?:\{[^}]*\})? (\d+)/m.exec(await ops('/metrics'))?.[1]);
const readiness = async () => (JSON.parse(await ops('/health/ready')) as { checks: Record<string, string> }).checks;
const usageOf = async () =>
  (await test.billing<{ from_number: string }>('SELECT from_number FROM ledger_entries'))
    .map((row) => row.from_number)
    .sort();
const untilUsageOf = (callers: readonly string[]) =>
  eventually(
    async () => {
      const found = await usageOf();
      expect(callers.filter((caller) => !found.includes(caller))).toEqual([]);
      expect(found).toEqual([...new Set(found)]);
      return true;
    },
    { timeoutMs: 30_000, intervalMs: 250, message: 'each finished call to have one usage record' },
  );
const untilHealed = () =>
  eventually(
    async () => {
      expect([await readiness(), await unconfirmed()]).toEqual([
        expect.not.objectContaining({ records: expect.not.stringMatching(/^up$/) }),
        0,
      ]);
      return true;
    },
    { timeoutMs: 30_000, intervalMs: 250, message: 'the agent to be ready again, with every record confirmed' },
  );

describe('an agent whose STATE_DIR is full', () => {
  it('takes calls that JetStream acknowledges, counts their records, and a kill -9 loses none of them', async () => {
    const { agent } = test.mesh.bridges[0]!;
    disk.fill();
    const callers = Array.from({ length: 6 }, (_, index) => `+155598701${String(index).padStart(2, '0')}`);
    for (const from of callers) expect([from, await call(from)]).toEqual([from, 200]);
    const talking = '+15559870190';
    void call(talking, 8_000).catch(() => undefined);
    await eventually(
      async () => (await callEvents(test)).some(({ type, data }) => type === 'CallAnswered' && data.from === talking),
      { message: 'a call to go on' },
    );
    await eventually(
      async () => {
        expect(await unconfirmed()).toBe(callers.length);
        return true;
      },
      { message: 'the metric to count what waits' },
    );
    expect(await readiness()).toMatchObject({ records: expect.stringContaining('STATE_DIR') });
    await agent.kill();
    await agent.launch();
    // Still full: what the killed agent left is counted again, and calls are taken again.
    await eventually(async () => (await unconfirmed()) >= callers.length, {
      timeoutMs: 30_000,
      message: 'the records of the killed agent to be found',
    });
    await eventually(async () => (await call('+15559870191')) === 200, {
      timeoutMs: 30_000,
      intervalMs: 250,
      message: 'a call to be answered',
    });
    await disk.free();
    await untilUsageOf([...callers, talking, '+15559870191']);
    await untilHealed();
  }, 120_000);

  it(
    'refuses calls with 503 and its own reason while JetStream is away as well, and takes them as soon as one of ' +
      'the two is back',
    async () => {
      disk.fill();
      await test.mesh.nats!.halt('SIGKILL');
      await eventually(async () => (await call('+15559870200')) === 503, {
        timeoutMs: 15_000,
        intervalMs: 250,
        message: 'a call to be refused',
      });
      expect(await readiness()).toMatchObject({ records: expect.stringContaining('STATE_DIR') });
      await disk.free();
      await eventually(async () => (await call('+15559870201')) === 200, {
        timeoutMs: 15_000,
        intervalMs: 250,
        message: 'a call to be answered while JetStream is away',
      });
      await test.mesh.nats!.start();
      await untilUsageOf(['+15559870201']);
      await untilHealed();
      const refused = (await callEvents(test)).filter(
        ({ type, data }) => type === 'CallRejected' && data.from === '+15559870200',
      );
      expect(refused.map(({ data }) => [data['reason'], data['sip_status']])).toContainEqual([
        'call-not-recordable',
        503,
      ]);
    },
    120_000,
  );
});
