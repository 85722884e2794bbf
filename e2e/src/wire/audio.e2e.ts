import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { encode, type Codec } from '@trunkmesh/testkit/rtp/g711.js';
import { findPassage, isSilent } from '@trunkmesh/testkit/rtp/passage.js';
import { openRtpPeer, type RtpPeer } from '@trunkmesh/testkit/rtp/rtp-peer.net.js';
import { joined, tellingTone, tone, toneLevel } from '@trunkmesh/testkit/rtp/tone.js';
import { startTalkingMesh, type TalkingMesh } from '../audio.fixture.js';
import { audioLogOf, descriptorsOf, leftInState, residentBytes } from '../agent.fixture.js';
import { startSipp, type SippCalls, type SippRun } from '../sipp.fixture.js';
import { sipp } from '../wire.fixture.js';

/**
 * A real FreeSWITCH, SIPp as the carrier, its callers' audio by RTP, an assistant at the other end of the stream. Runs
 * where FREESWITCH names a binary and SIPp is installed.
 */
let mesh: TalkingMesh;

const peers: RtpPeer[] = [];
const runs: SippRun[] = [];

/** A heap that is collected often shows what stays in it; one that may grow grows by a hundred megabytes first. */
const SMALL_HEAP = { NODE_OPTIONS: '--max-old-space-size=128 --max-semi-space-size=2' };

beforeAll(async () => {
  mesh = await startTalkingMesh(SMALL_HEAP);
});
afterAll(async () => {
  await Promise.all([...runs.map((run) => run.stop()), ...peers.map((peer) => peer.close())]);
  await mesh?.stop();
});

interface Caller {
  from: string;
  peer: RtpPeer;
  nth: number;
}

const trunkAddress = () => mesh.carrier.gateway.split(':')[0]!;
const bridge = () => mesh.test.mesh.bridges[0]!;

async function callersOf(count: number, codecOf: (nth: number) => Codec = () => 'PCMU'): Promise<Caller[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, nth) => ({
      from: mesh.newCaller(),
      peer: await telephone(codecOf(nth)),
      nth,
    })),
  );
}

async function telephone(codec: Codec): Promise<RtpPeer> {
  const peer = await openRtpPeer({ codec });
  peers.push(peer);
  return peer;
}

async function ring(
  callers: readonly Pick<Caller, 'from' | 'peer'>[],
  how: Pick<SippCalls, 'endedBy' | 'talkMs' | 'rate' | 'atOnce'>,
): Promise<SippRun> {
  const run = await startSipp({
    target: bridge().bridge.sip,
    number: mesh.number,
    address: trunkAddress(),
    ...how,
    callers: callers.map(({ from, peer }) => ({ from, audioPort: peer.port, codec: peer.codec })),
  });
  runs.push(run);
  return run;
}

/** One caller in a call that it does not end itself. */
async function talking(): Promise<
  Caller & { run: SippRun; stream: Awaited<ReturnType<TalkingMesh['streamOf']>>; done(): Promise<void> }
> {
  const [caller] = (await callersOf(1)) as [Caller];
  const run = await ring([caller], { endedBy: 'other-side', talkMs: 60_000 });
  const stream = await mesh.streamOf(caller.from);
  return {
    ...caller,
    run,
    stream,
    done: async () => {
      stream.hangUp();
      await run.finished;
    },
  };
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
const speech = (frequency: number, frames: number) => encode('PCMU', tone(frequency, frames));
const loud = (peer: RtpPeer) => peer.heard.filter(({ samples }) => !isSilent(samples));
/** Until the caller has heard nothing but silence for a while: half a second of frames. */
const untilQuiet = (peer: RtpPeer) => {
  let before = -1;
  return eventually(
    () => {
      const now = loud(peer).length;
      const quiet = now === before && peer.heard.slice(-25).every(({ samples }) => isSilent(samples));
      before = now;
      return quiet;
    },
    { intervalMs: 100, timeoutMs: 15_000, message: 'silence' },
  );
};

describe('the audio of twenty calls at once', () => {
  const CALLS = 20;
  const FRAMES = 250;
  let callers: Caller[];
  const said = (nth: number) => tone(tellingTone(nth), FRAMES);

  beforeAll(async () => {
    callers = await callersOf(CALLS, (nth) => (nth % 4 === 3 ? 'PCMA' : 'PCMU'));
    const run = await ring(callers, { endedBy: 'caller', talkMs: 11_000 });
    await Promise.all(
      callers.map(async ({ from, peer, nth }) => {
        (await mesh.streamOf(from)).echo();
        // FreeSWITCH has heard the caller and knows where it is.
        await eventually(() => peer.heard.length > 50, { message: 'the call to be heard' });
        peer.say(said(nth));
      }),
    );
    await run.finished;
  }, 60_000);

  it("is each caller's own and nobody else's", () => {
    for (const { peer, nth } of callers) {
      const heard = joined(loud(peer).map(({ samples }) => samples));
      const levels = callers.map((other) => toneLevel(heard, tellingTone(other.nth)));
      const loudestOther = Math.max(...levels.filter((_, other) => other !== nth));
      expect({ nth, own: levels[nth]! > 7_000, others: loudestOther < 100 }).toEqual({ nth, own: true, others: true });
    }
  });

  it('is whole: every frame comes back, once and in its order, by either codec', () => {
    const delays: number[] = [];
    for (const { peer, nth } of callers) {
      const { foundAt, lost, foreign } = findPassage(
        peer.said.map(({ samples }) => samples),
        peer.heard.map(({ samples }) => samples),
      );
      expect({ nth, codec: peer.codec, said: peer.said.length, lost, foreign }).toEqual({
        nth,
        codec: peer.codec,
        said: FRAMES,
        lost: 0,
        foreign: 0,
      });
      foundAt.forEach((at, frame) => {
        if (at !== undefined) delays.push(peer.heard[at]!.at - peer.said[frame]!.at);
      });
    }
    const sorted = delays.sort((a, b) => a - b);
    console.log(
      `caller → FreeSWITCH → agent → assistant → agent → FreeSWITCH → caller, ${CALLS} calls, ${delays.length} ` +
        `frames: median ${median(delays).toFixed(1)} ms, p99 ` +
        `${sorted[Math.floor(0.99 * sorted.length)]!.toFixed(1)} ms`,
    );
  });

  it('and its log says the same', async () => {
    for (const { from } of callers) {
      const log = await audioLogOf(mesh.test, mesh.assistant.streamsOf(from)[0]!.callSid);
      expect({
        dropped: log.frames_dropped,
        outLost: log.frames_out_lost,
        refused: log.refused_ms,
        ended: log.ended,
      }).toEqual({ dropped: 0, outLost: 0, refused: 0, ended: 'call-ended' });
    }
  });
});

describe('what the assistant says', () => {
  it('a clear in mid-sentence: the caller hears at most two frames more', async () => {
    const call = await talking();
    const after: number[] = [];
    const perSentence: number[] = [];
    for (let sentence = 0; sentence < 5; sentence += 1) {
      const before = loud(call.peer).length;
      call.stream.say(speech(tellingTone(sentence), 250));
      call.stream.mark(`sentence ${sentence}`);
      await eventually(() => loud(call.peer).length - before >= 40, { message: 'the sentence' });
      call.stream.clear();
      // The agent has read the clear: the mark comes back because of it.
      await eventually(() => call.stream.of('mark').length === sentence + 1, { intervalMs: 1, message: 'the mark' });
      const { at } = call.stream.of('mark').at(-1)!;
      await untilQuiet(call.peer);
      after.push(loud(call.peer).filter((frame) => frame.at > at).length);
      perSentence.push(loud(call.peer).length - before);
    }
    const heard = loud(call.peer).length;
    await call.done();
    const log = await audioLogOf(mesh.test, call.stream.callSid);
    console.log(
      `frames heard after the clear was read: ${after.join(', ')}; of 250 a sentence ${perSentence.join(', ')} ` +
        'were heard',
    );
    // What was not taken back was heard, and nothing of what was taken back.
    expect(heard * 20).toBe(5 * 250 * 20 - log.cleared_ms);
    expect(median(after)).toBeLessThanOrEqual(2);
  }, 60_000);

  it('marks come back in their order, each when what was said before it has been heard', async () => {
    const call = await talking();
    const heardAt: number[] = [];
    const names: string[] = [];
    call.stream.onMessage = ({ event, mark }) => {
      if (event !== 'mark') return;
      names.push(mark!.name);
      heardAt.push(loud(call.peer).length);
    };
    for (const nth of [1, 2, 3, 4]) {
      call.stream.say(speech(tellingTone(nth), 30));
      call.stream.mark(`part ${nth}`);
    }
    await eventually(() => names.length === 4, { message: 'the marks' });
    await untilQuiet(call.peer);
    expect(names).toEqual(['part 1', 'part 2', 'part 3', 'part 4']);
    expect(loud(call.peer)).toHaveLength(120);
    console.log(
      `of 30, 60, 90, 120 frames the caller had heard ${heardAt.join(', ')} when the mark behind them came back`,
    );
    // Two frames may be on their way through FreeSWITCH; the next part has not been heard to its end.
    heardAt.forEach((heard, index) => {
      expect(heard).toBeGreaterThanOrEqual(30 * (index + 1) - 2);
      expect(heard).toBeLessThan(30 * (index + 2));
    });
    await call.done();
  }, 60_000);

  it('keys that the caller presses reach the assistant, each once', async () => {
    const call = await talking();
    await eventually(() => call.peer.heard.length > 25);
    call.peer.press('159#*0');
    await eventually(() => call.stream.of('dtmf').length === 6, { message: 'the digits' });
    expect(
      call.stream
        .of('dtmf')
        .map(({ dtmf }) => dtmf!.digit)
        .join(''),
    ).toBe('159#*0');
    await call.done();
  }, 60_000);
});

describe('the end of a call', () => {
  it('the assistant closes the stream: the carrier gets BYE', async () => {
    const call = await talking();
    call.stream.hangUp();
    await call.run.finished;
    expect((await mesh.eventsOf(call.from)).at(-1)!.data).toMatchObject({
      hangup_disposition: 'send_bye',
      hangup_cause: 'NORMAL_CLEARING',
    });
  }, 60_000);

  it('the caller hangs up: the assistant gets stop and a close', async () => {
    const [caller] = (await callersOf(1)) as [Caller];
    const run = await ring([caller], { endedBy: 'caller', talkMs: 500 });
    const stream = await mesh.streamOf(caller.from);
    await run.finished;
    await eventually(() => stream.closedWith !== undefined, { message: 'the close' });
    expect([stream.messages.at(-1)!.event, stream.closedWith]).toEqual(['stop', 1000]);
    expect((await mesh.eventsOf(caller.from)).at(-1)!.data).toMatchObject({ hangup_disposition: 'recv_bye' });
  }, 60_000);

  it('the assistant refuses the stream: the carrier gets 503', async () => {
    const from = mesh.newCaller();
    mesh.assistant.refuse = () => ({ status: 404 });
    await sipp({ target: bridge().bridge.sip, from, requestUser: mesh.number, address: trunkAddress() }, 503).finally(
      () => {
        mesh.assistant.refuse = undefined;
      },
    );
    expect((await mesh.eventsOf(from)).at(-1)).toMatchObject({
      type: 'CallRejected',
      data: { reason: 'assistant-unavailable', sip_status: 503 },
    });
  }, 60_000);
});

describe('what an agent leaves behind', () => {
  it(
    'killed in twenty calls: FreeSWITCH ends them within five seconds, and each has exactly one usage record ' +
      'after the restart',
    async () => {
      const callers = await callersOf(20);
      const run = await ring(callers, { endedBy: 'other-side', talkMs: 60_000 });
      await Promise.all(callers.map(({ from }) => mesh.streamOf(from)));
      const killed = performance.now();
      await bridge().agent.kill();
      let ended = false;
      void run.finished.then(
        () => {
          ended = true;
        },
        () => undefined,
      );
      await eventually(() => ended, { timeoutMs: 5_000, message: 'all calls to be ended by FreeSWITCH' });
      await run.finished;
      console.log(`20 calls were ended ${Math.round(performance.now() - killed)} ms after the agent's kill -9`);
      await bridge().agent.start();
      const numbers = callers.map(({ from }) => from);
      await eventually(async () => (await mesh.usageOf(numbers)).size === 20, {
        timeoutMs: 60_000,
        intervalMs: 250,
        message: 'twenty usage records',
      });
      expect([...(await mesh.usageOf(numbers)).values()]).toEqual(numbers.map(() => 1));
      for (const from of numbers)
        expect((await mesh.eventsOf(from)).map(({ type }) => type)).toEqual([
          'CallStarted',
          'CallAnswered',
          'CallEnded',
        ]);
    },
    120_000,
  );

  it('a thousand calls one after the other: no socket, no port, no file, no memory', async () => {
    const pid = bridge().agent.pid()!;
    const stateDir = `${mesh.test.folder}/bridge-1/state`;
    const peer = await telephone('PCMU');
    mesh.assistant.onConnection = (connection) => connection.echo();
    const round = async (count: number) => {
      const callers = Array.from({ length: count }, () => ({ from: mesh.newCaller(), peer }));
      const run = await ring(callers, { endedBy: 'caller', talkMs: 300, rate: 40, atOnce: 20 });
      await run.finished;
      const numbers = callers.map(({ from }) => from);
      await eventually(async () => (await mesh.usageOf(numbers)).size === count, {
        timeoutMs: 60_000,
        intervalMs: 250,
        message: `${count} usage records`,
      });
      return eventually(
        async () => {
          const left = await leftInState(stateDir);
          if (left.length > 0) throw new Error(left.slice(0, 3).join(' '));
          return { descriptors: await descriptorsOf(pid), rss: await residentBytes(pid) };
        },
        { timeoutMs: 30_000, intervalMs: 250, message: 'every record to be confirmed and its file gone' },
      );
    };
    // Connections that are kept, code that is compiled: what any process gathers at first.
    const first = await round(300);
    const last = await round(700);
    mesh.assistant.onConnection = undefined;
    const grown = (last.rss - first.rss) / 2 ** 20;
    console.log(
      `descriptors of the agent ${first.descriptors.total} → ${last.descriptors.total}, of them UDP ` +
        `${first.descriptors.udp} → ${last.descriptors.udp}; resident ${Math.round(first.rss / 2 ** 20)} MB, ` +
        `${grown.toFixed(1)} MB more after 700 calls more`,
    );
    // The one that receives FreeSWITCH's captured SIP messages.
    expect(last.descriptors.udp).toBe(1);
    expect(last.descriptors.total).toBeLessThanOrEqual(first.descriptors.total);
    // 700 calls that left anything of theirs behind, an 8 KB queue only, would be more than that; a heap between two
    // collections is not.
    expect(grown).toBeLessThan(30);
  }, 240_000);
});
