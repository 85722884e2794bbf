import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import type { Component } from '@trunkmesh/testkit/mesh/component.process.js';
import type { MeshCarrier } from '@trunkmesh/testkit/mesh/carrier.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { gatewaysInFreeswitch, trunksInRecord, untilSettled } from './freeswitch.fixture.js';
import {
  addNumber,
  callEvents,
  registeringTrunk,
  testMesh,
  untilLive,
  untilPublished,
  type Organization,
  type TestMesh,
  type Trunk,
} from './mesh.fixture.js';
import { startCalls, startCommands, type Accepted, type Calls } from './load.fixture.js';
import { seeded } from './random.js';

const SEED = Number(process.env['E2E_SEED'] ?? Date.now() % 1_000_000);
const ROUNDS = Number(process.env['E2E_ROUNDS'] ?? 20);
const OUTAGE_MS = Number(process.env['E2E_OUTAGE_SECONDS'] ?? 8) * 1000;
const NUMBER = '+15550100001';

let test: TestMesh;
let org: Organization;
let carrier: MeshCarrier;
let trunk: Trunk;

beforeAll(async () => {
  test = await testMesh();
  org = await test.organization('Example Dental');
  carrier = await test.carrier('9201');
  trunk = await registeringTrunk(org, carrier);
  await addNumber(org, trunk, NUMBER);
  await untilAnswered('+15559870000');
});
afterAll(() => test?.stop());

const untilAnswered = (from: string, timeoutMs = 30_000) =>
  eventually(async () => (await carrier.call({ from, number: NUMBER, talkMs: 150 })) === 200, {
    timeoutMs,
    intervalMs: 250,
    message: 'a call to be answered',
  });

/**
 * Every call that a caller saw answered, and every call that the log knows as answered, has exactly one usage record.
 */
async function untilAccountedFor(calls: Calls): Promise<void> {
  await eventually(
    async () => {
      const rows = await test.billing<{ from_number: string; count: string }>(
        'SELECT from_number, count(*) FROM ledger_entries GROUP BY from_number',
      );
      const records = new Map(rows.map((row) => [row.from_number, Number(row.count)]));
      const missing = [...calls.answered].filter((from) => !records.has(from));
      if (missing.length > 0)
        throw new Error(
          `${missing.length} of ${calls.answered.size} answered calls have no usage record: ` +
            `${missing.slice(0, 3).join(' ')}`,
        );
      const twice = [...records].filter(([from, count]) => count > 1 && calls.answered.has(from));
      if (twice.length > 0) throw new Error(`calls with several usage records: ${twice.slice(0, 3).join(' ')}`);
      const events = await callEvents(test);
      const recorded = new Set(
        (await test.billing<{ call_id: string }>('SELECT call_id FROM ledger_entries')).map(({ call_id }) => call_id),
      );
      const unfinished = events.filter(({ type, data }) => type === 'CallAnswered' && !recorded.has(data.call_id));
      if (unfinished.length > 0) throw new Error(`${unfinished.length} calls were answered and never ended in the log`);
      return true;
    },
    { timeoutMs: 60_000, intervalMs: 500, message: 'every finished call to have its usage record' },
  );
}

/** What was accepted is in the record as it was accepted, and live. */
async function untilLiveAsAccepted(accepted: Accepted): Promise<void> {
  const byId = new Map((await trunksInRecord(test)).map((state) => [state.id, state]));
  for (const [id, expected] of accepted.trunks)
    expect([id, byId.get(id)?.name, byId.get(id)?.enabled]).toEqual([id, expected.name, expected.enabled]);
  await untilSettled(test);
}

type Victim = Pick<Component, 'name' | 'kill' | 'start'>;
const server = (name: string, it: { halt(signal: NodeJS.Signals): Promise<void>; start(): Promise<void> }): Victim => ({
  name,
  kill: () => it.halt('SIGKILL'),
  start: () => it.start(),
});

const nothing = (): Calls => ({ answered: new Set(), refused: new Map(), broken: 0 });

describe('whatever is killed, whenever', () => {
  it(`kill -9 of each service, ${ROUNDS} rounds, under commands and calls (E2E_SEED=${SEED})`, async () => {
    const { next, below, pick } = seeded(SEED);
    const [bridge] = test.mesh.bridges;
    const { trunkService, routingService, billingObserver } = test.mesh;
    const victims: Victim[] = [
      trunkService,
      routingService,
      billingObserver,
      bridge!.agent,
      bridge!.freeswitch,
      server('nats-server', test.mesh.nats!),
      server('PostgreSQL', test.mesh.postgres!),
    ];
    const accepted: Accepted = { trunks: new Map(), numbers: new Map(), refused: 0 };
    const calls = nothing();
    const back: string[] = [];
    const commands = startCommands(org, { writers: 2, restMs: 100 }, accepted);
    const ringing = startCalls(carrier, NUMBER, 2, calls);
    try {
      for (let round = 0; round < ROUNDS; round += 1) {
        // Everybody's turn comes; who it is after that is chance.
        const victim = round < victims.length ? victims[round]! : pick(victims);
        await pause(200 + below(800));
        await victim.kill();
        await pause(next() * 400);
        const killed = performance.now();
        await victim.start();
        if (victim === bridge!.freeswitch) await carrier.announce();
        back.push(`${victim.name} ${Math.round(performance.now() - killed)}`);
      }
    } finally {
      await commands.stop();
      await ringing.stop();
    }
    await untilPublished(test);
    await untilLiveAsAccepted(accepted);
    await untilLive(org, trunk, 40_000);
    await untilAccountedFor(calls);
    console.log(
      `seed ${SEED}: ${accepted.trunks.size} trunks and ${accepted.numbers.size} numbers accepted, ` +
        `${calls.answered.size} calls answered, ` +
        `${[...calls.refused].map(([status, count]) => `${count}×${status}`).join(' ')} refused, ${calls.broken} ` +
        `broken; back after ms: ${back.join(', ')}`,
    );
    expect(accepted.trunks.size).toBeGreaterThan(ROUNDS);
    expect(calls.answered.size).toBeGreaterThan(ROUNDS);
  }, 240_000);

  it('FreeSWITCH killed: all gateways are back without help', async () => {
    const before = new Set((await gatewaysInFreeswitch(test)).keys());
    await test.mesh.bridges[0]!.freeswitch.kill();
    await test.mesh.bridges[0]!.freeswitch.start();
    await carrier.announce();
    await eventually(
      async () => {
        const found = await gatewaysInFreeswitch(test);
        return [...before].every((name) => found.has(name));
      },
      { timeoutMs: 30_000, message: 'all gateways to be back' },
    );
    await untilLive(org, trunk, 30_000);
    await untilAnswered('+15559870011');
  }, 90_000);
});

describe('what may be away', () => {
  it(
    `NATS for ${OUTAGE_MS / 1000} s: the API accepts, calls are routed by the agent, and everything arrives ` +
      'afterwards',
    async () => {
      await test.mesh.nats!.halt('SIGKILL');
      const from = Date.now();
      const made: Trunk[] = [];
      const calls = nothing();
      while (Date.now() - from < OUTAGE_MS) {
        made.push(
          await org.api.post<Trunk>('/api/v1/sip-trunks', {
            name: `While NATS is away ${made.length}`,
            gateway: `198.51.100.${made.length + 1}`,
            register: false,
          }),
        );
        const caller = `+1555988${String(made.length).padStart(4, '0')}`;
        expect(await carrier.call({ from: caller, number: NUMBER, talkMs: 150 })).toBe(200);
        calls.answered.add(caller);
        await pause(500);
      }
      await test.mesh.nats!.start();
      await untilPublished(test);
      for (const one of made) await untilLive(org, one, 30_000);
      await untilAccountedFor(calls);
      const local = (await callEvents(test))
        .filter(({ type, data }) => type === 'CallStarted' && calls.answered.has(data.from))
        .map(({ data }) => data['decided_at']);
      expect(new Set(local)).toEqual(new Set(['local']));
    },
    120_000,
  );

  it('PostgreSQL: calls are routed, the API answers 503 with the cause, and both recover', async () => {
    await test.mesh.postgres!.halt('SIGKILL');
    const answer = await org.api.request('POST', '/api/v1/sip-trunks', {
      name: 'While PostgreSQL is away',
      gateway: '198.51.100.200',
      register: false,
    });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      503,
      expect.stringContaining('application/problem+json'),
    ]);
    const calls = nothing();
    for (let index = 1; index <= 5; index += 1) {
      const caller = `+1555989${String(index).padStart(4, '0')}`;
      expect(await carrier.call({ from: caller, number: NUMBER, talkMs: 150 })).toBe(200);
      calls.answered.add(caller);
    }
    await test.mesh.postgres!.start();
    await eventually(
      async () =>
        (
          await org.api.request('POST', '/api/v1/sip-trunks', {
            name: 'After PostgreSQL was away',
            gateway: '198.51.100.200',
            register: false,
          })
        ).status === 201,
      { timeoutMs: 30_000, intervalMs: 250, message: 'the API to accept again' },
    );
    await untilPublished(test);
    await untilAccountedFor(calls);
  }, 120_000);
});

describe('the record and the log', () => {
  it('32 concurrent writers while the relay is killed: no event is lost or duplicated', async () => {
    const accepted: Accepted = { trunks: new Map(), numbers: new Map(), refused: 0 };
    const writers = startCommands(org, { writers: 32 }, accepted);
    try {
      for (let round = 0; round < 3; round += 1) {
        // As much work as it takes, on a slow machine as on a fast one.
        await eventually(() => accepted.trunks.size > 40 * (round + 1), {
          timeoutMs: 40_000,
          message: 'the writers to write',
        });
        await test.mesh.trunkService.kill();
        await test.mesh.trunkService.start();
      }
      await eventually(() => accepted.trunks.size > 140, { timeoutMs: 40_000, message: 'the writers to write on' });
    } finally {
      await writers.stop();
    }
    const events = await untilPublished(test);
    const created = new Set(
      events.filter(({ type }) => type === 'TrunkCreated').map(({ subject }) => subject.split('.').at(-1)),
    );
    expect([...accepted.trunks.keys()].filter((id) => !created.has(id))).toEqual([]);
    expect(accepted.trunks.size).toBeGreaterThan(100);
    await untilLiveAsAccepted(accepted);
  }, 180_000);
});
