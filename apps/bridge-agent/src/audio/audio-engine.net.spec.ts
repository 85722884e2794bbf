import { createSocket } from 'node:dgram';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { audioLog } from '@trunkmesh/contracts/audio.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { freePort } from '@trunkmesh/testkit/free-port.net.js';
import { startAssistant, type Assistant } from '@trunkmesh/testkit/assistant/assistant.http.js';
import type { AssistantConnection } from '@trunkmesh/testkit/assistant/media-stream.net.js';
import { createAudioEngine, type AudioEngine } from './audio-engine.net.js';
import type { AudioCall, AudioOutcome, AudioSession } from './audio-call.net.js';
import { decodeMuLaw, encodeMuLaw, MU_LAW_SILENCE } from './g711.js';
import { attachUnicastPeer, type UnicastPeer } from './unicast-peer.fixture.js';

let assistant: Assistant;
let engine: AudioEngine;
let logged: string;
const logger = createLogger('test', {
  destination: {
    write: (line) => {
      logged += line;
    },
  },
});
const closing: (() => unknown)[] = [];
beforeEach(async () => {
  logged = '';
  assistant = await startAssistant();
  engine = createAudioEngine({ ports: await someRange(20), reconnectWithinMs: 2_000, logger });
});
afterEach(async () => {
  engine.stop();
  for (const close of closing.splice(0)) await close();
  await assistant.stop();
});

async function someRange(ports: number) {
  const first = await freePort();
  return { first, last: first + ports };
}
function start(options: Partial<AudioCall> = {}): { session: AudioSession; ends: string[] } {
  const ends: string[] = [];
  const session = engine.startAudio({
    callSid: 'CA00000000000000000000000000000002',
    accountSid: 'AC00000000000000000000000000000001',
    mediaUrl: assistant.url,
    parameters: {
      from: '+15550100001',
      to: '+15550100002',
      direction: 'inbound',
      target: { kind: 'assistant', id: 7 },
    },
    connectWithinMs: 3_000,
    allowPrivateAddress: true,
    logger,
    onEnd: (reason) => {
      ends.push(reason);
    },
    ...options,
  });
  return { session, ends };
}
interface TestCall {
  session: AudioSession;
  ends: string[];
  peer: UnicastPeer;
  connection: AssistantConnection;
}
/** A call from its start to its first frame: FreeSWITCH's side is there, and the assistant's. */
async function call(options: Partial<AudioCall> = {}): Promise<TestCall> {
  const before = assistant.connections.length;
  const { session, ends } = start(options);
  const connected = await session.connected;
  if (connected.outcome !== 'connected') throw new Error(connected.detail);
  const peer = await attachUnicastPeer(connected.unicast);
  closing.push(() => peer.close());
  const connection = await eventually(() => assistant.connections[before]);
  await eventually(() => connection.of('start').length === 1);
  peer.send(voice(MU_LAW_SILENCE));
  expect(await session.callerAudio(5_000)).toBe(true);
  return { session, ends, peer, connection };
}
/** A frame of one and the same code, as L16. 0x7f does not survive the way: it is the second zero. */
function voice(code: number, samples = 160): Buffer {
  const l16 = Buffer.alloc(2 * samples);
  decodeMuLaw(new Uint8Array(samples).fill(code), l16, samples);
  return l16;
}
const speech = (code: number, bytes: number) => new Uint8Array(bytes).fill(code);
/** Codes that the caller heard, but for silence. */
const heardCodes = (peer: UnicastPeer) =>
  peer.heard.flatMap(({ l16 }) => {
    const codes = new Uint8Array(l16.length / 2);
    encodeMuLaw(l16, codes, codes.length);
    return [...codes].filter((code) => code !== MU_LAW_SILENCE);
  });
const payloads = (connection: AssistantConnection) =>
  connection.of('media').map(({ media }) => [...Buffer.from(media!.payload, 'base64')]);

describe("a call's audio", () => {
  it('goes from the caller to the assistant, frame by frame', async () => {
    const { peer, connection, session } = await call();
    for (let code = 1; code <= 5; code += 1) peer.send(voice(code));
    peer.send(voice(6, 240));
    peer.send(voice(6, 80));
    await eventually(() => connection.of('media').length === 8);
    expect(payloads(connection).slice(1)).toEqual([1, 2, 3, 4, 5, 6, 6].map((code) => [...speech(code, 160)]));
    expect(connection.of('media').map(({ media }) => media?.timestamp)).toEqual([
      '0',
      '20',
      '40',
      '60',
      '80',
      '100',
      '120',
      '140',
    ]);
    expect(connection.of('start')[0]?.start?.customParameters).toEqual({
      From: '+15550100001',
      To: '+15550100002',
      from_number: '+15550100001',
      to_number: '+15550100002',
      assistant_id: '7',
    });
    expect(session.log()).toMatchObject({ frames_in: 8, frames_to_assistant: 8, frames_dropped: 0 });
  });

  it('goes from the assistant to the caller, in frames of 20 ms, whatever its chunks', async () => {
    const { peer, connection } = await call();
    const all: number[] = [];
    for (const bytes of [1, 159, 160, 161, 1_000, 40, 3_000, 7]) {
      const chunk = speech(1 + (all.length % 100), bytes);
      all.push(...chunk);
      connection.say(chunk);
    }
    await eventually(() => heardCodes(peer).length === all.length);
    expect(heardCodes(peer)).toEqual(all);
    expect(new Set(peer.heard.map(({ l16 }) => l16.length))).toEqual(new Set([320]));
  });

  it('plays what the assistant said before the call was attached, from its first byte', async () => {
    const { session } = start();
    const connected = await session.connected;
    const connection = await eventually(() => assistant.connections[0]);
    await eventually(() => connection.of('start').length === 1);
    connection.say(speech(9, 1_600));
    connection.send({ event: 'mark', mark: { name: 'greeting' } });
    await new Promise((resolve) => {
      setTimeout(resolve, 200);
    });
    expect(await session.callerAudio(0)).toBe(false);
    const peer = await attachUnicastPeer((connected as Extract<AudioOutcome, { outcome: 'connected' }>).unicast);
    closing.push(() => peer.close());
    expect(connection.of('mark')).toEqual([]);
    peer.send(voice(MU_LAW_SILENCE));
    await eventually(() => connection.of('mark').length === 1);
    expect(heardCodes(peer)).toEqual([...speech(9, 1_600)]);
  });

  it("has the caller's own packetization time, both ways", async () => {
    const { session } = start();
    const connected = await session.connected;
    const connection = await eventually(() => assistant.connections[0]);
    const peer = await attachUnicastPeer((connected as Extract<AudioOutcome, { outcome: 'connected' }>).unicast);
    closing.push(() => peer.close());
    for (const code of [5, 6, 7]) peer.send(voice(code, 240));
    await eventually(() => connection.of('media').length === 4);
    expect(payloads(connection).flat()).toEqual([...speech(5, 240), ...speech(6, 240), ...speech(7, 160)]);
    session.packetsOf(30);
    // A datagram of 20 ms may still be on its way.
    await eventually(() => peer.heard.at(-1)?.l16.length === 480);
    const before = peer.heard.length;
    connection.say(speech(9, 1_600));
    await eventually(() => heardCodes(peer).length === 1_600);
    expect(new Set(peer.heard.slice(before).map(({ l16 }) => l16.length))).toEqual(new Set([480]));
  });

  it('that FreeSWITCH stops sending is reported once; then it continues, and its log has it', async () => {
    let silences = 0;
    const { session } = start({
      onSilent: () => {
        silences += 1;
      },
    });
    const connected = await session.connected;
    const connection = await eventually(() => assistant.connections[0]);
    const { unicast } = connected as Extract<AudioOutcome, { outcome: 'connected' }>;
    const first = await attachUnicastPeer(unicast);
    first.send(voice(5));
    expect(await session.callerAudio(1_000)).toBe(true);
    await eventually(() => silences === 1, { message: 'the silence to be reported' });
    session.detach();
    await first.close();
    connection.say(speech(9, 800));
    connection.send({ event: 'mark', mark: { name: 'said' } });
    const again = session.callerAudio(5_000);
    const second = await attachUnicastPeer(unicast);
    closing.push(() => second.close());
    second.speak(() => voice(6));
    expect(await again).toBe(true);
    // Nothing of it was played to nobody.
    await eventually(() => heardCodes(second).length === 800);
    await eventually(() => connection.of('mark').length === 1, { message: 'the mark' });
    expect(silences).toBe(1);
    const log = session.stop();
    expect(log).toMatchObject({ reattached: 1, frames_out_lost: 0 });
    expect(log.silenced_ms).toBeGreaterThanOrEqual(300);
  });

  it('is silence while nobody speaks', async () => {
    const { peer, session } = await call();
    await eventually(() => peer.heard.length >= 5);
    expect(heardCodes(peer)).toEqual([]);
    expect(session.log()).toMatchObject({ speech_frames_out: 0, underruns: 0, first_audio_to_caller_ms: null });
  });

  it('brings marks back in order, after their audio', async () => {
    const { peer, connection } = await call();
    connection.send({ event: 'mark', mark: { name: 'start_acknowledged' } });
    await eventually(() => connection.of('mark').length === 1);
    const heardAtMark: number[] = [];
    connection.onMessage = ({ event }) => {
      if (event === 'mark') heardAtMark.push(heardCodes(peer).length);
    };
    for (const name of ['a', 'b', 'c']) {
      connection.say(speech(5, 1_600));
      connection.send({ event: 'mark', mark: { name } });
    }
    await eventually(() => connection.of('mark').length === 4);
    expect(connection.of('mark').map(({ mark }) => mark?.name)).toEqual(['start_acknowledged', 'a', 'b', 'c']);
    // The whole of it was out before the mark came; what follows may be out already.
    expect(heardAtMark.map((heard, index) => heard >= (index + 1) * 1_600)).toEqual([true, true, true]);
  });

  it('stops at once when the assistant clears it, and its marks come back', async () => {
    const { peer, connection, session } = await call();
    connection.say(speech(5, 80_000));
    connection.send({ event: 'mark', mark: { name: 'never heard' } });
    await eventually(() => heardCodes(peer).length > 0);
    connection.send({ event: 'clear' });
    await eventually(() => connection.of('mark').length === 1);
    // The clear was read before its mark came back: not one frame of it is played after that.
    const frames = session.log().speech_frames_out;
    const heard = peer.heard.length;
    await eventually(() => peer.heard.length >= heard + 5);
    expect(session.log().speech_frames_out).toBe(frames);
    expect(session.log().cleared_ms).toBe(10_000 - frames * 20);
    connection.say(speech(6, 160));
    await eventually(() => heardCodes(peer).includes(6));
  });

  it('carries the digits that the caller presses, and nothing that is none', async () => {
    const { session, connection } = await call();
    expect(['1', '#', '*', 'D', 'E', '12', '', '\n'].map((digit) => session.sendDtmf(digit))).toEqual([
      true,
      true,
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
    await eventually(() => connection.of('dtmf').length === 4);
    expect(connection.of('dtmf').map(({ dtmf }) => dtmf?.digit)).toEqual(['1', '#', '*', 'D']);
  });

  it('keeps a minute of speech, refuses the oldest, and says so', async () => {
    const { session, connection } = await call();
    connection.say(speech(5, 480_000));
    connection.say(speech(6, 16_000));
    await eventually(() => session.log().refused_ms > 0);
    expect(logged).toContain('dropped the oldest');
    expect(session.log().queue_deepest_ms).toBe(60_000);
  });

  it('counts what makes no sense and plays on', async () => {
    const { session, connection, peer } = await call();
    for (const message of [
      '{',
      { event: 'media', media: { payload: 'not base64' } },
      { event: 'media', media: {} },
      { event: 'who knows' },
    ])
      connection.send(message);
    peer.send(Buffer.alloc(321));
    connection.say(speech(5, 160));
    await eventually(() => heardCodes(peer).length === 160);
    expect(session.log()).toMatchObject({ messages_malformed: 3, messages_ignored: 1, datagrams_refused: 1 });
  });
});

describe("the end of a call's audio", () => {
  it('by the call says stop to the assistant and leaves a log', async () => {
    const { session, connection, ends, peer } = await call();
    connection.say(speech(5, 320));
    await eventually(() => heardCodes(peer).length === 320);
    const log = session.stop();
    await eventually(() => connection.closedWith === 1000);
    expect(connection.messages.at(-1)).toMatchObject({
      event: 'stop',
      stop: { callSid: 'CA00000000000000000000000000000002' },
    });
    expect(audioLog.parse(log)).toEqual(log);
    expect(log).toMatchObject({
      ended: 'call-ended',
      frames_in: 1,
      speech_frames_out: 2,
      connect_attempts: 1,
      reconnects: 0,
    });
    expect(
      [log.connected_after_ms, log.first_audio_to_assistant_ms, log.first_audio_to_caller_ms].every(
        (ms) => ms !== null && ms > 0,
      ),
    ).toBe(true);
    expect([session.stop(), ends, engine.active]).toEqual([log, [], 0]);
  });

  it('by the assistant is said once', async () => {
    const { session, connection, ends } = await call();
    connection.ws.close(1000);
    await eventually(() => ends.length === 1);
    session.stop();
    expect([ends, session.log().ended, engine.active]).toEqual([['assistant-hung-up'], 'assistant-hung-up', 0]);
  });

  it('is no end when the stream drops: the caller hears silence, then the assistant again', async () => {
    const { peer, connection, session, ends } = await call();
    connection.say(speech(5, 80_000));
    await eventually(() => heardCodes(peer).length > 0);
    assistant.refuse = () => ({ status: 503 });
    connection.ws.terminate();
    await eventually(() => logged.includes('media stream dropped'));
    const silent = peer.heard.length + 1;
    await eventually(() => {
      peer.send(voice(8));
      return session.log().frames_dropped > 0 && peer.heard.length > silent + 2;
    });
    expect(peer.heard.slice(silent).every(({ l16 }) => l16.equals(voice(MU_LAW_SILENCE)))).toBe(true);
    assistant.refuse = undefined;
    const again = await eventually(() => assistant.connections[1]);
    await eventually(() => again.of('start').length === 1);
    peer.send(voice(9));
    await eventually(() => again.of('media').length > 0);
    expect(again.of('media')[0]?.media).toMatchObject({ chunk: '1', timestamp: '0' });
    again.say(speech(6, 160));
    await eventually(() => heardCodes(peer).includes(6));
    expect([session.log().reconnects, ends]).toEqual([1, []]);
  });

  it('comes when the stream stays away', async () => {
    engine.stop();
    engine = createAudioEngine({ ports: await someRange(4), reconnectWithinMs: 200, logger });
    const { connection, ends } = await call();
    assistant.refuse = () => ({ status: 503 });
    connection.ws.terminate();
    await eventually(() => ends.length === 1);
    expect(ends).toEqual(['media-stream-lost']);
  });
});

describe('a call that gets no audio', () => {
  it.each<[string, Partial<AudioCall>]>([
    ['media-stream-refused', {}],
    ['media-url-invalid', { mediaUrl: 'nonsense' }],
    ['media-address-not-allowed', { allowPrivateAddress: false }],
  ])('gets the reason: %s', async (reason, options) => {
    assistant.refuse = () => ({ status: 403 });
    const { session, ends } = start(options);
    expect(await session.connected).toMatchObject({ outcome: 'failed', reason });
    expect([session.log().ended, ends, engine.active]).toEqual([reason, [], 0]);
  });

  it('reports that there are no ports; those of ended calls are held back', async () => {
    engine.stop();
    engine = createAudioEngine({ ports: await someRange(2), holdBackMs: 500, logger });
    const capacity = engine.capacity;
    const one = start();
    expect(await one.session.connected).toMatchObject({ outcome: 'connected' });
    expect([capacity, await start().session.connected]).toMatchObject([
      1,
      { outcome: 'failed', reason: 'no-audio-ports' },
    ]);
    one.session.stop();
    expect(await start().session.connected).toMatchObject({ outcome: 'failed', reason: 'no-audio-ports' });
    await eventually(async () => (await start().session.connected).outcome === 'connected');
  });

  it('and ended before it began', async () => {
    const { session, ends } = start();
    session.stop();
    expect(await session.connected).toMatchObject({ outcome: 'failed', reason: 'call-ended' });
    expect([ends, engine.active]).toEqual([[], 0]);
  });

  it('passes over ports that others have taken', async () => {
    engine.stop();
    const ports = await someRange(5);
    const taken = createSocket('udp4');
    await new Promise<void>((resolve) => {
      taken.bind(ports.first + (ports.first % 2), '127.0.0.1', resolve);
    });
    closing.push(() => taken.close());
    engine = createAudioEngine({ ports, logger });
    const outcomes = [
      await start().session.connected,
      await start().session.connected,
      await start().session.connected,
    ];
    expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual(
      engine.capacity === 3 ? ['connected', 'connected', 'failed'] : ['connected', 'failed', 'failed'],
    );
  });
});

describe('many calls', () => {
  it('hear their own assistant and nobody else, and it hears them', async () => {
    engine.stop();
    engine = createAudioEngine({ ports: await someRange(40), logger });
    const calls: TestCall[] = [];
    for (let n = 0; n < 8; n += 1) calls.push(await call({ callSid: `CA${n}` }));
    for (const { connection } of calls)
      connection.onMessage = ({ event, media }) => {
        if (event === 'media') connection.send({ event: 'media', media: { payload: media!.payload } });
      };
    calls.forEach(({ peer }, n) => peer.speak(() => voice(10 + n)));
    await eventually(() => calls.every(({ peer }) => heardCodes(peer).length >= 30 * 160));
    calls.forEach(({ peer, connection, session }, n) => {
      expect(new Set(heardCodes(peer))).toEqual(new Set([10 + n]));
      expect(new Set(payloads(connection).slice(1).flat())).toEqual(new Set([10 + n]));
      expect(connection.of('start')[0]?.start?.callSid).toBe(`CA${n}`);
      expect(session.log().frames_dropped).toBe(0);
    });
  });

  it('one after another leave nothing behind: no socket, no timer', async () => {
    engine.stop();
    engine = createAudioEngine({ ports: await someRange(200), holdBackMs: 0, logger });
    for (let n = 0; n < 40; n += 1) {
      const { session, peer, connection } = await call();
      connection.say(speech(5, 100_000));
      session.stop();
      await peer.close();
      await eventually(() => connection.closedWith !== undefined);
    }
    closing.length = 0;
    await eventually(
      () =>
        !process.getActiveResourcesInfo().some((kind) => ['UDPWrap', 'TCPSocketWrap', 'ConnectWrap'].includes(kind)),
      { message: 'all sockets closed' },
    );
    expect(engine.active).toBe(0);
  });
});
