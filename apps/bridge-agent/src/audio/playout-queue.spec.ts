import { beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { encodeMuLaw } from './g711.js';
import { PlayoutQueue, FRAME_L16_BYTES } from './playout-queue.js';

const l16 = new Uint8Array(FRAME_L16_BYTES);
let heard: string[];
let queue: PlayoutQueue;
beforeEach(() => {
  heard = [];
  queue = new PlayoutQueue({
    onMark: (name) => {
      heard.push(name);
    },
  });
});
/** 0x7f is mu-law's second zero and would come back as the first. */
const speech = (bytes: number, from = 0) =>
  Buffer.from(
    Array.from({ length: bytes }, (_, index) => ((from + index) % 251 === 0x7f ? 0xfc : (from + index) % 251)),
  );
const say = (bytes: number, from = 0) => queue.add(speech(bytes, from), bytes);
/** The codes of the speech in the next frame. What follows it is silence. */
function takeFrom(from: PlayoutQueue): number[] {
  const samples = from.take(l16);
  const codes = new Uint8Array(samples);
  encodeMuLaw(l16, codes, samples);
  if (l16.subarray(2 * samples).some((byte) => byte !== 0)) throw new Error('no silence behind the speech');
  return [...codes];
}
const take = () => takeFrom(queue);

describe('the playout queue', () => {
  it('gives silence when nothing was said', () => {
    l16.fill(9);
    expect(take()).toEqual([]);
    expect(queue.counts).toMatchObject({ silentFrames: 1, speechFrames: 0, underruns: 0 });
  });

  it(
    'gives every byte once and in order, whatever the sizes of the chunks, and fills up with silence behind the ' +
      'last',
    () => {
      fc.assert(
        fc.property(
          fc.array(fc.oneof(fc.nat(400), fc.constantFrom(0, 1, 159, 160, 161, 8_191, 8_192, 8_193, 40_000)), {
            maxLength: 30,
          }),
          fc.array(fc.nat(5)),
          (chunks, takes) => {
            const fresh = new PlayoutQueue({ onMark: () => {} });
            const given: number[] = [],
              got: number[] = [];
            const once = () => {
              const codes = takeFrom(fresh);
              got.push(...codes);
              return codes.length;
            };
            chunks.forEach((bytes, index) => {
              const audio = speech(bytes, given.length);
              expect(fresh.add(audio, bytes)).toBe(0);
              given.push(...audio);
              for (let n = 0; n < (takes[index] ?? 1); n += 1) once();
              expect(fresh.queuedBytes).toBe(given.length - got.length);
            });
            while (once() > 0);
            expect(Buffer.from(got).equals(Buffer.from(given))).toBe(true);
          },
        ),
        { numRuns: 50 },
      );
    },
  );

  it('takes only the first `length` bytes of what it is given', () => {
    queue.add(speech(500), 3);
    expect(take()).toEqual([0, 1, 2]);
  });
});

describe('marks', () => {
  it('come back at once where there is nothing to wait for', () => {
    queue.mark('start_acknowledged');
    expect(heard).toEqual(['start_acknowledged']);
  });

  it('come back when the frame with their last byte has been played, not when it was taken', () => {
    say(320);
    queue.mark('end');
    take();
    take();
    expect(heard).toEqual([]);
    take();
    expect(heard).toEqual(['end']);
  });

  it('wait for the frame that is being played', () => {
    say(160);
    take();
    queue.mark('after');
    expect(heard).toEqual([]);
    take();
    expect(heard).toEqual(['after']);
  });

  it('come back in order, each exactly when all before it was played and never before', () => {
    const step = fc.oneof(
      fc.record({ say: fc.integer({ min: 1, max: 700 }) }),
      fc.constant('mark' as const),
      fc.constant('take' as const),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        let said = 0,
          taken = 0,
          played = 0;
        const expected: { name: string; position: number }[] = [];
        const back: string[] = [];
        const fresh = new PlayoutQueue({
          onMark: (name) => {
            back.push(name);
          },
        });
        steps.forEach((action, index) => {
          if (action === 'take') {
            played = taken;
            taken += fresh.take(l16);
          } else if (action === 'mark') {
            expected.push({ name: String(index), position: said });
            fresh.mark(String(index));
          } else {
            fresh.add(speech(action.say), action.say);
            said += action.say;
          }
          expect(back).toEqual(expected.filter(({ position }) => position <= played).map(({ name }) => name));
        });
      }),
    );
  });

  it('are refused when there are too many to keep, and said', () => {
    say(160);
    for (let index = 0; index < 1_000; index += 1) expect(queue.mark(`${index}`)).toBe(true);
    expect(queue.mark('one more')).toBe(false);
    expect(queue.counts.refusedMarks).toBe(1);
    take();
    take();
    expect(heard).toHaveLength(1_000);
    expect(queue.mark('again')).toBe(true);
  });
});

describe('clear', () => {
  it('empties at once and gives back the marks of what will not be played, in order', () => {
    say(800);
    queue.mark('a');
    say(800);
    queue.mark('b');
    take();
    queue.clear();
    expect(heard).toEqual(['a', 'b']);
    expect(queue.counts.clearedBytes).toBe(1_440);
    expect(take()).toEqual([]);
    expect(queue.queuedBytes).toBe(0);
  });

  it('leaves nothing behind that the next speech would stumble over', () => {
    say(9_000);
    take();
    queue.clear();
    say(100, 7);
    queue.mark('next');
    expect(take()).toEqual([...speech(100, 7)]);
    take();
    expect(heard).toEqual(['next']);
  });

  it('by reset says nothing of the marks: there is nobody who would know them', () => {
    say(800);
    queue.mark('lost');
    queue.reset();
    take();
    take();
    expect(heard).toEqual([]);
    queue.mark('new');
    expect(heard).toEqual(['new']);
  });
});

describe('a queue that grows too long', () => {
  it('refuses the oldest, says how much, and keeps the order of the rest', () => {
    const short = new PlayoutQueue({
      maxSeconds: 0.1,
      onMark: (name) => {
        heard.push(name);
      },
    });
    expect(short.add(speech(700), 700)).toBe(0);
    short.mark('within what goes');
    expect(short.add(speech(200, 700), 200)).toBe(100);
    expect(short.counts.refusedBytes).toBe(100);
    expect(short.queuedBytes).toBe(800);
    expect(takeFrom(short)).toEqual([...speech(160, 100)]);
  });

  it('never holds more than the bound, gives the newest, and gives every mark back in the end', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 2_000 }), { minLength: 1, maxLength: 30 }), (chunks) => {
        const back: number[] = [];
        const short = new PlayoutQueue({
          maxSeconds: 0.1,
          onMark: (name) => {
            back.push(Number(name));
          },
        });
        let said = 0;
        chunks.forEach((bytes, index) => {
          short.add(speech(bytes, said), bytes);
          said += bytes;
          short.mark(String(index));
          expect(short.queuedBytes).toBe(Math.min(800, said));
        });
        expect(short.counts.refusedBytes).toBe(Math.max(0, said - 800));
        const got: number[] = [];
        for (let codes = takeFrom(short); codes.length > 0; codes = takeFrom(short)) got.push(...codes);
        expect(got).toEqual([...speech(Math.min(800, said), Math.max(0, said - 800))]);
        expect(back).toEqual(chunks.map((_, index) => index));
      }),
    );
  });

  it('keeps 60 seconds by default', () => {
    expect(say(480_000)).toBe(0);
    expect(say(1)).toBe(1);
    expect(queue.counts.deepestBytes).toBe(480_000);
  });
});

describe('underruns', () => {
  it('are gaps within a speech: audio that comes soon after the queue ran dry', () => {
    say(160);
    take();
    take();
    say(160);
    expect(queue.counts.underruns).toBe(1);
  });

  it('are gaps of a part of a frame too', () => {
    say(100);
    take();
    say(160);
    expect(queue.counts.underruns).toBe(1);
  });

  it('are not the pauses between two speeches, nor what a clear cut off, nor audio that comes just in time', () => {
    say(160);
    take();
    say(160);
    for (let n = 0; n < 12; n += 1) take();
    say(160);
    take();
    queue.clear();
    take();
    say(160);
    expect(queue.counts.underruns).toBe(0);
  });
});

describe('a queue that runs short', () => {
  it(
    'has less than a frame in the middle of a speech, not before it, after it, in a pause that was played, or ' +
      'after a clear',
    () => {
      const short: boolean[] = [queue.runsShort];
      const then = (what: () => unknown) => {
        what();
        short.push(queue.runsShort);
      };
      then(() => say(160));
      then(() => take());
      then(() => say(100));
      then(() => say(60));
      then(() => take());
      then(() => take());
      then(() => say(100));
      then(() => say(220));
      then(() => take());
      then(() => queue.clear());
      expect(short).toEqual([false, false, true, true, false, true, false, false, false, false, false]);
    },
  );
});

describe('a gap within a speech', () => {
  const pause = (frames: number) => queue.add(Buffer.alloc(frames * 160, 0xfe), frames * 160);
  const gap = (frames: number) => {
    say(160);
    for (let n = 0; n <= frames; n += 1) take();
  };
  const drain = () => {
    let frames = 0;
    while (queue.take(l16) > 0) frames += 1;
    return frames;
  };

  it("is made good in the assistant's next pause, which gets shorter by as much and does not vanish", () => {
    gap(3);
    say(320);
    pause(10);
    say(160);
    expect(drain()).toBe(10);
    expect(queue.counts.caughtUpFrames).toBe(3);
  });

  it('shortens no speech, and no pause twice', () => {
    gap(5);
    say(1_600);
    expect(drain()).toBe(10);
    gap(2);
    pause(1);
    say(160);
    expect(drain()).toBe(2 - 1);
    expect(queue.counts.caughtUpFrames).toBe(1);
  });

  it('that the clock made counts as well, where somebody was speaking', () => {
    queue.missed(4);
    pause(10);
    expect(drain()).toBe(10);
    for (let n = 0; n < 12; n += 1) take();
    pause(10);
    queue.missed(2);
    expect(drain()).toBe(8);
    queue.missed(3);
    pause(10);
    // Three frames were not played at all, and one was silence.
    expect(queue.counts.underruns).toBe(1);
    expect(drain()).toBe(10 - 3 - 1);
  });

  it('is forgotten by a real pause and by a clear', () => {
    gap(5);
    say(160);
    for (let n = 0; n < 13; n += 1) take();
    pause(10);
    expect(drain()).toBe(10);
    gap(5);
    say(160);
    queue.clear();
    pause(10);
    expect(drain()).toBe(10);
  });

  it('gives the marks of what was left out back all the same', () => {
    gap(2);
    pause(1);
    queue.mark('in the pause');
    say(320);
    take();
    take();
    expect(heard).toEqual(['in the pause']);
  });
});
