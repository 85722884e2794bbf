import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { jetstreamManager } from '@nats-io/jetstream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pino from 'pino';
import type { CallRecordingStored } from '@trunkmesh/contracts/call.js';
import { CALLS_STREAM, STREAM_SUBJECTS, callSubject } from '@trunkmesh/contracts/subjects.js';
import { connectNats, type NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import { startOpsServer } from '@trunkmesh/runtime/ops.http.js';
import { startTelemetry } from '@trunkmesh/runtime/telemetry.otel.js';
import { ORG, callId } from '@trunkmesh/testkit/call-events.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startNatsServer, type NatsServer } from '@trunkmesh/testkit/nats-server.process.js';
import { startS3Bucket, type S3Bucket } from '@trunkmesh/testkit/s3/bucket.http.js';
import { startSupervised } from '@trunkmesh/testkit/supervised.process.js';
import { publishCallEvents } from '../call-record/call-log.nats.js';
import { eventsIn } from '../call-record/written-events.fixture.js';
import { createNatsLink, type NatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { BucketSettings } from './recording-bucket.http.js';
import { keyOf, partiesOf, wav, writeRecording } from './recordings.fixture.js';
import { readPiece } from './recording-piece.fs.js';
import { StoredRecordings, type Recordings, type RecordingsOptions } from './recordings.fs.js';

const CHILD = join(dirname(fileURLToPath(import.meta.url)), '../../dist/recording/recordings-child.fixture.js');
let nats: NatsServer;
let nc: NatsConnection;
let link: NatsLink;
let s3: S3Bucket;
let folder: string;
let logged: string[];
const running: Recordings[] = [];

beforeAll(async () => {
  nats = await startNatsServer();
  const logger = pino({ level: 'silent' });
  nc = await connectNats(nats.url, { name: 'spec', logger });
  link = createNatsLink(Promise.resolve(nc));
});
afterAll(async () => {
  await nc?.close();
  await nats?.stop();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trunkmesh-recordings-'));
  s3 = await startS3Bucket();
  logged = [];
  await (await jetstreamManager(nc)).streams.add({ name: CALLS_STREAM, subjects: [...STREAM_SUBJECTS[CALLS_STREAM]] });
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((recordings) => recordings.stop()));
  await s3.halt();
  await (await jetstreamManager(nc)).streams.delete(CALLS_STREAM);
  await rm(folder, { recursive: true, force: true });
});

const settings = (more: Partial<BucketSettings> = {}): BucketSettings => ({
  endpoint: s3.endpoint,
  region: s3.keys.region,
  bucket: s3.name,
  prefix: 'calls/',
  forcePathStyle: true,
  credentials: { accessKeyId: s3.keys.accessKeyId, secretAccessKey: s3.keys.secretAccessKey },
  ...more,
});

async function open(more: Partial<RecordingsOptions> = {}): Promise<Recordings> {
  const logger = pino(
    { level: 'debug' },
    {
      write: (line: string) => {
        logged.push(line);
      },
    },
  );
  const recordings = await StoredRecordings.start({
    folder,
    bucket: settings(),
    publish: publishCallEvents(link),
    isLive: () => false,
    logger,
    freeBytes: 0,
    ...more,
  });
  running.push(recordings);
  return recordings;
}

const events = async () => (await eventsIn(nc)) as CallRecordingStored[];
const recordingsInLog = async () => (await events()).map(({ data }) => data.recording);
const untilEmpty = (recordings: Recordings) =>
  eventually(async () => recordings.waiting() === 0 && (await readdir(folder)).length === 0, {
    timeoutMs: 20_000,
    message: 'nothing to be left',
  });

describe('a recording', () => {
  it('is ordered with its place, stored, said in the log, and only then deleted', async () => {
    const recordings = await open();
    const order = await recordings.begin(partiesOf(1));
    expect(order).toEqual({
      commands: [
        'sendmsg\ncall-command: execute\nexecute-app-name: multiset\nexecute-app-arg: RECORD_STEREO=true ' +
          'RECORD_MIN_SEC=0 record_sample_rate=8000 enable_file_write_buffering=false',
        `sendmsg\ncall-command: execute\nexecute-app-name: record_session\nexecute-app-arg: ${folder}/${callId(1)}.wav`,
      ],
      recording: {
        state: 'pending',
        location: `s3://recordings/${keyOf(1)}`,
        bytes: null,
        duration_ms: null,
        detail: null,
      },
    });
    await writeRecording(folder, 1, wav(2_500));
    recordings.ended(callId(1));
    recordings.ended(callId(1));
    await untilEmpty(recordings);
    expect(s3.objects.get(keyOf(1))).toEqual({ bytes: wav(2_500), contentType: 'audio/wav' });
    const [event, ...more] = await events();
    expect(more).toEqual([]);
    expect(event).toMatchObject({
      type: 'CallRecordingStored',
      subject: callSubject(ORG, callId(1)),
      data: {
        ...partiesOf(1),
        recording: {
          state: 'stored',
          location: `s3://recordings/${keyOf(1)}`,
          bytes: 80_044,
          duration_ms: 2_500,
          detail: null,
        },
      },
    });
    recordings.ended(callId(1));
    recordings.ended(callId(2));
    await untilEmpty(recordings);
    expect([(await events()).length, recordings.trouble()]).toEqual([1, undefined]);
  });

  it('that is large goes in parts, byte for byte', async () => {
    const recordings = await open();
    await recordings.begin(partiesOf(1));
    await writeRecording(folder, 1, wav(400_000));
    recordings.ended(callId(1));
    await untilEmpty(recordings);
    expect(s3.objects.get(keyOf(1))!.bytes.equals(wav(400_000))).toBe(true);
    expect([s3.requests.filter(({ part }) => part !== undefined).length, s3.unfinished()]).toEqual([3, 0]);
  });

  it('stays where it is without a bucket', async () => {
    const recordings = await open({ bucket: undefined });
    const order = await recordings.begin(partiesOf(1));
    expect(order).toMatchObject({ recording: { location: join(folder, `${callId(1)}.wav`) } });
    await writeRecording(folder, 1, wav(1_000));
    recordings.ended(callId(1));
    await eventually(async () => (await readdir(folder)).join() === `${callId(1)}.wav`);
    expect(await recordingsInLog()).toEqual([
      { state: 'local', location: join(folder, `${callId(1)}.wav`), bytes: 32_044, duration_ms: 1_000, detail: null },
    ]);
  });

  it('is counted by what became of it, and while it waits', async () => {
    const telemetry = startTelemetry('test', {});
    const ops = await startOpsServer({ port: 0, telemetry, ready: () => ({}), logger: pino({ level: 'silent' }) });
    try {
      const metrics = async () =>
        (await (await fetch(`http://127.0.0.1:${ops.port}/metrics`)).text())
          .split('\n')
          .filter((line) => line.startsWith('trunkmesh_recordings'))
          .sort();
      const recordings = await open();
      await recordings.begin(partiesOf(1));
      await recordings.begin(partiesOf(2));
      await writeRecording(folder, 1, wav(1_000));
      await s3.halt();
      for (const n of [1, 2]) recordings.ended(callId(n));
      await eventually(() => recordings.trouble() !== undefined && recordings.waiting() === 1);
      expect(await metrics()).toEqual([
        'trunkmesh_recordings_total{outcome="failed"} 1',
        'trunkmesh_recordings_waiting 1',
      ]);
      await s3.start();
      await untilEmpty(recordings);
      expect(await metrics()).toEqual([
        'trunkmesh_recordings_total{outcome="failed"} 1',
        'trunkmesh_recordings_total{outcome="stored"} 1',
        'trunkmesh_recordings_waiting 0',
      ]);
    } finally {
      await ops.stop();
      await telemetry.shutdown();
    }
  });

  it('that FreeSWITCH could not finish is finished here', async () => {
    await writeRecording(folder, 1, Buffer.concat([wav(3_000, { killed: true }), Buffer.from([1])]), { quiet: true });
    const recordings = await open({ bucket: undefined });
    await recordings.begin(partiesOf(1));
    recordings.ended(callId(1));
    await eventually(async () => (await events()).length === 1);
    expect((await readFile(join(folder, `${callId(1)}.wav`))).subarray(0, -1).equals(wav(3_000))).toBe(true);
    expect(await recordingsInLog()).toMatchObject([{ state: 'local', duration_ms: 3_000 }]);
  });

  it('that never came, or holds no sound, has failed', async () => {
    await writeRecording(folder, 2, Buffer.alloc(0), { quiet: true });
    await writeRecording(folder, 3, wav(0), { quiet: true });
    const recordings = await open();
    for (const n of [1, 2, 3]) {
      await recordings.begin(partiesOf(n));
      recordings.ended(callId(n));
    }
    await untilEmpty(recordings);
    expect((await recordingsInLog()).map(({ state, detail }) => [state, detail])).toEqual(
      [1, 2, 3].map(() => ['failed', 'FreeSWITCH wrote no sound']),
    );
    expect(s3.requests).toEqual([]);
  });

  it('is not begun where there is no space, nor for an id or a folder that FreeSWITCH would misread', async () => {
    const recordings = await open({ freeBytes: Number.MAX_SAFE_INTEGER });
    expect(await recordings.begin(partiesOf(1))).toBe('too little space is left for recordings');
    expect(await recordings.begin(partiesOf(1, { call_id: '../../etc/passwd' }))).toBe(
      "the call's id is not FreeSWITCH's",
    );
    for (const bad of ['relative', '/with blank', '/a,b', '/a/../b', '/{x}', '/$x', '/a\nb', '/'])
      await expect(
        StoredRecordings.start({
          folder: bad,
          bucket: undefined,
          publish: async () => undefined,
          isLive: () => false,
          logger: pino({ level: 'silent' }),
        }),
      ).rejects.toThrow(TypeError);
    expect(await readdir(folder)).toEqual([]);
  });
});

it("the folder is made writable for FreeSWITCH's group, and one that is there stays as its owner made it", async () => {
  const umask = process.umask(0o022);
  try {
    await open({ folder: join(folder, 'made') });
    await open({ folder });
  } finally {
    process.umask(umask);
  }
  expect([(await stat(join(folder, 'made'))).mode & 0o777, (await stat(folder)).mode & 0o777]).toEqual([0o770, 0o700]);
});

describe('nothing is lost', () => {
  it('while the bucket is unreachable', async () => {
    const recordings = await open();
    await s3.halt();
    await recordings.begin(partiesOf(1));
    await writeRecording(folder, 1, wav(1_000));
    recordings.ended(callId(1));
    expect(await eventually(() => recordings.trouble())).toMatch(
      /^recordings cannot be stored: no answer from the bucket: /,
    );
    expect([(await readdir(folder)).sort(), await events(), recordings.waiting()]).toEqual([
      [`${callId(1)}.json`, `${callId(1)}.wav`],
      [],
      1,
    ]);
    await s3.start();
    await untilEmpty(recordings);
    expect([s3.objects.size, recordings.trouble()]).toEqual([1, undefined]);
  });

  it('while NATS is unreachable: uploaded once, deleted when the log has it', async () => {
    const recordings = await open();
    await nats.halt();
    await eventually(() => link.connection === undefined);
    for (const n of [1, 2]) {
      await recordings.begin(partiesOf(n));
      await writeRecording(folder, n, wav(1_000));
      recordings.ended(callId(n));
    }
    await eventually(async () =>
      (await Promise.all([1, 2].map((n) => readFile(join(folder, `${callId(n)}.json`), 'utf8')))).every((text) =>
        text.includes('"stored"'),
      ),
    );
    expect([s3.objects.size, (await readdir(folder)).length, recordings.waiting()]).toEqual([2, 4, 2]);
    await nats.start();
    await untilEmpty(recordings);
    expect((await events()).length).toBe(2);
    expect(s3.requests.filter(({ method }) => method === 'PUT').length).toBe(2);
  });

  it('when the agent is killed in the middle of an upload', async () => {
    await writeRecording(folder, 1, wav(400_000));
    let reached = () => {};
    const inside = new Promise<void>((resolve) => {
      reached = resolve;
    });
    let answers = 0;
    s3.before = async ({ part }) => {
      if (part !== 2 || answers > 0) return undefined;
      answers += 1;
      reached();
      return new Promise(() => undefined);
    };
    const child = await startSupervised(process.execPath, [CHILD, JSON.stringify({ folder, bucket: settings() })]);
    await inside;
    child.signal('SIGKILL');
    await child.exited;
    expect([(await readdir(folder)).sort(), s3.objects.size, s3.unfinished()]).toEqual([
      [`${callId(1)}.json`, `${callId(1)}.wav`],
      0,
      1,
    ]);
    const live = new Set([callId(1)]);
    const recordings = await open({ isLive: (id) => live.has(id) });
    expect(recordings.waiting()).toBe(0);
    live.clear();
    recordings.ended(callId(1));
    await untilEmpty(recordings);
    expect(s3.objects.get(keyOf(1))!.bytes.equals(wav(400_000))).toBe(true);
    expect(await recordingsInLog()).toMatchObject([{ state: 'stored', duration_ms: 400_000 }]);
  });

  it('when it was killed between the bucket and the log: the same event, and no second upload', async () => {
    await nats.halt();
    await eventually(() => link.connection === undefined);
    const first = await open();
    await first.begin(partiesOf(1));
    await writeRecording(folder, 1, wav(1_000));
    first.ended(callId(1));
    const sidecar = await eventually(async () => {
      const text = await readFile(join(folder, `${callId(1)}.json`), 'utf8');
      return text.includes('"stored"') && text;
    });
    await first.stop();
    await nats.start();
    await eventually(() => link.connection !== undefined);
    const second = await open();
    await untilEmpty(second);
    expect(await events()).toEqual([(JSON.parse(sidecar) as { event: unknown }).event]);
    expect(s3.requests.filter(({ method }) => method === 'PUT').length).toBe(1);
    // What the log has taken once it takes once more only after a long time; its readers know the id.
    const third = await open();
    await third.begin(partiesOf(1));
    third.ended(callId(1));
    await untilEmpty(third);
    expect((await events()).length).toBe(1);
  });

  it('logs a refused bucket key without the secret, deletes nothing, and stores once the key is right', async () => {
    const wrong = `wrong-${'x'.repeat(32)}`;
    const recordings = await open({
      bucket: settings({ credentials: { accessKeyId: s3.keys.accessKeyId, secretAccessKey: wrong } }),
    });
    await recordings.begin(partiesOf(1));
    await writeRecording(folder, 1, wav(1_000));
    recordings.ended(callId(1));
    expect(await eventually(() => recordings.trouble())).toBe(
      'recordings cannot be stored: the bucket answered 403 SignatureDoesNotMatch',
    );
    expect((await readdir(folder)).length).toBe(2);
    await recordings.stop();
    expect(logged.join('')).toContain('SignatureDoesNotMatch');
    for (const secret of [wrong, s3.keys.secretAccessKey, s3.keys.accessKeyId, 'Signature=', 'authorization'])
      expect(logged.join('')).not.toContain(secret);
    await untilEmpty(await open());
    expect(s3.objects.size).toBe(1);
  });

  it(
    'by sidecars that nobody can read, as a power failure leaves them: however many, they hold up no other, and ' +
      'their recordings stay',
    async () => {
      const unreadable = Array.from({ length: 20 }, (_, index) => index + 100);
      for (const n of unreadable) await writeFile(join(folder, `${callId(n)}.json`), n % 2 === 0 ? '' : '+15559876543');
      await writeRecording(folder, 100, wav(1_000));
      const recordings = await open();
      await eventually(() => recordings.trouble());
      await recordings.begin(partiesOf(2));
      await writeRecording(folder, 2, wav(1_000));
      recordings.ended(callId(2));
      await eventually(() => s3.objects.has(keyOf(2)));
      await eventually(() => recordings.waiting() === unreadable.length);
      expect((await readdir(folder)).sort()).toEqual(
        [...unreadable.map((n) => `${callId(n)}.json`), `${callId(100)}.wav`].sort(),
      );
      expect(logged.join('')).not.toContain('+15559876543');
    },
  );
});

it.each(['PUT', 'HEAD'])('a stop does not wait for a bucket that does not answer %s', async (method) => {
  for (const moment of ['at once', 'while it waits']) {
    const recordings = await open();
    let reached = () => {};
    const inside = new Promise<void>((resolve) => {
      reached = resolve;
    });
    s3.before = (request) => {
      if (request.method !== method) return undefined;
      reached();
      return new Promise(() => undefined);
    };
    await recordings.begin(partiesOf(1));
    await writeRecording(folder, 1, wav(1_000));
    recordings.ended(callId(1));
    if (moment === 'while it waits') await inside;
    await recordings.stop();
    expect((await readdir(folder)).sort()).toEqual([`${callId(1)}.json`, `${callId(1)}.wav`]);
  }
});

it('twenty at once: two uploads at a time, each stored whole', async () => {
  const recordings = await open();
  s3.before = () =>
    new Promise((resolve) => {
      setTimeout(() => resolve(undefined), 20);
    });
  const all = Array.from({ length: 20 }, (_, index) => index + 1);
  for (const n of all) {
    await recordings.begin(partiesOf(n));
    await writeRecording(folder, n, wav(n * 100));
    recordings.ended(callId(n));
  }
  await untilEmpty(recordings);
  expect(s3.busiest).toBe(2);
  for (const n of all) expect(s3.objects.get(keyOf(n))!.bytes.equals(wav(n * 100))).toBe(true);
  expect((await recordingsInLog()).map(({ bytes }) => bytes).sort((a, b) => a! - b!)).toEqual(
    all.map((n) => n * 3_200 + 44),
  );
});

describe('a piece of a recording on this host', () => {
  it('is read by the call, and nothing else can be named', async () => {
    await writeFile(join(folder, `${callId(1)}.wav`), '0123456789');
    await symlink('/etc/passwd', join(folder, `${callId(2)}.wav`));
    const piece = (call_id: string, offset = 2) => readPiece(folder, { call_id, offset, bytes: 4 });
    expect((await piece(callId(1)))?.toString()).toBe('2345');
    expect((await piece(callId(1), 8))?.toString()).toBe('89');
    for (const name of [callId(2), callId(3), `../${callId(1)}`, callId(1).toUpperCase() + '.wav'])
      expect(await piece(name)).toBeUndefined();
  });
});
