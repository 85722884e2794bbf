import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startCarrierMesh, type CarrierMesh } from '../carrier-mesh.fixture.js';
import { callEvents } from '../mesh.fixture.js';

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

let mesh: CarrierMesh;

beforeAll(async () => {
  const places = ['127.0.0.71', '127.0.0.72'].map((address) => ({ address, talkMs: TALKS_MS }));
  mesh = await startCarrierMesh(FROM, places);
  await eventually(async () => (await mesh.originate(randomUUID(), [[0, '0486']])) === 'accepted', {
    timeoutMs: 20_000,
  });
}, 120_000);
afterAll(() => mesh?.stop());

const ends = (ids: readonly string[]) =>
  eventually(
    async () => {
      const ended = (await callEvents(mesh.test)).filter(({ type }) => type === 'CallEnded').map(({ data }) => data);
      const found = ids.map((id) => ended.filter(({ call_id }) => call_id === id));
      return found.every((one) => one.length > 0) ? found : undefined;
    },
    { timeoutMs: 40_000, message: 'all calls to end' },
  );
const count = (all: readonly string[], wanted: string) => all.filter((one) => one === wanted).length;

describe('two carriers', () => {
  it('each outcome is followed by the other carrier, or by nobody, as designed', async () => {
    const before = await Promise.all(mesh.carriers.map((carrier) => carrier.invites()));
    const ids = OUTCOMES.map(() => randomUUID());
    // The second carrier answers a number of its own for each, so that it can be counted.
    const answered = OUTCOMES.map((_outcome, at) => `${at % 2 === 0 ? 0 : 2}200`);
    const accepted = await Promise.all(
      OUTCOMES.map(([asked], at) =>
        mesh.originate(ids[at]!, [
          [0, asked],
          [1, answered[at]!],
        ]),
      ),
    );
    expect(new Set(accepted)).toEqual(new Set(['accepted']));
    const found = await ends(ids);
    for (const [at, [asked, reason, next]] of OUTCOMES.entries()) {
      expect(found[at]).toHaveLength(1);
      const first = { reason, sip_status: Number(asked.slice(1)), failed_over: next };
      expect(found[at]![0]!['attempts']).toMatchObject([first, ...(next ? [{ outcome: 'answered' }] : [])]);
    }
    const [first, second] = await Promise.all(mesh.carriers.map((carrier) => carrier.invites()));
    for (const [asked] of OUTCOMES) expect(count(first!, asked) - count(before[0]!, asked)).toBe(1);
    expect(second!.length - before[1]!.length).toBe(OUTCOMES.filter(([, , next]) => next).length);
  }, 90_000);

  it('early media, or fifty times 18x: answered once, and no word of the assistant is lost', async () => {
    const [early, flood] = [randomUUID(), randomUUID()];
    const frame = Buffer.alloc(160, 0x2a);
    mesh.assistant.onConnection = (connection) => {
      connection.onMessage = ({ event }) => {
        if (event === 'start') connection.say(Buffer.concat([frame, frame, frame, frame, frame]));
      };
    };
    await Promise.all([mesh.originate(early, [[0, '2200']]), mesh.originate(flood, [[0, '1200']])]);
    for (const ended of await ends([early, flood])) {
      expect(ended).toHaveLength(1);
      expect(ended[0]).toMatchObject({ end_reason: 'called-party-hung-up', attempts: [{ outcome: 'answered' }] });
      expect(ended[0]!['audio']).toMatchObject({ speech_frames_out: 5, frames_out_lost: 0, underruns: 0 });
    }
    const events = (await callEvents(mesh.test)).filter(({ data }) => data.call_id === early || data.call_id === flood);
    expect(events.filter(({ type }) => type === 'CallAnswered')).toHaveLength(2);
    for (const id of [early, flood]) {
      const connection = mesh.assistant.connections.find((one) =>
        JSON.stringify(one.of('start')).includes(id.replaceAll('-', '')),
      );
      // SIPp echoes what it hears.
      const heard = connection!.of('media').filter((message) => JSON.stringify(message).includes('Kioq'));
      expect(heard.length).toBeGreaterThanOrEqual(5);
    }
  }, 60_000);
});
