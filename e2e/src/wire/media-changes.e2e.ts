import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Codec } from '@trunkmesh/testkit/rtp/g711.js';
import { startTalkingMesh, type TalkingMesh } from '../audio.fixture.js';
import { ChangingCall, described, type Caller } from '../changing-call.fixture.js';

/**
 * A real FreeSWITCH and a carrier that changes its audio as it likes, ten calls at once. Runs where FREESWITCH names a
 * binary.
 */
interface Row {
  what: string;
  caller?: Caller;
  changes?: readonly Change[];
  /** Times that FreeSWITCH sets the codec anew, at least. */
  attachedAgain?: number;
}
interface Change {
  what: string;
  make(call: ChangingCall): Promise<void>;
}

const change = (what: string, make: Change['make']): Change => ({ what, make });
const toCodecs = (...codecs: Codec[]): Change =>
  change(`a re-INVITE with ${codecs.join(', ')}`, async (call) => {
    await call.reinvite({ codecs: described(codecs) });
    if (!codecs.includes(call.peer.codec) || codecs.length === 1) call.peer.speak({ codec: codecs[0] });
  });
const toPtime = (ptime: number): Change =>
  change(`a re-INVITE with packets of ${ptime} ms`, async (call) => {
    await call.reinvite({ ptime });
    call.peer.speak({ packetMs: ptime });
  });
const unasked = (how: Parameters<ChangingCall['peer']['speak']>[0]): Change =>
  change(`${JSON.stringify(how)} without a word`, async (call) => {
    call.peer.speak(how);
  });
const withoutDescription = change('a re-INVITE without SDP', (call) => call.reinvite({}, true));
const held = (direction: 'sendonly' | 'inactive' | undefined, address: string): Change =>
  change(`hold (${direction ?? address}) and resume`, async (call) => {
    await call.reinvite({ direction, address });
    call.peer.pause();
    await new Promise((resolve) => {
      setTimeout(resolve, 700);
    });
    await call.reinvite({ direction: 'sendrecv' });
    call.peer.resume();
  });
const moved = (address: string, told: boolean): Change =>
  change(`a telephone at ${address} goes on${told ? ', with a re-INVITE' : ' without a word'}`, async (call) => {
    await call.moveTo(address);
    if (told) await call.reinvite();
  });

const LENGTHS = [10, 20, 30, 40, 60];
const lengths: Row[] = LENGTHS.flatMap((packetMs, nth) =>
  [undefined, 20, packetMs === 40 ? 60 : 40].map((ptime, column) => ({
    what: `packets of ${packetMs} ms, announced: ${ptime ?? 'nothing'}`,
    caller: { packetMs, ptime, codecs: [(nth + column) % 2 === 0 ? ('PCMU' as const) : ('PCMA' as const)] },
  })),
);
const ROWS: readonly Row[] = [
  ...lengths,
  { what: 'the other codec alone, and back', changes: [toCodecs('PCMA'), toCodecs('PCMU')], attachedAgain: 2 },
  {
    what: 'the other codec alone, of a PCMA caller',
    caller: { codecs: ['PCMA'] },
    changes: [toCodecs('PCMU'), toCodecs('PCMA')],
    attachedAgain: 2,
  },
  { what: 'another order', changes: [toCodecs('PCMA', 'PCMU'), toCodecs('PCMU', 'PCMA')] },
  { what: 'another order, of a PCMA caller', caller: { codecs: ['PCMA'] }, changes: [toCodecs('PCMA', 'PCMU')] },
  { what: 'another length, announced', changes: [toPtime(40), toPtime(60), toPtime(10), toPtime(20)] },
  {
    what: 'another length, unannounced',
    changes: [unasked({ packetMs: 30 }), unasked({ packetMs: 60 }), unasked({ packetMs: 10 })],
  },
  {
    what: 'another codec and another length together',
    changes: [
      change('both', async (call) => {
        await call.reinvite({ codecs: described(['PCMA']), ptime: 40 });
        call.peer.speak({ codec: 'PCMA', packetMs: 40 });
      }),
    ],
    attachedAgain: 1,
  },
  { what: 'no description', changes: [withoutDescription, withoutDescription] },
  { what: 'hold', changes: [held('sendonly', '127.0.0.1'), held('inactive', '127.0.0.1'), held(undefined, '0.0.0.0')] },
  {
    what: 'hold, of a PCMA caller',
    caller: { codecs: ['PCMA'] },
    changes: [held('inactive', '127.0.0.1'), toCodecs('PCMU'), held('sendonly', '127.0.0.1')],
    attachedAgain: 1,
  },
  { what: 'a moved port and a moved address', changes: [moved('127.0.0.1', true), moved('127.0.0.77', true)] },
  { what: 'a moved port without a word', changes: [moved('127.0.0.1', false)] },
  { what: 'a late offer', caller: { lateOffer: true }, changes: [toCodecs('PCMA')], attachedAgain: 1 },
  { what: 'a late offer, answered with PCMA', caller: { lateOffer: true, codecs: ['PCMA'] }, changes: [toPtime(40)] },
];

/** More are too much for a host with two cores that has other work. */
const MAX_PARALLEL_CALLS = 10;

let mesh: TalkingMesh;
const running = new Map<string, Promise<ChangingCall>>();

async function carryOut({ caller, changes = [] }: Row): Promise<ChangingCall> {
  const call = await ChangingCall.place(mesh, caller);
  try {
    await call.untilHeard('the answer');
    for (const { what, make } of changes) {
      await make(call);
      await call.untilHeard(what);
    }
    return call;
  } finally {
    await call.hangUp();
  }
}

beforeAll(async () => {
  mesh = await startTalkingMesh();
  const lanes = Array.from({ length: MAX_PARALLEL_CALLS }, () => Promise.resolve());
  ROWS.forEach((row, nth) => {
    const outcome = lanes[nth % MAX_PARALLEL_CALLS]!.then(() => carryOut(row));
    running.set(row.what, outcome);
    // Whoever waits for it learns how it went.
    lanes[nth % MAX_PARALLEL_CALLS] = outcome.then(
      () => undefined,
      () => undefined,
    );
  });
}, 60_000);
afterAll(async () => {
  const calls = (await Promise.allSettled(running.values())).flatMap((outcome) =>
    outcome.status === 'fulfilled' ? [outcome.value] : [],
  );
  const gaps = calls.flatMap((call) => call.gaps.slice(1)).sort((a, b) => a - b);
  console.log(
    `the longest silence after each of ${gaps.length} changes: median ${Math.round(gaps[gaps.length >> 1]!)} ms, ` +
      `longest ${Math.round(gaps.at(-1)!)} ms`,
  );
  await mesh?.stop();
});

describe('a caller hears itself, from the answer on and after each change, whatever its carrier does', () => {
  it.each(ROWS)('$what', async ({ what, attachedAgain = 0 }) => {
    const call = await running.get(what)!;
    const { type, end_reason: reason, quality, audio, timeline, ...times } = await call.record();
    expect([type, reason]).toEqual(['CallEnded', 'caller-hung-up']);
    expect((await mesh.eventsOf(call.from)).map((event) => event.type)).toEqual([
      'CallStarted',
      'CallAnswered',
      'CallEnded',
    ]);
    expect(audio).toMatchObject({ ended: 'call-ended', frames_dropped: 0, reconnects: 0, connect_attempts: 1 });
    expect(audio.reattached).toBeGreaterThanOrEqual(attachedAgain);
    expect(timeline.filter((entry) => entry.what === 'audio-attached')).toHaveLength(
      timeline.filter((entry) => entry.what === 'audio-lost').length,
    );
    // As many frames as the call was long, but for those that it says were lost; the last second's are not counted yet.
    const lasted = Date.parse(times.ended_at) - Date.parse(times.answered_at);
    expect(Math.abs(lasted - 20 * (audio.frames_in + audio.frames_in_lost))).toBeLessThan(1_500);
    expect(quality!.mos).toBeGreaterThan(3.5);
    expect([quality!.packets_in, quality!.packets_out].every((count) => count > 20)).toBe(true);
    expect([audio.first_audio_to_assistant_ms, audio.first_audio_to_caller_ms].every((at) => at! > 0)).toBe(true);
  });
});
