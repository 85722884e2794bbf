import { appendFile, mkdtemp, readdir, readFile, readlink, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pino from 'pino';
import { uuidv7 } from 'uuidv7';
import type { NumberedCallEvent } from '@trunkmesh/contracts/call.js';
import { CALLS_STREAM, STREAM_SUBJECTS, USAGE_BUCKET } from '@trunkmesh/contracts/subjects.js';
import type { UsageConfirmation } from '@trunkmesh/contracts/usage.js';
import { connectNats, type NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import { callId } from '@trunkmesh/testkit/call-events.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startNatsServer, type NatsServer } from '@trunkmesh/testkit/nats-server.process.js';
import { answered, ended, started } from './call-record.fixture.js';
import { publishCallEvents } from './call-log.nats.js';
import { CallRecords } from './call-records.fs.js';
import { eventsIn } from './written-events.fixture.js';
import { createNatsLink, type NatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { StoryPart } from './story-part.js';

const logger = pino({ level: 'silent' });
let nats: NatsServer;
let nc: NatsConnection;
let link: NatsLink;
let stateDir: string;
const recorders: { callRecords: CallRecords; dead: boolean }[] = [];

beforeAll(async () => {
  nats = await startNatsServer();
  nc = await connectNats(nats.url, { name: 'spec', logger });
  link = createNatsLink(Promise.resolve(nc));
});
afterAll(async () => {
  await nc?.close();
  await nats?.stop();
});
beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'trunkmesh-call-records-'));
  await (await jetstreamManager(nc)).streams.add({ name: CALLS_STREAM, subjects: [...STREAM_SUBJECTS[CALLS_STREAM]] });
  await new Kvm(nc).create(USAGE_BUCKET);
});
afterEach(async () => {
  await Promise.all(recorders.splice(0).map(({ callRecords }) => callRecords.stop()));
  const manager = await jetstreamManager(nc);
  await manager.streams.delete(CALLS_STREAM);
  await manager.streams.delete(`KV_${USAGE_BUCKET}`);
  await rm(stateDir, { recursive: true, force: true });
});

async function open(): Promise<CallRecords> {
  const life = { callRecords: undefined as unknown as CallRecords, dead: false };
  const own: NatsLink = {
    get connection() {
      return life.dead ? undefined : link.connection;
    },
    onConnected: (listener) => {
      link.onConnected((connection) => {
        if (!life.dead) listener(connection);
      });
    },
  };
  life.callRecords = await CallRecords.start({
    stateDir,
    bridgeId: 'bridge-1',
    link: own,
    publish: publishCallEvents(own),
    logger,
    newId: uuidv7,
  });
  recorders.push(life);
  return life.callRecords;
}

/** As SIGKILL leaves it: cut off from NATS, and nothing that it was about to do is done. */
function kill(callRecords: CallRecords): void {
  recorders.find((life) => life.callRecords === callRecords)!.dead = true;
}

const log = () => eventsIn(nc);
const typesOf = async () => (await log()).map(({ type, data }) => `${type} ${Number(data.call_id.slice(-12))}`);
const numbersOf = async () =>
  (await log())
    .filter((event): event is NumberedCallEvent => 'record_number' in event.data)
    .map(({ data }) => data.record_number);
const epochOf = async () => (await readdir(join(stateDir, 'records')))[0]!;
const files = async () =>
  (await readdir(join(stateDir, 'records', await epochOf()))).map((name) => Number(name.slice(0, 16)));
const confirm = async (through: number, missing: number[] = []) => {
  const confirmation: UsageConfirmation = {
    bridge_id: 'bridge-1',
    bridge_epoch: await epochOf(),
    confirmed_through: through,
    missing,
    at: new Date().toISOString(),
  };
  await (await new Kvm(nc).open(USAGE_BUCKET)).put('bridge-1', JSON.stringify(confirmation));
};

describe("a call's events on their way to the log", () => {
  it(
    'arrive in order, the last one numbered; the call record stays on disk until it is confirmed, and the call is no ' +
      'longer open',
    async () => {
      const callRecords = await open();
      await callRecords.begin(started(1));
      expect(await readdir(join(stateDir, 'open'))).toContain(`${callId(1)}.jsonl`);
      callRecords.answered(answered(1));
      await callRecords.finish(ended(1).final);
      await eventually(async () => (await typesOf()).length === 3);
      expect(await typesOf()).toEqual(['CallStarted 1', 'CallAnswered 1', 'CallEnded 1']);
      expect(await readdir(join(stateDir, 'open'))).not.toContain(`${callId(1)}.jsonl`);
      await callRecords.finish(ended(2).final);
      expect([await files(), callRecords.unconfirmed()]).toEqual([[1, 2], 2]);
      await confirm(2);
      await eventually(() => callRecords.unconfirmed() === 0);
      // The highest stays: the next number is known from it.
      await eventually(async () => {
        expect(await files()).toEqual([2]);
        return true;
      });
    },
  );

  it('keep the file of a call open from its start to its end, and no longer', async () => {
    const held = async () => {
      const names = await readdir('/proc/self/fd');
      const paths = await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')));
      return paths.filter((path) => path.startsWith(join(stateDir, 'open')) && path.includes('.jsonl')).length;
    };
    const callRecords = await open();
    await Promise.all([callRecords.begin(started(1)), callRecords.begin(started(2))]);
    callRecords.answered(answered(1));
    expect(await held()).toBe(2);
    await callRecords.finish(ended(1).final);
    expect(await held()).toBe(1);
    await callRecords.stop();
    expect(await held()).toBe(0);
  });

  it('while NATS is unreachable nothing is lost or duplicated, and the order is kept', async () => {
    const callRecords = await open();
    await nats.halt();
    await eventually(() => link.connection === undefined);
    for (const n of [1, 2, 3]) {
      await callRecords.begin(started(n));
      callRecords.answered(answered(n));
      await callRecords.finish(ended(n).final);
    }
    await callRecords.begin(started(4));
    expect(callRecords.unconfirmed()).toBe(3);
    await nats.start();
    await eventually(() => link.connection !== undefined);
    await eventually(async () => (await typesOf()).length === 10);
    const types = await typesOf();
    for (const n of [1, 2, 3])
      expect(types.filter((type) => type.endsWith(` ${n}`))).toEqual([
        `CallStarted ${n}`,
        `CallAnswered ${n}`,
        `CallEnded ${n}`,
      ]);
    expect(types).toContain('CallStarted 4');
    expect((await numbersOf()).sort()).toEqual([1, 2, 3]);
  });

  it('a confirmation of another epoch confirms nothing', async () => {
    const callRecords = await open();
    await callRecords.finish(ended(1).final);
    const other: UsageConfirmation = {
      bridge_id: 'bridge-1',
      bridge_epoch: uuidv7(),
      confirmed_through: 10,
      missing: [],
      at: new Date().toISOString(),
    };
    await (await new Kvm(nc).open(USAGE_BUCKET)).put('bridge-1', JSON.stringify(other));
    await (await new Kvm(nc).open(USAGE_BUCKET)).put('bridge-1', 'not json');
    await confirm(0);
    await callRecords.finish(ended(2).final);
    expect([await files(), callRecords.unconfirmed()]).toEqual([[1, 2], 2]);
  });

  it('what billing-observer misses is sent again, and what the log has lost too', async () => {
    const callRecords = await open();
    for (const n of [1, 2, 3]) await callRecords.finish(ended(n).final);
    await eventually(async () => (await numbersOf()).length === 3);
    // Another stream of that name: the log has lost everything, and nothing in it stops a repetition.
    const manager = await jetstreamManager(nc);
    await manager.streams.delete(CALLS_STREAM);
    await manager.streams.add({ name: CALLS_STREAM, subjects: [...STREAM_SUBJECTS[CALLS_STREAM]] });
    await confirm(1, [2]);
    await eventually(async () => (await numbersOf()).includes(2), { timeoutMs: 8_000 });
    expect(await numbersOf()).toEqual([2]);
  });

  it('a record that nobody can read holds up no other', async () => {
    const first = await open();
    for (const n of [1, 2]) await first.finish(ended(n).final);
    kill(first);
    await writeFile(join(stateDir, 'records', await epochOf(), `${'1'.padStart(16, '0')}.${callId(1)}.json`), '{"cut');
    const second = await open();
    await second.finish(ended(3).final);
    await eventually(async () => (await numbersOf()).includes(3));
    expect(second.unconfirmed()).toBe(3);
  });
});

describe('killed', () => {
  it('in mid-call: the next start knows the call, and until when it is known to have lasted', async () => {
    const first = await open();
    await first.begin(started(1));
    await first.begin(started(2));
    first.answered(answered(2));
    await eventually(async () => (await log()).length === 3);
    await writeFile(join(stateDir, 'open', 'alive'), '2026-11-23T00:45:00.000Z');
    kill(first);
    const second = await open();
    expect(second.leftOpen.map(({ started: event, answered: answer }) => [event.id, answer?.id])).toEqual([
      [started(1).id, undefined],
      [started(2).id, answered(2).id],
    ]);
    expect(second.lastAlive).toEqual(new Date('2026-11-23T00:45:00.000Z'));
    await second.finish(ended(1).final);
    await second.finish(ended(2).final);
    await eventually(async () => (await numbersOf()).length === 2);
    // The same ids again within the window: stored once.
    expect((await typesOf()).sort()).toEqual([
      'CallAnswered 2',
      'CallEnded 1',
      'CallEnded 2',
      'CallStarted 1',
      'CallStarted 2',
    ]);
  });

  it('during a call: the next start knows what was written of the call, up to the incomplete line', async () => {
    const part = (what: string): StoryPart => ({
      type: 'CallStory',
      timeline: [{ at: '2026-11-23T00:44:10.000Z', what, detail: null }],
      prewarm: null,
      recording: null,
      transfer: null,
    });
    const first = await open();
    await first.begin(started(1));
    void first.keep(callId(1), part('ringing'));
    first.answered(answered(1));
    void first.keep(callId(1), part('stream-connected'));
    void first.keep(callId(2), part('of-a-call-without-a-file'));
    const file = join(stateDir, 'open', `${callId(1)}.jsonl`);
    await eventually(async () => (await readFile(file, 'utf8')).includes('stream-connected'));
    kill(first);
    await appendFile(file, '{"type":"CallStory","timel');
    const second = await open();
    expect(second.leftOpen).toEqual([
      { started: started(1), answered: answered(1), story: [part('ringing'), part('stream-connected')] },
    ]);
  });

  it(
    'in mid-call, after a disk that refused its beginning, and JetStream too: the next start knows it all the ' +
      'same, and no call that has ended meanwhile',
    async () => {
      const part: StoryPart = { type: 'CallStory', timeline: [], prewarm: null, recording: null, transfer: null };
      const first = await open();
      const folder = join(stateDir, 'open');
      await rename(folder, `${folder}-away`);
      for (const n of [1, 2]) await expect(first.begin(started(n))).rejects.toThrow('not acknowledged in time');
      first.answered(answered(1));
      await first.finish(ended(2).final);
      await rename(`${folder}-away`, folder);
      void first.keep(callId(1), part);
      const file = join(folder, `${callId(1)}.jsonl`);
      await eventually(async () => (await readFile(file, 'utf8')).includes('CallStory'));
      // The rest is like any other call.
      void first.keep(callId(1), part);
      await eventually(async () => (await readFile(file, 'utf8')).split('CallStory').length === 3);
      kill(first);
      const second = await open();
      expect(second.leftOpen).toEqual([{ started: started(1), answered: answered(1), story: [part, part] }]);
      await second.finish(ended(1).final);
      expect((await readdir(folder)).filter((name) => name.endsWith('.jsonl'))).toEqual([]);
    },
  );

  it("between a call's record and the end of its open file: one record, no open call", async () => {
    const first = await open();
    await first.begin(started(1));
    await first.finish(ended(1).final);
    await writeFile(join(stateDir, 'open', `${callId(1)}.jsonl`), `${JSON.stringify(started(1))}\n`);
    kill(first);
    const second = await open();
    expect(second.leftOpen).toEqual([]);
    expect(await readdir(join(stateDir, 'open'))).not.toContain(`${callId(1)}.jsonl`);
    expect(await files()).toEqual([1]);
  });

  it('while an open call was being written: a call that nobody answered, forgotten', async () => {
    await open();
    await writeFile(join(stateDir, 'open', `${callId(1)}.jsonl`), JSON.stringify(started(1)).slice(0, 200));
    await writeFile(
      join(stateDir, 'open', `${callId(2)}.jsonl`),
      `${JSON.stringify(started(2))}\n${JSON.stringify(answered(2)).slice(0, 50)}`,
    );
    const next = await open();
    expect(next.leftOpen.map(({ started: event, answered: answer }) => [event.data.call_id, answer])).toEqual([
      [callId(2), null],
    ]);
  });

  it('with records unconfirmed: they are sent again, and numbering goes on', async () => {
    const first = await open();
    for (const n of [1, 2, 3]) await first.finish(ended(n, [started(n)]).final);
    await eventually(async () => (await numbersOf()).length === 3);
    await confirm(2);
    await eventually(() => first.unconfirmed() === 1);
    kill(first);
    const second = await open();
    await second.finish(ended(4).final);
    await eventually(async () => {
      expect(new Set(await numbersOf())).toEqual(new Set([1, 2, 3, 4]));
      return true;
    });
    await eventually(() => second.unconfirmed() === 2);
  });
});
