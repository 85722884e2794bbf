import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { originateAnswer } from '@trunkmesh/contracts/outbound-call.js';
import { bridgeRequest } from '@trunkmesh/contracts/subjects.js';
import { startAssistant, type Assistant } from '@trunkmesh/testkit/assistant/assistant.http.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startSippCarrier, type SippCarrier } from '../carrier.fixture.js';
import {
  addNumber,
  callEvents,
  testMesh,
  untilLive,
  type Organization,
  type TestMesh,
  type Trunk,
} from '../mesh.fixture.js';

/**
 * The outcomes of attempts with SIPp as both carriers, through a real FreeSWITCH: all calls at once, counted at the
 * carriers. Runs where FREESWITCH names a binary and sipp is installed.
 */
const FROM = '+15550108301';
const TALKS_MS = 300;
const OUTCOMES = [
  ['0404', 'unknown-number', false],
  ['0486', 'busy', false],
  ['0480', 'no-answer', false],
  ['0403', 'carrier-refused', false],
  ['0408', 'no-response', true],
  ['0500', 'carrier-failed', true],
  ['0503', 'carrier-failed', true],
  ['0603', 'declined', false],
  ['0484', 'unknown-number', false],
  ['0488', 'codec-refused', false],
  ['0600', 'busy', false],
  ['0302', 'redirected', false],
  // Early media, and a flood of provisional responses, are not answers.
  ['2486', 'busy', false],
  ['2503', 'carrier-failed', true],
  ['1486', 'busy', false],
] as const;

let test: TestMesh;
let org: Organization;
let nats: NatsConnection;
let assistant: Assistant;
let carriers: SippCarrier[] = [];
let trunks: Trunk[];
let numberId: string;

beforeAll(async () => {
  assistant = await startAssistant();
  [test, ...carriers] = await Promise.all([
    testMesh({ env: { MEDIA_URL: assistant.url } }),
    startSippCarrier('127.0.0.71', TALKS_MS),
    startSippCarrier('127.0.0.72', TALKS_MS),
  ]);
  org = await test.organization('Example Dental');
  nats = await connect({ servers: test.mesh.file.nats });
  trunks = [];
  for (const { gateway } of carriers)
    trunks.push(await org.api.post<Trunk>('/api/v1/sip-trunks', { name: gateway, gateway, register: false }));
  for (const trunk of trunks) await untilLive(org, trunk);
  numberId = (await addNumber(org, trunks[0]!, FROM)).id;
  await eventually(async () => (await originate('0486', randomUUID(), [0])) === 'accepted', { timeoutMs: 20_000 });
}, 120_000);
afterAll(async () => {
  await nats?.close();
  await test?.stop();
  await Promise.all(carriers.map((carrier) => carrier.stop()));
  await assistant?.stop();
});

/** What each carrier is to do: the first one `asked`, the second one `second`. */
async function originate(asked: string, call_id: string, over: number[], second = asked): Promise<string> {
  const to = `+1555777${asked}`;
  const request = {
    call_id,
    organization_id: org.id,
    number_id: numberId,
    from: FROM,
    to,
    country: 'US',
    caller_id: FROM,
    target: { kind: 'assistant', id: 17 },
    attempts: over.map((at) => ({
      trunk_id: trunks[at]!.id,
      priority: at,
      chosen_by: 'priority',
      gateway: 'up',
      pool: 'default',
      bridge_id: null,
      dialled: at === 0 ? to : `+1555777${second}`,
    })),
    requested_at: new Date().toISOString(),
    dial_until: new Date(Date.now() + 60_000).toISOString(),
  };
  const reply = await nats.request(
    bridgeRequest(test.mesh.bridges[0]!.bridge.id, 'call.originate'),
    JSON.stringify(request),
    { timeout: 6_000 },
  );
  return originateAnswer.parse(reply.json()).outcome;
}

const ends = (ids: readonly string[]) =>
  eventually(
    async () => {
      const ended = (await callEvents(test)).filter(({ type }) => type === 'CallEnded').map(({ data }) => data);
      const found = ids.map((id) => ended.filter(({ call_id }) => call_id === id));
      return found.every((one) => one.length > 0) ? found : undefined;
    },
    { timeoutMs: 40_000, message: 'all calls to end' },
  );
const count = (all: readonly string[], wanted: string) => all.filter((one) => one === wanted).length;

describe('two carriers', () => {
  it('each outcome is followed by the other carrier, or by nobody, as designed', async () => {
    const before = await Promise.all(carriers.map((carrier) => carrier.invites()));
    const ids = OUTCOMES.map(() => randomUUID());
    // The second carrier answers a number of its own for each, so that it can be counted.
    const answered = OUTCOMES.map((_outcome, at) => `${at % 2 === 0 ? 0 : 2}200`);
    const accepted = await Promise.all(OUTCOMES.map(([asked], at) => originate(asked, ids[at]!, [0, 1], answered[at])));
    expect(new Set(accepted)).toEqual(new Set(['accepted']));
    const found = await ends(ids);
    for (const [at, [asked, reason, next]] of OUTCOMES.entries()) {
      expect(found[at]).toHaveLength(1);
      const first = { reason, sip_status: Number(asked.slice(1)), failed_over: next };
      expect(found[at]![0]!['attempts']).toMatchObject([first, ...(next ? [{ outcome: 'answered' }] : [])]);
    }
    const [first, second] = await Promise.all(carriers.map((carrier) => carrier.invites()));
    for (const [asked] of OUTCOMES) expect(count(first!, asked) - count(before[0]!, asked)).toBe(1);
    expect(second!.length - before[1]!.length).toBe(OUTCOMES.filter(([, , next]) => next).length);
  }, 90_000);

  it('early media, or fifty times 18x: answered once, and no word of the assistant is lost', async () => {
    const [early, flood] = [randomUUID(), randomUUID()];
    const frame = Buffer.alloc(160, 0x2a);
    assistant.onConnection = (connection) => {
      connection.onMessage = ({ event }) => {
        if (event === 'start') connection.say(Buffer.concat([frame, frame, frame, frame, frame]));
      };
    };
    await Promise.all([originate('2200', early, [0]), originate('1200', flood, [0])]);
    for (const ended of await ends([early, flood])) {
      expect(ended).toHaveLength(1);
      expect(ended[0]).toMatchObject({ end_reason: 'called-party-hung-up', attempts: [{ outcome: 'answered' }] });
      expect(ended[0]!['audio']).toMatchObject({ speech_frames_out: 5, frames_out_lost: 0, underruns: 0 });
    }
    const events = (await callEvents(test)).filter(({ data }) => data.call_id === early || data.call_id === flood);
    expect(events.filter(({ type }) => type === 'CallAnswered')).toHaveLength(2);
    for (const id of [early, flood]) {
      const connection = assistant.connections.find((one) =>
        JSON.stringify(one.of('start')).includes(id.replaceAll('-', '')),
      );
      // SIPp echoes what it hears.
      const heard = connection!.of('media').filter((message) => JSON.stringify(message).includes('Kioq'));
      expect(heard.length).toBeGreaterThanOrEqual(5);
    }
  }, 60_000);
});
