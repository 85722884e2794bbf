import { appendFile, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pino from 'pino';
import { Webhook } from 'standardwebhooks';
import { callSid } from '@trunkmesh/contracts/call-control.js';
import { callStatusBody } from '@trunkmesh/contracts/call-status.js';
import { ORG, callId } from '@trunkmesh/testkit/call-events.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startSupervised } from '@trunkmesh/testkit/supervised.process.js';
import { draftOf, startReceiver, WHOLE_CALL, type Receiver } from './status-outbox.fixture.js';
import { StatusOutbox, type Endpoint, type StatusOutboxOptions } from './status-outbox.http.js';

const CHILD = join(dirname(fileURLToPath(import.meta.url)), '../../dist/customer/status-outbox-child.fixture.js');
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLjSw';
let folder: string;
let logged: string[];
const receivers: Receiver[] = [];
const running: StatusOutbox[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trunkmesh-statuses-'));
  logged = [];
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((outbox) => outbox.stop()));
  await Promise.all(receivers.splice(0).map((receiver) => receiver.halt()));
  await rm(folder, { recursive: true, force: true });
});

async function receive(): Promise<Receiver> {
  const receiver = await startReceiver();
  receivers.push(receiver);
  return receiver;
}
const to = ({ url }: Pick<Receiver, 'url'>): Endpoint => ({ url, secret: SECRET, allowPrivate: true });
async function open(
  endpoint: StatusOutboxOptions['endpointOf'],
  more: Partial<StatusOutboxOptions> = {},
): Promise<StatusOutbox> {
  const logger = pino(
    { level: 'debug' },
    {
      write: (line: string) => {
        logged.push(line);
      },
    },
  );
  const outbox = await StatusOutbox.start({
    folder,
    endpointOf: endpoint,
    logger,
    isLive: () => false,
    pauses: { firstMs: 10, maxMs: 100 },
    lingerMs: 0,
    sweepMs: 20,
    ...more,
  });
  running.push(outbox);
  return outbox;
}
async function stop(outbox: StatusOutbox): Promise<void> {
  running.splice(running.indexOf(outbox), 1);
  await outbox.stop();
}
const tellAll = (outbox: StatusOutbox, n: number, more = {}) =>
  Promise.all(WHOLE_CALL.map((status) => outbox.tell(draftOf(n, status, more))));
const files = async () => (await readdir(folder)).filter((name) => name !== 'given-up');
const untilEmpty = (outbox: StatusOutbox) =>
  eventually(async () => outbox.waiting() === 0 && (await files()).length === 0, {
    timeoutMs: 20_000,
    message: 'nothing to be left',
  });
const ALL = WHOLE_CALL.map((_status, nth) => nth + 1);
const calls = (count: number) => Array.from({ length: count }, (_none, nth) => nth);

describe('the statuses of a call', () => {
  it('arrive in order, each signed and with an id of its own, and leave nothing behind', async () => {
    const receiver = await receive();
    const outbox = await open(() => to(receiver));
    await tellAll(outbox, 1);
    await untilEmpty(outbox);
    expect(receiver.received.map(({ body }) => [body.sequence, body.type, body.status])).toEqual(
      WHOLE_CALL.map((status, nth) => [nth + 1, `call.${status}`, status]),
    );
    for (const { text, headers, body } of receiver.received) {
      expect(callStatusBody.parse(new Webhook(SECRET).verify(text, headers as Record<string, string>))).toEqual(body);
      expect(headers).toMatchObject({
        'webhook-id': `${callSid(callId(1))}.${body.sequence}.${body.status}`,
        'content-type': 'application/json',
      });
    }
    expect(logged.join('')).not.toMatch(/hidden|sip-status|whsec/);
  });

  it('are tried again until they are accepted, the next one not before', async () => {
    const receiver = await receive();
    const tries = new Map<number, number>();
    receiver.answer = (response, { body: { sequence } }) => {
      tries.set(sequence, (tries.get(sequence) ?? 0) + 1);
      response.writeHead(tries.get(sequence)! < 4 ? 500 : 204).end();
    };
    const outbox = await open(() => to(receiver));
    await tellAll(outbox, 1);
    await untilEmpty(outbox);
    expect(receiver.received.map(({ body }) => body.sequence)).toEqual(
      ALL.flatMap((sequence) => [sequence, sequence, sequence, sequence]),
    );
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(ALL.length);
  });

  it('cost nothing where no status URL is set', async () => {
    const outbox = await open(() => undefined);
    await tellAll(outbox, 1);
    expect([await files(), outbox.waiting()]).toEqual([[], 0]);
  });

  it("lost from the disk in a power cut are replaced by the call's end", async () => {
    const receiver = await receive();
    const first = await open(() => to(receiver));
    await first.tell(draftOf(1, 'initiated'));
    await eventually(() => first.waiting() === 0);
    await stop(first);
    await rm(join(folder, `${callId(1)}.jsonl`));
    const second = await open(() => to(receiver));
    await second.tell(draftOf(1, 'failed'));
    await untilEmpty(second);
    expect(receiver.received.map(({ body: { sequence, status } }) => [sequence, status])).toEqual([
      [1, 'initiated'],
      [1, 'failed'],
    ]);
    expect(receiver.sequences().get(callId(1))).toEqual([1, 1]);
  });

  it('of a call that started without a status URL: only its end is sent', async () => {
    const receiver = await receive();
    const known: { endpoint?: Endpoint } = {};
    const outbox = await open(() => known.endpoint);
    await outbox.tell(draftOf(1, 'initiated'));
    known.endpoint = to(receiver);
    await Promise.all([outbox.tell(draftOf(1, 'ringing')), outbox.tell(draftOf(1, 'completed'))]);
    await untilEmpty(outbox);
    expect(receiver.received.map(({ body }) => [body.sequence, body.status])).toEqual([[1, 'completed']]);
  });

  it('wait until it is known where to', async () => {
    const receiver = await receive();
    let endpoint: Endpoint | 'not-known-yet' | undefined = 'not-known-yet';
    const outbox = await open((organization) => (organization === ORG ? endpoint : undefined));
    await tellAll(outbox, 1);
    expect([outbox.waiting(), (await files()).length]).toEqual([4, 1]);
    endpoint = to(receiver);
    await untilEmpty(outbox);
    expect(receiver.sequences().get(callId(1))).toEqual(ALL);
  });

  it('that waited for a URL of which there is none are thrown away', async () => {
    const known: { endpoint: 'not-known-yet' | undefined } = { endpoint: 'not-known-yet' };
    const outbox = await open(() => known.endpoint);
    await tellAll(outbox, 1);
    known.endpoint = undefined;
    await untilEmpty(outbox);
    expect(await readdir(join(folder, 'given-up'))).toEqual([]);
  });

  it('end once, though a killed agent ends the call again', async () => {
    const receiver = await receive();
    const first = await open(() => to(receiver), { lingerMs: 60_000 });
    await tellAll(first, 1);
    await first.tell(draftOf(1, 'failed'));
    await eventually(() => first.waiting() === 0);
    await stop(first);
    const second = await open(() => to(receiver), { lingerMs: 60_000 });
    await second.tell(draftOf(1, 'failed'));
    await second.tell(draftOf(2, 'busy'));
    await eventually(() => second.waiting() === 0);
    expect(receiver.received.map(({ body }) => body.status)).toEqual([...WHOLE_CALL, 'busy']);
    await stop(second);
    await untilEmpty(await open(() => to(receiver)));
  });

  it.each(['', '{"type":"call.comp', '\0\0\0\0', 'null\n', '{"delivered":9}\n', '{"delivered":'])(
    'go on where they were whole when the last line was cut short: %j',
    async (torn) => {
      const receiver = await receive();
      await receiver.halt();
      const first = await open(() => to(receiver));
      for (const status of WHOLE_CALL.slice(0, 2)) await first.tell(draftOf(1, status));
      await stop(first);
      await appendFile(join(folder, `${callId(1)}.jsonl`), torn);
      await receiver.start();
      const second = await open(() => to(receiver));
      for (const status of WHOLE_CALL.slice(2)) await second.tell(draftOf(1, status));
      await untilEmpty(second);
      expect(receiver.sequences().get(callId(1))).toEqual(ALL);
    },
  );

  it('are not sent for a call that has a path as its id', async () => {
    const receiver = await receive();
    const outbox = await open(() => to(receiver));
    await outbox.tell(draftOf(1, 'busy', { call_id: '../../etc/passwd' }));
    expect([outbox.waiting(), await files()]).toEqual([0, []]);
  });
});

describe('an endpoint that fails', () => {
  it.each<[string, (receiver: Receiver) => void]>([
    ['is unreachable', () => undefined],
    [
      'never answers',
      (receiver) => {
        receiver.answer = () => undefined;
      },
    ],
    [
      'refuses everything',
      (receiver) => {
        receiver.answer = (response) => {
          response.writeHead(500).end();
        };
      },
    ],
    [
      'redirects',
      (receiver) => {
        receiver.answer = (response) => {
          response.writeHead(307, { location: receiver.url }).end();
        };
      },
    ],
    [
      'is gone',
      (receiver) => {
        receiver.answer = (response) => {
          response.writeHead(410).end();
        };
      },
    ],
  ])('and %s delays nobody else, takes few connections, and gets everything when it works again', async (how, fail) => {
    const [bad, good] = [await receive(), await receive()];
    const working = bad.answer;
    fail(bad);
    if (how === 'is unreachable') await bad.halt();
    const outbox = await open((_organization, number) => to(number === null ? good : bad), { deadlineMs: 500 });
    await Promise.all(calls(100).map((n) => tellAll(outbox, n, { number_id: 'bad' })));
    await Promise.all(calls(20).map((n) => tellAll(outbox, 1_000 + n)));
    // Received is not yet delivered: the last answer may still be on its way back.
    await eventually(() => good.received.length === 80 && outbox.waiting() === 400);
    expect(bad.open.most).toBeLessThanOrEqual(8);
    await eventually(() => logged.some((line) => line.includes('cannot deliver call statuses')));
    bad.answer = working;
    if (how === 'is unreachable') await bad.start();
    await untilEmpty(outbox);
    for (const n of calls(100)) expect(bad.sequences().get(callId(n))).toEqual(ALL);
    expect(logged.filter((line) => line.includes('delivering call statuses to this host again'))).toHaveLength(1);
  });

  it('gets what waits at the URL that was put right', async () => {
    const right = await receive();
    let url = 'http://127.0.0.1:1/wrong';
    const outbox = await open(() => to({ url }));
    await Promise.all(calls(50).map((n) => tellAll(outbox, n)));
    await eventually(() => logged.some((line) => line.includes('cannot deliver call statuses')));
    ({ url } = right);
    await untilEmpty(outbox);
    for (const n of calls(50)) expect(right.sequences().get(callId(n))).toEqual(ALL);
  });

  it('is not asked before Retry-After', async () => {
    const receiver = await receive();
    receiver.answer = (response) => {
      response.writeHead(429, { 'retry-after': '3600' }).end();
    };
    let elapsed = 0;
    const outbox = await open(() => to(receiver), { now: () => Date.now() + elapsed });
    await tellAll(outbox, 1);
    await eventually(() => receiver.received.length === 1);
    receiver.answer = (response) => {
      response.writeHead(204).end();
    };
    elapsed = 3_500_000;
    const other = await receive();
    const second = await StatusOutbox.start({
      folder: join(folder, 'other'),
      endpointOf: () => to(other),
      logger: pino({ level: 'silent' }),
      isLive: () => false,
    });
    running.push(second);
    await tellAll(second, 1);
    await eventually(() => other.received.length === 4);
    expect(receiver.received).toHaveLength(1);
    elapsed = 3_601_000;
    await eventually(() => outbox.waiting() === 0);
    expect(receiver.sequences().get(callId(1))).toEqual(ALL);
  });

  it('never leads into a private network', async () => {
    const receiver = await receive();
    const outbox = await open(() => ({ ...to(receiver), allowPrivate: false }));
    await tellAll(outbox, 1);
    await eventually(() => logged.some((line) => line.includes('private-address')));
    expect([receiver.received.length, outbox.waiting()]).toEqual([0, 4]);
  });

  it('gets nothing that should be signed and cannot be', async () => {
    const receiver = await receive();
    const outbox = await open(() => ({ ...to(receiver), secret: '' }));
    await tellAll(outbox, 1);
    await eventually(() => logged.some((line) => line.includes('the signing secret cannot be decrypted')));
    expect([receiver.received.length, outbox.waiting()]).toEqual([0, 4]);
  });

  it('is given up after the retention, which is said, and kept for a while', async () => {
    const receiver = await receive();
    await receiver.halt();
    let elapsed = 0;
    const live = new Set([callId(2)]);
    const outbox = await open(() => to(receiver), { now: () => Date.now() + elapsed, isLive: (id) => live.has(id) });
    await tellAll(outbox, 1);
    await outbox.tell(draftOf(2, 'initiated'));
    elapsed = 72 * 3_600_000 + 1;
    await eventually(async () => (await readdir(join(folder, 'given-up'))).length === 1);
    expect([outbox.waiting(), await files(), await readdir(join(folder, 'given-up'))]).toEqual([
      1,
      [`${callId(2)}.jsonl`],
      [`${callId(1)}.jsonl`],
    ]);
    expect(logged.map((line) => JSON.parse(line) as object)).toContainEqual(
      expect.objectContaining({ level: 50, call_id: callId(1), statuses: 4 }),
    );
    expect(logged.join('')).not.toMatch(/hidden|sip-status|whsec/);
  });

  it('keeps no more calls than there may be: the oldest make room', async () => {
    const receiver = await receive();
    await receiver.halt();
    const outbox = await open(() => to(receiver), { maxCalls: 3 });
    for (const n of calls(5)) await tellAll(outbox, n);
    await eventually(async () => (await readdir(join(folder, 'given-up'))).length === 2);
    // One that is being sent at that moment is left alone, and the next oldest goes in its place.
    const kept = await files();
    expect([kept.length, kept.includes(`${callId(3)}.jsonl`), kept.includes(`${callId(4)}.jsonl`)]).toEqual([
      3,
      true,
      true,
    ]);
  });
});

it('after a restart it is still the oldest calls that make room', async () => {
  const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();
  const first = await open(() => 'not-known-yet');
  for (const n of calls(6)) await first.tell(draftOf(n, 'busy', { timestamp: hoursAgo(n) }));
  await stop(first);
  const second = await open(() => 'not-known-yet', { maxCalls: 3 });
  await eventually(async () => (await readdir(join(folder, 'given-up'))).length === 3);
  expect([second.waiting(), await files()]).toEqual([3, calls(3).map((n) => `${callId(n)}.jsonl`)]);
});

describe('a disk', () => {
  it('that refuses is asked again, and nothing is sent that is not written', async () => {
    const receiver = await receive();
    const outbox = await open(() => to(receiver));
    await rename(folder, `${folder}-away`);
    const telling = tellAll(outbox, 1);
    await eventually(() => outbox.trouble() !== undefined);
    expect([receiver.received.length, outbox.waiting(), outbox.trouble()]).toEqual([
      0,
      4,
      'call statuses cannot be written: ENOENT',
    ]);
    await rename(`${folder}-away`, folder);
    await telling;
    await untilEmpty(outbox);
    expect([receiver.sequences().get(callId(1)), outbox.trouble()]).toEqual([ALL, undefined]);
  });
});

describe('a disk that refuses for long', () => {
  it('does not delay the caller of tell()', async () => {
    const receiver = await receive();
    const outbox = await open(() => to(receiver));
    await rename(folder, `${folder}-away`);
    await tellAll(outbox, 1);
    expect([receiver.received.length, outbox.waiting()]).toEqual([0, 4]);
    await rename(`${folder}-away`, folder);
    await untilEmpty(outbox);
    expect(receiver.sequences().get(callId(1))).toEqual(ALL);
  });
});

describe('files of the life before', () => {
  it('that cannot be read hold up none of the others, and are said once', async () => {
    const receiver = await receive();
    await receiver.halt();
    const first = await open(() => to(receiver));
    await Promise.all(calls(20).map((n) => tellAll(first, 100 + n)));
    await stop(first);
    // As many as are read at once, and the first by name.
    for (const n of calls(4)) await mkdir(join(folder, `${callId(n)}.jsonl`));
    await receiver.start();
    const second = await open(() => to(receiver));
    await eventually(() => receiver.sequences().size === 20 && second.waiting() === 4);
    for (const n of calls(20)) expect(receiver.sequences().get(callId(100 + n))).toEqual(ALL);
    expect(second.trouble()).toMatch(/EISDIR/);
    expect(logged.filter((line) => line.includes('cannot write'))).toHaveLength(1);
  });
});

describe('an agent', () => {
  it('that is killed in the middle goes on exactly where it was', async () => {
    const receiver = await receive();
    const log = join(folder, 'promised');
    const state = join(folder, 'state');
    await mkdir(state);
    let first = 0;
    for (let life = 0; life < 3; life += 1) {
      const before = receiver.received.length;
      const child = await startSupervised(
        process.execPath,
        [CHILD, JSON.stringify({ folder: state, urls: [receiver.url], first })],
        { logFile: log },
      );
      await eventually(() => receiver.received.length > before + 60);
      child.signal('SIGKILL');
      await child.exited;
      first += 10_000;
    }
    const promised = new Map<string, number>();
    for (const [, n] of (await readFile(log, 'utf8')).matchAll(/^(\d+) [a-z]+$/gm))
      promised.set(callId(Number(n)), (promised.get(callId(Number(n))) ?? 0) + 1);
    expect(promised.size).toBeGreaterThan(30);
    const outbox = await open(() => to(receiver), { folder: state, lingerMs: 60_000 });
    // What the agent says of the calls that it finds again, whether it had said so before it was killed or not.
    for (const call of promised.keys()) await outbox.tell(draftOf(Number(call.slice(-12)), 'failed'));
    await eventually(() => outbox.waiting() === 0, { timeoutMs: 20_000 });
    for (const [call, count] of promised) {
      const sequences = receiver.sequences().get(call) ?? [];
      expect(sequences).toEqual(sequences.map((_sequence, nth) => nth + 1));
      expect(sequences.length).toBeGreaterThanOrEqual(count);
      expect(
        receiver.received
          .filter(({ body }) => body.call_id === call && ['completed', 'failed'].includes(body.status))
          .map(({ body }) => body.sequence),
      ).toContain(sequences.length);
    }
  });

  it('that has many requests under way says nothing of a leak', async () => {
    const receiver = await receive();
    receiver.answer = () => undefined;
    const log = join(folder, 'said');
    const state = join(folder, 'state');
    await mkdir(state);
    // Two hosts, of which each takes eight.
    const urls = [receiver.url, receiver.url.replace('127.0.0.1', 'localhost')];
    const child = await startSupervised(process.execPath, [CHILD, JSON.stringify({ folder: state, urls, first: 0 })], {
      logFile: log,
    });
    await eventually(() => receiver.open.now === 16);
    child.signal('SIGKILL');
    await child.exited;
    expect(await readFile(log, 'utf8')).not.toMatch(/Warning/);
  });
});
