import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startAssistant, type Assistant } from '@trunkmesh/testkit/assistant/assistant.http.js';
import type { AssistantConnection } from '@trunkmesh/testkit/assistant/media-stream.net.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { freePort } from '@trunkmesh/testkit/free-port.net.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import type { AudioSession } from './audio-call.net.js';
import { CallSession } from './audio-session.net.js';
import type { FramePlayer } from './frame-clock.process.js';
import { createPortPool } from './port-pool.js';
import { attachUnicastPeer, type UnicastPeer } from './unicast-peer.fixture.js';

/** A call's audio with a clock that the test holds in its hands. */
let assistant: Assistant;
let connection: AssistantConnection;
let session: AudioSession;
let peer: UnicastPeer;
let player: FramePlayer | undefined;

beforeEach(async () => {
  assistant = await startAssistant();
  const first = await freePort();
  session = new CallSession(
    {
      pool: createPortPool({ first, last: first + 20, holdBackMs: 0, beginAt: 0 }),
      reconnectWithinMs: 1_000,
      ca: undefined,
      onFinished: () => undefined,
      timer: {
        add: (added) => {
          player = added;
        },
        remove: () => {
          player = undefined;
        },
        players: 1,
      },
    },
    {
      callSid: 'CA00000000000000000000000000000002',
      accountSid: 'AC00000000000000000000000000000001',
      mediaUrl: assistant.url,
      allowPrivateAddress: true,
      logger: createLogger('test', { level: 'silent' }),
      parameters: { from: '+15550100001', to: '+15550100002', direction: 'inbound', target: null },
    },
  );
  const connected = await session.connected;
  if (connected.outcome !== 'connected') throw new Error(connected.detail);
  peer = await attachUnicastPeer(connected.unicast);
  connection = await eventually(() => assistant.connections[0]);
  peer.send(Buffer.alloc(320));
  await eventually(() => player !== undefined);
});
afterEach(async () => {
  session.stop();
  await peer.close();
  await assistant.stop();
});

/** Loud, and each its own. */
const speech = (code: number, bytes = 160) => new Uint8Array(bytes).fill(code);
let added = 0;
/** The assistant's audio is in the queue, or already on its way to the caller. */
async function say(code: number, bytes = 160): Promise<void> {
  connection.say(speech(code, bytes));
  connection.mark(`after ${(added += 1)}`);
  await eventually(() => session.log().marks === added);
}
beforeEach(() => {
  added = 0;
});
/** Which frames the caller got, by their first sample's loudness: silence is 0. */
const heard = () => peer.heard.map(({ l16 }) => Number(Math.abs(l16.readInt16LE(0)) > 0));
const tick = () => player!.play(1, 0, 0);

describe('a frame that is about to come', () => {
  it('is played the moment that it is there', async () => {
    await say(0x80);
    expect(tick()).toBe(false);
    expect(tick()).toBe(true);
    await say(0x81);
    await eventually(() => peer.heard.length === 2);
    player!.settle();
    expect(tick()).toBe(true);
    await say(0x82);
    await eventually(() => peer.heard.length === 3);
    expect(heard()).toEqual([1, 1, 1]);
    expect(session.log()).toMatchObject({ speech_frames_out: 3, silent_frames_out: 0, underruns: 0 });
  });

  it('and does not come in time is silence, once', async () => {
    await say(0x80);
    tick();
    expect(tick()).toBe(true);
    player!.settle();
    player!.settle();
    expect(tick()).toBe(false);
    await say(0x81);
    expect(tick()).toBe(false);
    await eventually(() => peer.heard.length === 4);
    expect(heard()).toEqual([1, 0, 0, 1]);
    expect(session.log()).toMatchObject({ speech_frames_out: 2, silent_frames_out: 2, underruns: 1 });
  });

  it('is there when half of it came before', async () => {
    await say(0x80, 240);
    expect([tick(), tick()]).toEqual([false, true]);
    await say(0x81, 80);
    await eventually(() => peer.heard.length === 2);
    expect(
      [peer.heard[1]!.l16.readInt16LE(0), peer.heard[1]!.l16.readInt16LE(318)].every((sample) => sample !== 0),
    ).toBe(true);
  });

  it("is played before the clock's next, however late that is", async () => {
    await say(0x80);
    tick();
    expect(tick()).toBe(true);
    expect(player!.play(2, 1, 0)).toBe(false);
    await eventually(() => peer.heard.length === 3);
    expect(heard()).toEqual([1, 0, 0]);
  });
});
