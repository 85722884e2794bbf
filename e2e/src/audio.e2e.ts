import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { AssistantConnection } from '@trunkmesh/testkit/assistant/media-stream.net.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import type { Line } from '@trunkmesh/testkit/mesh/line.js';
import { placeLine } from '@trunkmesh/testkit/mesh/lines.net.js';
import { encode } from '@trunkmesh/testkit/rtp/g711.js';
import { findPassage, isSilent } from '@trunkmesh/testkit/rtp/passage.js';
import { framesOf, tellingTone, tone } from '@trunkmesh/testkit/rtp/tone.js';
import { audioLogOf } from './agent.fixture.js';
import { startTalkingMesh, type TalkingMesh } from './audio.fixture.js';

let mesh: TalkingMesh;
const lines: Line[] = [];

beforeAll(async () => {
  mesh = await startTalkingMesh();
});
afterEach(async () => {
  mesh.assistant.refuse = undefined;
  await Promise.all(lines.splice(0).map((line) => line.close()));
});
afterAll(() => mesh?.stop());

interface Talking {
  from: string;
  line: Line;
  stream: AssistantConnection;
}

async function ring(on: TalkingMesh = mesh): Promise<{ from: string; line: Line }> {
  const from = on.newCaller();
  const line = await placeLine(on.test.mesh.bridges[0]!, on.carrier, { from, number: on.number });
  lines.push(line);
  return { from, line };
}

async function talking(on: TalkingMesh = mesh): Promise<Talking> {
  const { from, line } = await ring(on);
  expect(line.status).toBe(200);
  return { from, line, stream: await on.streamOf(from) };
}

/** Two seconds, in frames: longer than audio may be silent after a change. */
const SENTENCE = 100;

const speech = (nth: number, frames: number) => encode('PCMU', tone(tellingTone(nth), frames));
const loud = async (line: Line) => (await line.heard()).filter((frame) => !isSilent(frame));
const lastOf = async (from: string, on: TalkingMesh = mesh) => (await on.eventsOf(from)).at(-1)!;

describe('before the answer', () => {
  it('the platform is told of the call, with our signature; the stream begins with whose call it is', async () => {
    const { from, line, stream } = await talking();
    const prewarm = mesh.assistant.prewarms.find(({ body }) => body?.['from_number'] === from)!;
    expect(prewarm.body).toEqual({
      call_sid: stream.callSid,
      from_number: from,
      to_number: mesh.number,
      outbound: false,
      assistant_id: 17,
    });
    expect([prewarm.isSignedWith(mesh.secret), prewarm.isSignedWith('another secret of tests')]).toEqual([true, false]);
    expect(prewarm.at).toBeLessThan(stream.of('media')[0]!.at);
    const [connected, start] = stream.messages;
    expect(connected).toMatchObject({ event: 'connected', protocol: 'Call', version: '1.0.0' });
    expect(start).toMatchObject({
      event: 'start',
      sequenceNumber: '1',
      streamSid: stream.streamSid,
      start: {
        streamSid: expect.stringMatching(/^MZ[\da-f]{32}$/),
        callSid: expect.stringMatching(/^CA[\da-f]{32}$/),
        accountSid: `AC${mesh.org.id.replaceAll('-', '')}`,
        tracks: ['inbound'],
        mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
        customParameters: {
          From: from,
          To: mesh.number,
          from_number: from,
          to_number: mesh.number,
          assistant_id: '17',
        },
      },
    });
    expect(stream.headers).toMatchObject({
      'webhook-id': stream.streamSid,
      'webhook-signature': expect.stringMatching(/^v1,/),
      'x-twilio-signature': expect.any(String),
    });
    await line.hangUp();
    expect((await mesh.eventsOf(from)).map(({ type }) => type)).toEqual(['CallStarted', 'CallAnswered', 'CallEnded']);
  });

  it('an assistant that is away: 503, and why is in the record', async () => {
    mesh.assistant.refuse = () => ({ status: 404 });
    const { from, line } = await ring();
    expect(line.status).toBe(503);
    expect(await lastOf(from)).toMatchObject({
      type: 'CallRejected',
      data: {
        reason: 'assistant-unavailable',
        sip_status: 503,
        number_id: expect.any(String),
        decision: { explanation: { summary: expect.stringContaining('media-stream-refused') } },
      },
    });
  });

  it('an assistant that comes at the third attempt: the call is answered', async () => {
    let attempts = 0;
    mesh.assistant.refuse = () => ((attempts += 1) < 3 ? { status: 503 } : undefined);
    const { line } = await talking();
    expect(attempts).toBe(3);
    await line.hangUp();
  });
});

describe('a conversation', () => {
  it('the caller hears itself from an assistant that echoes, whole; its frames are counted in texts', async () => {
    const { line, stream } = await talking();
    stream.echo();
    const said = tone(tellingTone(0), 50);
    await eventually(async () => (await line.heard()).length > 25, { message: 'the call to be heard' });
    await line.say(said);
    await eventually(async () => (await loud(line)).length >= 50, { message: 'the echo' });
    expect(findPassage(framesOf(said), await line.heard())).toMatchObject({ lost: 0, foreign: 0 });
    const media = stream.of('media').slice(0, 100);
    expect(media.map(({ media: frame }) => [frame!.track, frame!.chunk, typeof frame!.timestamp])).toEqual(
      media.map((_, index) => ['inbound', String(index + 1), 'string']),
    );
    expect(media.map(({ sequenceNumber }) => sequenceNumber)).toEqual(media.map((_, index) => String(index + 2)));
    expect(media.every(({ media: frame }) => Buffer.from(frame!.payload, 'base64').length === 160)).toBe(true);
    await line.hangUp();
  });

  it('marks come back in their order, each when what was said before it was heard', async () => {
    const { line, stream } = await talking();
    for (const nth of [1, 2, 3]) {
      stream.say(speech(nth, 20));
      stream.mark(`part ${nth}`);
    }
    const heard: number[] = [];
    for (const nth of [1, 2, 3]) {
      await eventually(() => stream.of('mark').length >= nth, { intervalMs: 2, message: `mark ${nth}` });
      heard.push((await loud(line)).length);
    }
    expect(stream.of('mark').map(({ mark }) => mark!.name)).toEqual(['part 1', 'part 2', 'part 3']);
    heard.forEach((frames, index) => expect(frames).toBeGreaterThanOrEqual(20 * (index + 1) - 2));
    const whole = [1, 2, 3].flatMap((nth) => framesOf(tone(tellingTone(nth), 20)));
    await eventually(async () => (await loud(line)).length >= 60, { message: 'the last part' });
    expect(findPassage(whole, await line.heard())).toMatchObject({ lost: 0, foreign: 0 });
    await line.hangUp();
  });

  it('a clear takes back what has not been played, and its mark comes at once', async () => {
    const { line, stream } = await talking();
    stream.say(speech(4, 500));
    stream.mark('the end');
    await eventually(async () => (await loud(line)).length >= 20, { message: 'the sentence' });
    stream.clear();
    await eventually(() => stream.of('mark').length === 1, { message: 'the mark' });
    stream.say(speech(5, 20));
    stream.mark('another');
    await eventually(() => stream.of('mark').length === 2, { message: 'the other mark' });
    await line.hangUp();
    const log = await audioLogOf(mesh.test, stream.callSid);
    const heard = await loud(line);
    // Every frame that was not taken back, then the new sentence and nothing else.
    expect(heard.length * 20).toBe(520 * 20 - log.cleared_ms);
    expect(findPassage(framesOf(tone(tellingTone(5), 20)), heard.slice(-20))).toMatchObject({ lost: 0, foreign: 0 });
    expect(log.cleared_ms).toBeGreaterThan(0);
  });

  it('keys, both ways', async () => {
    const { line, stream } = await talking();
    await eventually(async () => (await line.heard()).length > 25, { message: 'the call to be heard' });
    await line.press('15#');
    await eventually(() => stream.of('dtmf').length === 3, { message: "the caller's digits" });
    expect(stream.of('dtmf').map(({ dtmf }) => [dtmf!.track, dtmf!.digit])).toEqual([
      ['inbound_track', '1'],
      ['inbound_track', '5'],
      ['inbound_track', '#'],
    ]);
    stream.press('42');
    await eventually(async () => (await line.digits()) === '42', { message: "the assistant's digits" });
    await line.hangUp();
  });
});

describe('a carrier that changes the codec in mid-call', () => {
  it('both sides go on hearing each other, and the record says that they did not for a moment', async () => {
    const { from, line, stream } = await talking();
    stream.echo();
    await line.changeCodec('PCMA');
    // The caller reads the last packets of the old codec as noise: only a sentence heard for most of its length counts.
    const before = (await loud(line)).length;
    await line.say(tone(tellingTone(0), SENTENCE));
    await eventually(async () => (await loud(line)).length - before > SENTENCE / 2, {
      message: 'the echo after the change',
    });
    await line.hangUp();
    expect((await mesh.eventsOf(from)).map(({ type }) => type)).toEqual(['CallStarted', 'CallAnswered', 'CallEnded']);
    const steps = ((await lastOf(from)).data['timeline'] as { what: string }[]).map(({ what }) => what);
    expect(steps.filter((what) => what.startsWith('audio-'))).toEqual(['audio-lost', 'audio-attached']);
    expect(await audioLogOf(mesh.test, stream.callSid)).toMatchObject({ reattached: 1, reconnects: 0 });
  });
});

describe('a stream that drops', () => {
  it('is connected again: another stream of the same call, which goes on', async () => {
    const { from, line, stream } = await talking();
    stream.drop();
    const again = await mesh.streamOf(from, 1);
    expect(again.callSid).toBe(stream.callSid);
    expect(again.streamSid).not.toBe(stream.streamSid);
    expect(again.parameters).toEqual(stream.parameters);
    again.say(speech(6, 20));
    again.mark('said');
    await eventually(() => again.of('mark').length === 1, { message: 'the mark' });
    await eventually(async () => (await loud(line)).length >= 20, { message: 'the speech' });
    await line.hangUp();
    expect(await audioLogOf(mesh.test, stream.callSid)).toMatchObject({ reconnects: 1, ended: 'call-ended' });
  });

  it('for good: the call ends with its reason', async () => {
    const { from, line, stream } = await talking();
    mesh.assistant.refuse = () => ({ status: 503 });
    stream.drop();
    await line.ended;
    expect((await lastOf(from)).data).toMatchObject({
      hangup_disposition: 'send_bye',
      end_reason: 'media-stream-lost',
    });
    expect(await audioLogOf(mesh.test, stream.callSid)).toMatchObject({ ended: 'media-stream-lost' });
  });
});

describe('the end', () => {
  it('the caller hangs up: the assistant gets stop and a close', async () => {
    const { from, line, stream } = await talking();
    await line.hangUp();
    await eventually(() => stream.closedWith !== undefined, { message: 'the close' });
    expect(stream.messages.at(-1)).toMatchObject({
      event: 'stop',
      streamSid: stream.streamSid,
      stop: { callSid: stream.callSid },
    });
    expect((await lastOf(from)).data).toMatchObject({ hangup_disposition: 'recv_bye', end_reason: 'caller-hung-up' });
  });

  it('the assistant closes the stream: the caller is hung up', async () => {
    const { from, line, stream } = await talking();
    stream.hangUp();
    await line.ended;
    expect((await lastOf(from)).data).toMatchObject({
      hangup_disposition: 'send_bye',
      hangup_cause: 'NORMAL_CLEARING',
      end_reason: 'assistant-hung-up',
    });
  });

  it(
    'the agent is killed: FreeSWITCH ends the calls, and each has exactly one usage record and its story after ' +
      'the restart',
    async () => {
      const calls = await Promise.all(Array.from({ length: 3 }, () => talking()));
      const { agent } = mesh.test.mesh.bridges[0]!;
      const open = join(mesh.test.folder, mesh.test.mesh.file.bridges[0]!.id, 'state', 'open');
      const onDisk = async () =>
        Promise.all((await readdir(open)).map((name) => readFile(join(open, name), 'utf8').catch(() => '')));
      await eventually(async () => (await onDisk()).filter((text) => text.includes('"what":"answered"')).length === 3, {
        message: 'what happened so far to be on disk',
      });
      await agent.kill();
      await Promise.all(calls.map(({ line }) => line.ended));
      await agent.start();
      const callers = calls.map(({ from }) => from);
      await eventually(async () => (await mesh.usageOf(callers)).size === 3, {
        timeoutMs: 60_000,
        intervalMs: 250,
        message: 'the usage records',
      });
      expect([...(await mesh.usageOf(callers)).values()]).toEqual([1, 1, 1]);
      const steps = ((await lastOf(callers[0]!)).data['timeline'] as { what: string }[]).map(({ what }) => what);
      expect(steps).toEqual(expect.arrayContaining(['ringing', 'stream-connected', 'answered']));
      expect(steps.at(-1)).toBe('agent-restarted');
      await eventually(
        async () => (await mesh.carrier.call({ from: mesh.newCaller(), number: mesh.number, talkMs: 100 })) === 200,
        { timeoutMs: 20_000, intervalMs: 250, message: 'calls to be answered again' },
      );
    },
  );
});

describe('the longest duration of a call', () => {
  it('ends it, and an agent that is told to stop waits for that', async () => {
    const short = await startTalkingMesh({ MAX_CALL_SECONDS: '3', DRAIN_SECONDS: '10' });
    const { agent } = short.test.mesh.bridges[0]!;
    try {
      const { from, line } = await talking(short);
      const stopped = agent.stop();
      await eventually(
        async () => (await short.carrier.call({ from: short.newCaller(), number: short.number, talkMs: 100 })) === 503,
        { message: 'new calls to be turned away' },
      );
      await line.ended;
      await stopped;
      await agent.start();
      expect((await lastOf(from, short)).data).toMatchObject({
        hangup_cause: 'ALLOTTED_TIMEOUT',
        end_reason: 'max-duration-reached',
      });
    } finally {
      await short.stop();
    }
  });
});
