import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { callSid } from '@trunkmesh/contracts/call-control.js';
import type { CallDetail, CallLogGet } from '@trunkmesh/contracts/call-log.js';
import type { CallRecording } from '@trunkmesh/contracts/call-parts.js';
import { recordingPieceRequest } from '@trunkmesh/contracts/recording-piece.js';
import { bridgeRequest, CALL_LOG_GET } from '@trunkmesh/contracts/subjects.js';
import { bucketAccess } from '@trunkmesh/runtime/bucket.js';
import { connectNats, type NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { startS3Bucket, type S3Bucket } from '@trunkmesh/testkit/s3/bucket.http.js';
import { detailOf } from '../calls/calls.fixture.js';
import { startMesh, type Mesh } from '../mesh.fixture.js';

const WAV = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));

let mesh: Mesh;
let nc: NatsConnection;
let s3: S3Bucket;
let mine: Awaited<ReturnType<Mesh['organization']>>;
let key: string;
/** By organisation and call, as the call log finds them. */
const calls = new Map<string, CallDetail>();
/** What the bridge has on its disk, by call. */
const disk = new Map<string, Buffer>();

beforeAll(async () => {
  s3 = await startS3Bucket();
  mesh = await startMesh({
    S3_BUCKET: s3.name,
    S3_ENDPOINT: s3.endpoint,
    S3_ACCESS_KEY_ID: s3.keys.accessKeyId,
    S3_SECRET_ACCESS_KEY: s3.keys.secretAccessKey,
    S3_FORCE_PATH_STYLE: true,
  });
  mine = await mesh.organization();
  const made = { name: 'listener', role: 'member', organization_id: mine.id };
  key = (await mesh.operator('POST', '/api/v1/api-keys', made)).body.key as string;
  nc = await connectNats(mesh.nats.url, { name: 'others', logger: createLogger('test', { level: 'silent' }) });
  nc.subscribe(CALL_LOG_GET, {
    callback: (_error, message) => {
      const { organization_id, call_id } = message.json<CallLogGet>();
      const call = calls.get(organization_id + call_id);
      message.respond(JSON.stringify(call === undefined ? { outcome: 'not-found' } : { outcome: 'call', call }));
    },
  });
  nc.subscribe(bridgeRequest('b1', 'recording'), {
    callback: (_error, message) => {
      const { call_id, offset, bytes } = recordingPieceRequest.parse(message.json());
      const sound = disk
        .get(call_id)
        ?.subarray(offset, offset + bytes)
        .toString('base64');
      message.respond(JSON.stringify(sound === undefined ? { outcome: 'absent' } : { outcome: 'piece', sound }));
    },
  });
  await nc.flush();
}, 60_000);
afterAll(async () => {
  await nc?.close();
  await mesh?.stop();
  await s3?.halt();
});

const objectKey = (call: string) => `${mine.id}/2026/11/23/${callSid(call)}.wav`;

function recorded(over: Partial<CallRecording> | null): { call: string; path: string } {
  const call = randomUUID();
  const location = `s3://${s3.name}/${objectKey(call)}`;
  const stored = { state: 'stored' as const, location, bytes: WAV.length, duration_ms: 9_000, detail: null };
  const recording = over === null ? null : { ...stored, ...over };
  calls.set(mine.id + call, detailOf(call, { bridge_id: 'b1', recording }));
  return { call, path: `/api/v1/calls/${callSid(call)}/recording/${callSid(call).replace('CA', 'RE')}/play` };
}

const stored = (): string => {
  const { call, path } = recorded({});
  (s3.objects as Map<string, unknown>).set(objectKey(call), { bytes: WAV, contentType: 'audio/wav' });
  return path;
};
const local = (): string => {
  const { call, path } = recorded({ state: 'local', location: '/var/lib/trunkmesh/recordings/x.wav' });
  disk.set(call, WAV);
  return path;
};
const fetched = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  fetch(mesh.service.url + path, { method, headers: { Authorization: `Bearer ${key}`, ...headers } });

describe('the recording of a call', () => {
  it.each([
    ['in the bucket', stored],
    ['on the disk of its bridge', local],
  ])('%s is played whole and in parts, and can be saved', async (_where, make) => {
    const path = make();
    const whole = await fetched(path);
    expect([whole.status, whole.headers.get('Content-Type')]).toEqual([200, 'audio/wav']);
    expect(whole.headers.get('Cache-Control')).toBe('no-store');
    expect(Buffer.from(await whole.arrayBuffer()).equals(WAV)).toBe(true);
    const part = await fetched(path, { Range: 'bytes=131070-262200' });
    expect([part.status, part.headers.get('Content-Range')]).toEqual([206, 'bytes 131070-262200/300000']);
    expect(Buffer.from(await part.arrayBuffer()).equals(WAV.subarray(131_070, 262_201))).toBe(true);
    const beyond = await fetched(path, { Range: 'bytes=300000-' });
    expect([beyond.status, beyond.headers.get('Content-Range')]).toEqual([416, 'bytes */300000']);
    const head = await fetched(`${path}?download=true`, {}, 'HEAD');
    expect([head.status, head.headers.get('Content-Length')]).toEqual([200, '300000']);
    expect(head.headers.get('Content-Disposition')).toMatch(/^attachment; filename="CA[\da-f]{32}\.wav"$/);
  });

  it('has its path in the call, which says in words why there is nothing to play', async () => {
    const { path, call } = recorded({ state: 'pending', bytes: null });
    const view = (await mine.member('GET', `/api/v1/calls/${call}`)).body;
    expect([view.recording_url, view.recording_id]).toEqual([path, callSid(call).replace('CA', 'RE')]);
    const pending = await mine.member('GET', path);
    expect([pending.status, pending.headers.get('Retry-After')]).toEqual([202, '5']);
    const failed = recorded({ state: 'failed', bytes: null, detail: 'FreeSWITCH wrote no sound' });
    expect((await mine.member('GET', `/api/v1/calls/${failed.call}`)).body).toMatchObject({ recording_url: null });
    for (const [each, detail] of [
      [failed.path, 'The recording failed: FreeSWITCH wrote no sound.'],
      [recorded(null).path, 'This call was not recorded.'],
      [recorded({}).path, 'The recording was deleted from its bucket.'],
      [recorded({ state: 'local' }).path, 'The recording was deleted from the disk of bridge b1.'],
      [path.replace(/RE.{32}/, `RE${'0'.repeat(32)}`), 'This call has no such recording.'],
    ] as const)
      expect((await mine.member('GET', each)).body).toMatchObject({ code: 'recording-not-found', detail });
  });

  it('says what to do where its store does not answer, and shows no secret', async () => {
    const other = recorded({ location: 's3://another/x.wav' });
    const foreign = recorded({ location: `s3://${s3.name}/${randomUUID()}/2026/11/23/x.wav` });
    for (const { path } of [other, foreign])
      expect((await mine.member('GET', path)).body).toMatchObject({ status: 503, code: 'recording-unavailable' });
    const path = stored();
    s3.before = () => ({ status: 403, code: 'AccessDenied' });
    const refused = await mine.member('GET', path);
    s3.before = undefined;
    expect(refused.body).toMatchObject({ status: 503, detail: expect.stringContaining('s3:GetObject') });
    expect(JSON.stringify(refused.body)).not.toContain(s3.keys.accessKeyId);
  });

  it('is nobody else’s, also where the parameter names the organisation', async () => {
    const path = local();
    const theirs = await mesh.organization();
    expect((await theirs.admin('GET', path)).body).toMatchObject({ code: 'call-not-found' });
    expect((await theirs.admin('GET', `${path}?organization_id=${mine.id}`)).status).toBe(403);
    expect((await mesh.operator('GET', path)).status).toBe(400);
    expect((await mesh.operator('GET', `${path}?organization_id=${mine.id}`)).status).toBe(200);
  });

  it('is read with the variables that the bridges have', () =>
    expect(bucketAccess(mesh.config)).toMatchObject({ bucket: s3.name, endpoint: s3.endpoint }));
});
