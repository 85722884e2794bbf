import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { QualityCourse } from '@trunkmesh/contracts/call-parts.js';
import { startAssistant, type Assistant } from '@trunkmesh/testkit/assistant/assistant.http.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { NO_ASSISTANT, number, organization, startHost, trunk, type Host } from '../inbound/calls.fixture.js';

const DID = '+15551234567';
let host: Host;
let assistant: Assistant;

beforeAll(async () => {
  host = await startHost();
  await host.publish(organization(1), trunk(1, 1), number(1, DID));
}, 60_000);
afterAll(() => host.stop());
beforeEach(async () => {
  assistant = await startAssistant();
});
afterEach(async () => {
  await host.stopAgents();
  await assistant.stop();
});

async function talking() {
  const calls = await host.startAgent({ mesh: { ...NO_ASSISTANT, mediaUrl: assistant.url } });
  await eventually(() => calls.readiness().routes === 'up', { message: 'the local copy' });
  const call = host.standIn.call({ source: { address: '192.0.2.1' }, from: '+15559876543', request_user: DID });
  expect((await call.final).status).toBe(200);
  const stream = await eventually(() => assistant.connections[0], { message: 'the stream' });
  const more = async (): Promise<void> => {
    const heard = stream.of('media').length;
    await eventually(() => stream.of('media').length > heard + 5, { message: 'the caller to be heard' });
  };
  await more();
  return { calls, call, stream, more };
}
interface WrittenEnd {
  end_reason: string;
  timeline: { what: string }[];
  audio: { reattached: number };
  quality_course?: QualityCourse;
}
const lastOf = async (uuid: string) => (await host.untilWritten(uuid)).at(-1)!.data as unknown as WrittenEnd;
const audioSteps = ({ timeline }: WrittenEnd) =>
  timeline.map(({ what }) => what).filter((what) => /^(audio|media)-/.test(what));

describe('the course of the audio quality', () => {
  it('is in the last event, also of a call that is shorter than an interval', async () => {
    const { call, stream } = await talking();
    await eventually(() => stream.of('media').length > 75, { message: 'one and a half seconds of the call' });
    call.lose(7);
    call.hangUp();
    const { quality_course: course } = await lastOf(call.uuid);
    expect(course).toMatchObject({ interval_seconds: 5, flaws: [7], gaps: [0] });
    expect(course!.packets_in[0]).toBeGreaterThan(50);
    expect(course!.mos[0]).toBeLessThan(4.5);
  });
});

describe('a call whose audio stops at FreeSWITCH', () => {
  it('because the codec was set again is attached again; speech sent meanwhile and its mark arrive', async () => {
    const { call, stream, more } = await talking();
    await call.changeCodec('PCMA');
    const heard = call.heard().length;
    stream.say(new Uint8Array(1_600).fill(0x20));
    stream.mark('said');
    await more();
    await eventually(() => stream.of('mark').length === 1, { message: 'the mark' });
    expect(call.heard().length).toBeGreaterThan(heard);
    call.press('5');
    await eventually(() => stream.of('dtmf').length === 1, { message: 'the key' });
    await call.changeCodec('PCMU');
    await more();
    call.hangUp();
    const last = await lastOf(call.uuid);
    expect(last).toMatchObject({ end_reason: 'caller-hung-up', audio: { reattached: 2 } });
    expect(audioSteps(last)).toEqual(['audio-lost', 'audio-attached', 'audio-lost', 'audio-attached']);
    expect((await host.callEvents(call.uuid)).map(({ type }) => type)).toEqual([
      'CallStarted',
      'CallAnswered',
      'CallEnded',
    ]);
  });

  it('because its packets come from elsewhere is asked where it is, and goes on', async () => {
    const { call, more } = await talking();
    call.move(true);
    await more();
    call.hangUp();
    const last = await lastOf(call.uuid);
    expect(last.end_reason).toBe('caller-hung-up');
    expect(audioSteps(last)).toEqual(['audio-lost', 'media-renegotiated', 'audio-attached']);
  });

  it('and cannot be attached again ends, with a reason of its own', async () => {
    const { call, stream } = await talking();
    call.move(false);
    expect(await call.ended).toMatchObject({ cause: 'NORMAL_TEMPORARY_FAILURE' });
    expect((await lastOf(call.uuid)).end_reason).toBe('audio-lost');
    await eventually(() => stream.closedWith !== undefined, { message: 'the stream to close' });
  });

  it('again and again ends as well', async () => {
    const { call } = await talking();
    let over = false;
    void call.ended.then(() => {
      over = true;
    });
    await eventually(
      async () => {
        await call.changeCodec('PCMA');
        return over;
      },
      { timeoutMs: 20_000, intervalMs: 300, message: 'the end' },
    );
    expect((await lastOf(call.uuid)).end_reason).toBe('audio-lost');
  });

  it('ends with its agent, also in its second loop', async () => {
    const { calls, call, more } = await talking();
    await call.changeCodec('PCMA');
    await more();
    await calls.stop();
    expect(await call.ended).toMatchObject({ cause: 'NORMAL_TEMPORARY_FAILURE' });
  });

  it('a key that the phone sends both ways counts once', async () => {
    const { call, stream } = await talking();
    for (const source of ['ENDPOINT', 'RTP', 'RTP', 'ENDPOINT'] as const) call.press('5', source);
    call.press('6', 'ENDPOINT');
    await eventually(() => stream.of('dtmf').length === 3, { message: 'the keys' });
    expect(
      stream
        .of('dtmf')
        .map(({ dtmf }) => dtmf!.digit)
        .join(''),
    ).toBe('556');
    call.hangUp();
    await host.untilWritten(call.uuid);
  });
});
