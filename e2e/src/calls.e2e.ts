import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { CallDetail, CallSummary } from '@trunkmesh/contracts/call-log.js';
import type { CallStatusBody } from '@trunkmesh/contracts/call-status.js';
import { startAssistant, type Assistant } from '@trunkmesh/testkit/assistant/assistant.http.js';
import type { MeshCarrier } from '@trunkmesh/testkit/mesh/carrier.js';
import type { Line, LineCall } from '@trunkmesh/testkit/mesh/line.js';
import { placeLine } from '@trunkmesh/testkit/mesh/lines.net.js';
import { fromL16 } from '@trunkmesh/testkit/rtp/g711.js';
import { tone, toneLevel } from '@trunkmesh/testkit/rtp/tone.js';
import { startS3Bucket, type S3Bucket } from '@trunkmesh/testkit/s3/bucket.http.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import {
  addNumber,
  registeringTrunk,
  testMesh,
  untilEnded,
  type Organization,
  type TestMesh,
  type Trunk,
} from './mesh.fixture.js';

/**
 * A call as the platform and the organisation's admin see it: what is set, what is told, what can be asked of it, what
 * is looked up afterwards.
 */
const DID = '+15550102001';
const RECORDED = '+15550102002';
const SECRET = "the organisation's signing secret";

let test: TestMesh;
let assistant: Assistant;
let bucket: S3Bucket;
let org: Organization;
let other: Organization;
let carrier: MeshCarrier;
let trunk: Trunk;
let callers = 0;

beforeAll(async () => {
  bucket = await startS3Bucket();
  const { accessKeyId, secretAccessKey } = bucket.keys;
  const env = {
    S3_ENDPOINT: bucket.endpoint,
    S3_BUCKET: bucket.name,
    S3_ACCESS_KEY_ID: accessKeyId,
    S3_SECRET_ACCESS_KEY: secretAccessKey,
    S3_FORCE_PATH_STYLE: 'true',
  };
  [test, assistant] = await Promise.all([testMesh({ env }), startAssistant()]);
  [org, other] = [await test.organization('Example Dental'), await test.organization('Example Motors')];
  carrier = await test.carrier('9201');
  trunk = await registeringTrunk(org, carrier);
  await org.api.patch(`/api/v1/organizations/${org.id}`, {
    media_url: assistant.url,
    prewarm_url: assistant.prewarmUrl,
    status_url: assistant.statusUrl,
    signing_secret: SECRET,
  });
  await addNumber(org, trunk, DID);
  await addNumber(org, trunk, RECORDED, { record: true });
  // The bridge follows the events; the last one is the last to be known.
  await eventually(
    async () => {
      await (await talk({ number: RECORDED })).line.hangUp();
      return true;
    },
    { timeoutMs: 20_000, intervalMs: 250, message: 'the number to be known' },
  );
});
afterAll(async () => {
  await test?.stop();
  await Promise.all([assistant?.stop(), bucket?.halt()]);
});

const lines: Line[] = [];
afterEach(async () => {
  await Promise.all(lines.splice(0).map((line) => line.close()));
});

/** A caller that talks with its assistant. */
async function talk(call: Omit<LineCall, 'from'>) {
  callers += 1;
  const from = `+1555988${String(callers).padStart(4, '0')}`;
  const line = await placeLine(test.mesh.bridges[0]!, carrier, { ...call, from });
  lines.push(line);
  expect(line.status).toBe(200);
  const stream = await eventually(() => assistant.streamsOf(from)[0], { message: 'the stream' });
  await eventually(async () => (await inLog(from)).answered_at !== null, { timeoutMs: 10_000, message: 'the answer' });
  return { from, line, ended: line.ended, stream, sid: stream.callSid };
}
interface CallPage {
  items: CallSummary[];
  total: number;
}
const inLog = async (from: string): Promise<CallSummary> => {
  const {
    items: [call],
  } = await org.api.get<CallPage>(`/api/v1/calls?customer_phone=${encodeURIComponent(from)}`);
  if (call === undefined) throw new Error(`no call of ${from} in the log`);
  return call;
};
const untilLogged = (sid: string) => untilEnded(org, sid);
const statusesOf = (sid: string) =>
  assistant.statuses.map(({ body }) => body as unknown as CallStatusBody).filter(({ call_sid }) => call_sid === sid);
const untilToldOf = (sid: string, last: string) =>
  eventually(
    () => {
      const told = statusesOf(sid);
      return told.some(({ status }) => status === last) ? told : undefined;
    },
    { timeoutMs: 15_000, message: `the status ${last}` },
  );

describe('a call and its platform', () => {
  it("is told of before it is answered and of every change, signed by the organisation's secret", async () => {
    const { ended, stream, sid } = await talk({ number: DID });
    stream.hangUp();
    await ended;
    const told = await untilToldOf(sid, 'completed');
    expect(told.map(({ sequence, status: what }) => [sequence, what])).toEqual([
      [1, 'initiated'],
      [2, 'ringing'],
      [3, 'answered'],
      [4, 'completed'],
    ]);
    expect(told.at(-1)).toMatchObject({
      type: 'call.completed',
      to_number: DID,
      organization_id: org.id,
      trunk_id: trunk.id,
      assistant_id: 17,
      end_reason: 'assistant-hung-up',
    });
    const prewarm = assistant.prewarms.find(({ body }) => body?.['call_sid'] === sid)!;
    for (const request of [prewarm, ...assistant.statuses.filter(({ body }) => body?.['call_sid'] === sid)])
      expect(request.isSignedWith(SECRET)).toBe(true);
  });

  it('is looked up with everything that is known of it, by nobody else', async () => {
    const { from, line, sid } = await talk({
      number: '9228',
      headers: { Diversion: `<sip:${DID}@pbx.example.com>;reason=unconditional` },
    });
    await line.hangUp();
    const call = await untilLogged(sid);
    expect(call).toMatchObject({
      call_sid: sid,
      status: 'completed',
      from_number: from,
      to_number: DID,
      assistant_id: 17,
      ended_by: 'caller',
      end_reason: 'caller-hung-up',
      carrier_cost: 'external',
      reconstructed: false,
      prewarm: { outcome: 'prewarmed' },
      audio: { connect_attempts: 1 },
      decided_at: 'routing-service',
      routing: { decided_by: 'Diversion' },
      invite: { headers: expect.arrayContaining([['diversion', expect.stringContaining(DID)]]) },
    });
    const what = call.timeline.map((entry) => entry.what);
    expect(what).toEqual(
      expect.arrayContaining([
        'call-started',
        'ringing',
        'prewarm-prewarmed',
        'stream-connected',
        'call-answered',
        'call-ended',
      ]),
    );
    expect(call.timeline.map(({ at }) => at)).toEqual([...call.timeline.map(({ at }) => at)].sort());
    await expect(other.api.get(`/api/v1/calls/${sid}`)).rejects.toThrow(/404/);
    expect(await other.api.get<CallPage>('/api/v1/calls')).toMatchObject({ items: [], total: 0 });
  });

  it('the list takes every filter at once', async () => {
    const { from, ended, sid, stream } = await talk({ number: DID });
    const query = async (more: string) => {
      const known = `assistant_id=17&call_sid=${sid.slice(0, 20)}&customer_phone=${from.slice(-7)}`;
      return (await org.api.get<CallPage>(`/api/v1/calls?${known}&${more}`)).items;
    };
    expect(await query('status=ongoing')).toMatchObject([{ call_sid: sid, duration_seconds: null }]);
    stream.hangUp();
    await ended;
    await untilLogged(sid);
    expect(await query('status=completed&min_duration=0&max_duration=60&date_from=2026-01-01&limit=1')).toMatchObject([
      { call_sid: sid },
    ]);
    expect(await query('status=failed')).toEqual([]);
    expect(await query('min_duration=60')).toEqual([]);
  });

  it('a refused call is in the log with its reason', async () => {
    const from = '+15559889999';
    expect(await carrier.call({ from, number: '+15550199999', talkMs: 100 })).toBe(404);
    const call = await eventually(() => inLog(from).catch(() => undefined), {
      timeoutMs: 10_000,
      message: 'the refusal in the log',
    });
    expect(call).toMatchObject({ status: 'failed', refusal: 'unknown-number', sip_status: 404, answered_at: null });
  });
});

describe('what the API asks of a call', () => {
  it('a hang-up', async () => {
    const { ended, sid } = await talk({ number: DID });
    expect(await org.api.post(`/api/v1/calls/${sid}/hangup`)).toEqual({ call_sid: sid, status: 'ending' });
    await ended;
    expect(await untilLogged(sid)).toMatchObject({ ended_by: 'platform', end_reason: 'api-hung-up' });
    await expect(org.api.post(`/api/v1/calls/${sid}/hangup`)).rejects.toThrow(/409/);
  });

  it('digits, which the caller hears', async () => {
    const { ended, line, sid, stream } = await talk({ number: DID });
    expect(await org.api.post(`/api/v1/calls/${sid}/dtmf`, { digits: '12#' })).toEqual({
      call_sid: sid,
      status: 'sent',
    });
    await eventually(async () => (await line.digits()) === '12#', { message: 'the digits' });
    await expect(org.api.post(`/api/v1/calls/${sid}/dtmf`, { digits: 'call me' })).rejects.toThrow(/400/);
    stream.hangUp();
    await ended;
    expect((await untilLogged(sid)).timeline).toEqual(
      expect.arrayContaining([expect.objectContaining({ what: 'digits-sent', detail: '3' })]),
    );
  });

  it('a transfer that is carried out', async () => {
    const { ended, sid } = await talk({ number: DID });
    expect(await org.api.post(`/api/v1/calls/${sid}/transfer`, { to: '+15550102099' })).toMatchObject({
      call_sid: sid,
      outcome: 'transferred',
      target: `sip:+15550102099@${carrier.gateway}`,
    });
    await ended;
    expect(await untilLogged(sid)).toMatchObject({
      end_reason: 'transferred',
      ended_by: 'platform',
      transferred_to: `sip:+15550102099@${carrier.gateway}`,
      transfer: { outcome: 'transferred', target_status: 200 },
    });
    expect((await untilToldOf(sid, 'transferred')).map(({ status: what }) => what)).toEqual([
      'initiated',
      'ringing',
      'answered',
      'transfer-started',
      'transferred',
    ]);
  });

  it('a transfer after whose NOTIFY the carrier hangs up at once is one all the same', async () => {
    const { ended, sid } = await talk({ number: DID, transfer: { hangs_up: true } });
    expect(await org.api.post(`/api/v1/calls/${sid}/transfer`, { to: '+15550102099' })).toMatchObject({
      call_sid: sid,
      outcome: 'transferred',
    });
    await ended;
    expect(await untilLogged(sid)).toMatchObject({
      end_reason: 'transferred',
      ended_by: 'platform',
      transfer: { outcome: 'transferred', target_status: 200 },
    });
    expect((await untilToldOf(sid, 'transferred')).map(({ status: what }) => what)).toEqual([
      'initiated',
      'ringing',
      'answered',
      'transfer-started',
      'transferred',
    ]);
  });

  it.each([
    [200, 'transferred', 'transferred'],
    [486, 'refused', 'assistant-hung-up'],
  ] as const)(
    'a transfer whose assistant closes its stream meanwhile is not taken back (%i: %s)',
    async (target, outcome, reason) => {
      const { ended, sid, stream } = await talk({ number: DID, transfer: { target, after_ms: 1_500 } });
      const asked = org.api
        .post(`/api/v1/calls/${sid}/transfer`, { to: '+15550102099' })
        .catch((error: unknown) => error);
      await untilToldOf(sid, 'transfer-started');
      stream.hangUp();
      await asked;
      await ended;
      const call = await untilLogged(sid);
      expect(call).toMatchObject({ transfer: { outcome, refer_status: 202, target_status: target } });
      // Where FreeSWITCH loses the dialog to the NOTIFY, that is why a refused one ended.
      expect([reason, ...(outcome === 'refused' ? ['dropped-by-transfer'] : [])]).toContain(call.end_reason);
    },
  );

  it('a transfer whose REFER the carrier wants credentials for: that is no refusal', async () => {
    const { ended, sid } = await talk({ number: DID, transfer: { challenges: 400 } });
    expect(await org.api.post(`/api/v1/calls/${sid}/transfer`, { to: '+15550102099' })).toMatchObject({
      call_sid: sid,
      outcome: 'transferred',
    });
    await ended;
    expect(await untilLogged(sid)).toMatchObject({
      end_reason: 'transferred',
      transfer: { outcome: 'transferred', refer_status: 202, target_status: 200 },
    });
  });

  it('a transfer that the carrier refuses, after which the call goes on', async () => {
    const { ended, sid, stream } = await talk({ number: DID, transfer: { refer: 603 } });
    await expect(org.api.post(`/api/v1/calls/${sid}/transfer`, { to: '+15550102099' })).rejects.toThrow(/409/);
    const heard = stream.of('media').length;
    await eventually(() => stream.of('media').length > heard + 10, { message: 'the call to go on' });
    stream.hangUp();
    await ended;
    expect(await untilLogged(sid)).toMatchObject({
      end_reason: 'assistant-hung-up',
      transferred_to: null,
      transfer: { outcome: 'refused', refer_status: 603 },
    });
  });

  it(
    'a transfer whose target refuses: whether the call goes on is up to FreeSWITCH, and it never stays with ' +
      'nobody in it',
    async () => {
      const { ended, sid, stream } = await talk({ number: DID, transfer: { target: 486 } });
      await expect(org.api.post(`/api/v1/calls/${sid}/transfer`, { to: '+15550102099' })).rejects.toThrow(
        /409.*transfer-refused/,
      );
      // With its pull request 3059 it keeps the dialog, and the caller is heard.
      const dropped = await Promise.race([ended.then(() => true), sleep(1_000, false)]);
      if (!dropped) stream.hangUp();
      await ended;
      expect(await untilLogged(sid)).toMatchObject({
        end_reason: dropped ? 'dropped-by-transfer' : 'assistant-hung-up',
        transferred_to: null,
        transfer: { outcome: 'refused', refer_status: 202, target_status: 486 },
      });
    },
  );

  it("another organisation's call cannot be touched", async () => {
    const { ended, sid, stream } = await talk({ number: DID });
    for (const request of ['hangup', 'dtmf', 'transfer']) {
      await expect(
        other.api.post(
          `/api/v1/calls/${sid}/${request}`,
          request === 'dtmf' ? { digits: '1' } : request === 'transfer' ? { to: '+15550102099' } : undefined,
        ),
      ).rejects.toThrow(/404/);
    }
    stream.hangUp();
    await ended;
  });
});

describe('what is set', () => {
  it('a number that is recorded has its recording in the bucket, the caller left and the assistant right', async () => {
    const { ended, line, sid, stream } = await talk({ number: RECORDED });
    await line.say(tone(440, 50));
    await eventually(() => stream.of('media').length > 75, { message: 'a second and a half of sound' });
    stream.hangUp();
    await ended;
    const call = await eventually(
      async () => {
        const found = await org.api.get<CallDetail>(`/api/v1/calls/${sid}`);
        return found.recording?.state === 'stored' ? found : undefined;
      },
      { timeoutMs: 20_000, message: 'the recording' },
    );
    const [key, wav] = [...bucket.objects].find(([name]) => name.includes(sid))!;
    expect(call.recording).toMatchObject({ location: `s3://recordings/${key}`, bytes: wav.bytes.length });
    expect(call.recording!.duration_ms).toBeGreaterThan(1_000);
    expect([wav.bytes.toString('latin1', 0, 4), wav.bytes.readUInt16LE(22), wav.bytes.readUInt32LE(24)]).toEqual([
      'RIFF',
      2,
      8_000,
    ]);
    const samples = fromL16(wav.bytes.subarray(44));
    const [left, right] = [
      samples.filter((_sample, nth) => nth % 2 === 0),
      samples.filter((_sample, nth) => nth % 2 === 1),
    ];
    expect(toneLevel(left, 440)).toBeGreaterThan(10 * toneLevel(right, 440));
    expect(JSON.stringify(await test.logs())).not.toContain(bucket.keys.secretAccessKey);
  });

  it("a number's own assistant goes before the organisation's", async () => {
    const own = await startAssistant();
    try {
      const number = '+15550102003';
      const { id } = await addNumber(org, trunk, number, { media_url: own.url });
      const from = '+15559889000';
      const stream = await eventually(
        async () => {
          const status = await carrier.call({ from, number, talkMs: 200 });
          return status === 200 && own.streamsOf(from).length > 0 ? own.streamsOf(from)[0] : undefined;
        },
        { timeoutMs: 15_000, intervalMs: 250, message: 'a call to its own assistant' },
      );
      expect(stream.parameters).toMatchObject({ To: number, from_number: from });
      expect(await org.api.get(`/api/v1/phone-numbers/${id}`)).toMatchObject({
        media_url: own.url,
        has_signing_secret: false,
      });
    } finally {
      await own.stop();
    }
  });
});

describe('what dies', () => {
  it('the agent, in mid-call: the platform is told the end once, after the restart', async () => {
    const { ended, sid } = await talk({ number: DID });
    await untilToldOf(sid, 'answered');
    const { agent } = test.mesh.bridges[0]!;
    await agent.kill();
    // FreeSWITCH ends the call: its audio ended with the agent.
    await ended;
    await agent.start();
    const told = await untilToldOf(sid, 'completed');
    expect(told.filter(({ status: what }) => what === 'completed')).toHaveLength(1);
    // The last one before the kill may come twice: it was received, and nobody was left to note that.
    expect([...new Set(told.map(({ sequence }) => sequence))]).toEqual([1, 2, 3, 4]);
    expect(await untilLogged(sid)).toMatchObject({ end_reason: 'unseen', reconstructed: true });
  }, 60_000);

  it("the platform's own server: what it was not told it is told later, in order", async () => {
    await eventually(async () => (await carrier.call({ from: '+15559889001', number: DID, talkMs: 100 })) === 200, {
      timeoutMs: 15_000,
      intervalMs: 250,
      message: 'the bridge to take calls again',
    });
    let refusals = 0;
    assistant.onRequest = (_request, response) => {
      refusals += 1;
      response.writeHead(503).end();
    };
    const { ended, sid, stream } = await talk({ number: DID });
    stream.hangUp();
    await ended;
    // The prewarm, and two statuses.
    await eventually(() => refusals >= 3, { timeoutMs: 15_000, message: 'a second attempt' });
    expect(statusesOf(sid).every(({ sequence }) => sequence === 1)).toBe(true);
    const refused = statusesOf(sid).length;
    assistant.onRequest = undefined;
    const told = await eventually(
      () => {
        const since = statusesOf(sid).slice(refused);
        return since.some(({ status: what }) => what === 'completed') ? since : undefined;
      },
      { timeoutMs: 30_000, message: 'everything to be told' },
    );
    expect(told.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
  }, 60_000);
});

describe('an organisation that is suspended', () => {
  it('keeps its calls, unless their end is asked for: then all end, also those that echo', async () => {
    interface Suspended {
      status: string;
      ended_calls?: object;
    }
    const suspend = (body?: object) => test.operator.post<Suspended>(`/api/v1/organizations/${org.id}/suspend`, body);
    const talking = await talk({ number: DID });
    await org.api.patch(`/api/v1/organizations/${org.id}`, { media_url: null });
    const echoing = await eventually(
      async () => {
        callers += 1;
        const from = `+1555988${String(callers).padStart(4, '0')}`;
        const line = await placeLine(test.mesh.bridges[0]!, carrier, { number: DID, from });
        lines.push(line);
        const answered = async () => (await inLog(from)).answered_at !== null;
        await eventually(answered, { timeoutMs: 10_000, message: 'the answer' });
        if (assistant.streamsOf(from).length === 0) return { line, sid: (await inLog(from)).call_sid };
        await line.hangUp();
        return undefined;
      },
      { timeoutMs: 20_000, message: 'a call that echoes' },
    );
    expect(await suspend()).not.toHaveProperty('ended_calls');
    expect((await org.api.get<CallDetail>(`/api/v1/calls/${talking.sid}`)).status).toBe('ongoing');
    const ended_calls = { complete: true, calls_ended: 2 };
    expect(await suspend({ end_calls: true })).toMatchObject({ status: 'suspended', ended_calls });
    await Promise.all([talking.ended, echoing.line.ended]);
    for (const sid of [talking.sid, echoing.sid]) {
      expect(await untilLogged(sid)).toMatchObject({ ended_by: 'platform', end_reason: 'organization-suspended' });
    }
    expect(await suspend({ end_calls: true })).toMatchObject({ ended_calls: { complete: true, calls_ended: 0 } });
  }, 60_000);
});
