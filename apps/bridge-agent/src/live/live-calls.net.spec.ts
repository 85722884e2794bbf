import { afterEach, describe, expect, it } from '@jest/globals';
import pino from 'pino';
import type { CallAnswered } from '@trunkmesh/contracts/call.js';
import { callId } from '@trunkmesh/testkit/call-events.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import type { EslReply } from '../esl/esl-connection.net.js';
import { answered, started } from '../call-record/call-record.fixture.js';
import type { OpenCall } from '../call-record/open-call-file.fs.js';
import type { CallRecordDraft } from '../call-record/call-record-file.js';
import type { StoryPart } from '../call-record/story-part.js';
import { createStory, note } from './call-story.js';
import { readHangup } from './hangup-facts.js';
import { LiveCallTable } from './live-call-table.js';
import type { EventSocket } from './call-search.net.js';
import { LiveCalls } from './live-calls.net.js';

const reply = (text: string): EslReply => ({
  outcome: 'reply',
  ok: true,
  text,
  frame: { headers: new Map(), body: text },
});
const T0 = Date.UTC(2026, 10, 23, 1, 0, 0);

/** The registry with a callRecords, an event socket and a clock that the test holds in its hands. */
function setUp(leftOpen: readonly OpenCall[] = [], lastAlive?: Date) {
  const finished: CallRecordDraft['final'][] = [];
  const answers: CallAnswered[] = [];
  const kept: StoryPart[] = [];
  const ended: (string | null)[] = [];
  const sent: string[] = [];
  const reported: string[] = [];
  const existing = new Set<string>();
  const world = { now: T0 };
  let ids = 0;
  const live = new LiveCalls({
    calls: new LiveCallTable({ leftOpen, lastAlive }, new Date(T0)),
    callRecords: {
      begin: () => Promise.resolve(),
      answered: (event) => {
        answers.push(event);
      },
      happened: () => undefined,
      keep: (_callId, part) => {
        kept.push(part);
        return Promise.resolve();
      },
      handed: { keep: () => Promise.resolve() },
      finish: (final) => {
        finished.push(final);
        return Promise.resolve();
      },
    },
    bridgeId: 'bridge-1',
    newId: () => `01900000-0000-7000-8000-${String((ids += 1)).padStart(12, '0')}`,
    onEnded: ({ data }) => {
      ended.push(data.trunk_id);
    },
    tell: (change) => {
      reported.push(change.what === 'event' ? change.event.type : change.what);
      return Promise.resolve();
    },
    logger: pino({ level: 'silent' }),
    now: () => new Date(world.now),
    lookMs: 5,
  });
  const esl = {
    connected: true,
    send: (command: string) => {
      sent.push(command);
      return Promise.resolve(reply('+OK'));
    },
    api: (name: string, args = '') => {
      sent.push(`${name} ${args}`);
      return Promise.resolve(reply(existing.has(args) ? 'true' : 'false'));
    },
  } as EventSocket;
  registries.push(live);
  return { live, finished, answers, kept, ended, sent, reported, existing, world, esl };
}
/** A record is written once the platform's statuses have it. */
const recorded = () =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });
const registries: LiveCalls[] = [];
afterEach(() => {
  registries.splice(0).forEach((live) => live.stop());
});

const hangupOf = (n: number, variables: Record<string, string> = {}) =>
  new Map([
    ['Unique-ID', callId(n)],
    ['variable_hangup_cause', 'NORMAL_CLEARING'],
    ['variable_end_uepoch', String((T0 + 9_000) * 1000)],
    ...Object.entries(variables).map(([name, value]): [string, string] => [`variable_${name}`, value]),
  ]);
const event = (n: number, variables: Record<string, string> = {}) => ({
  name: 'CHANNEL_HANGUP_COMPLETE',
  subclass: null,
  headers: hangupOf(n, variables),
  body: '',
});
const untilAsked = (sent: readonly string[], n: number) => eventually(() => sent.includes(`uuid_exists ${callId(n)}`));

describe('calls that go on', () => {
  it('end once, whichever source reports it first', async () => {
    const { live, finished, ended } = setUp();
    await live.begin(started(1), createStory());
    live.ended(callId(1), readHangup(hangupOf(1), new Date(T0)));
    live.onEvent(event(1));
    live.lost(callId(1), new Date(T0));
    live.ended(callId(1), readHangup(hangupOf(1), new Date(T0)));
    await recorded();
    expect([finished.length, ended, live.count()]).toEqual([1, [null], 0]);
  });

  it.each(['ended', 'lost'] as const)(
    'that the event socket overtakes wait for their own connection, which knows more (%s)',
    async (how) => {
      const { live, finished } = setUp();
      const story = createStory();
      await live.begin(started(1), story);
      live.onEvent(event(1, { sip_hangup_disposition: 'recv_bye' }));
      expect([live.count(), live.has(callId(1))]).toEqual([1, true]);
      story.prewarm = { outcome: 'prewarmed', ms: 1, detail: null };
      if (how === 'ended')
        live.ended(callId(1), readHangup(hangupOf(1, { sip_hangup_disposition: 'recv_bye' }), new Date(T0)));
      else live.lost(callId(1), new Date(T0 + 9_500));
      await recorded();
      expect(finished).toMatchObject([
        {
          data: {
            reconstructed: false,
            hangup_disposition: 'recv_bye',
            ended_at: new Date(T0 + 9_000).toISOString(),
            prewarm: { outcome: 'prewarmed' },
          },
        },
      ]);
    },
  );

  it('the answer is noted once, from whichever source', async () => {
    const { live, answers, finished } = setUp();
    await live.begin(started(1), createStory());
    live.answered(callId(1), new Date(T0 + 1000), 'PCMU');
    live.answered(callId(1), new Date(T0 + 2000), 'PCMA');
    live.ended(callId(1), readHangup(hangupOf(1, { answer_uepoch: String((T0 + 1000) * 1000) }), new Date(T0)));
    expect(answers.map(({ data }) => [data.answered_at, data.codec])).toEqual([
      [new Date(T0 + 1000).toISOString(), 'PCMU'],
    ]);
    await recorded();
    expect(finished[0]!.data).toMatchObject({ answered_at: new Date(T0 + 1000).toISOString(), billable_ms: 8_000 });
  });

  it('are reported in order, the end before its call record is written, each once', async () => {
    const { live, finished, reported } = setUp();
    await live.begin(started(1), createStory());
    live.reached(callId(1), 'ringing', new Date(T0));
    live.answered(callId(1), new Date(T0 + 1000), 'PCMU');
    live.ended(callId(1), readHangup(hangupOf(1, { answer_uepoch: String((T0 + 1000) * 1000) }), new Date(T0)));
    expect([reported, finished]).toEqual([['CallStarted', 'ringing', 'CallAnswered', 'CallEnded'], []]);
    await recorded();
    expect(finished).toMatchObject([
      { data: { end_reason: 'switch-ended', timeline: [{ what: 'ringing' }, { what: 'answered', detail: 'PCMU' }] } },
    ]);
  });

  it('have their story kept as it goes on, each step once, and all of it with the answer', async () => {
    const { live, kept } = setUp();
    const story = createStory();
    await live.begin(started(1), story);
    live.reached(callId(1), 'ringing', new Date(T0));
    story.prewarm = { outcome: 'prewarmed', ms: 1, detail: null };
    live.answered(callId(1), new Date(T0 + 1000), 'PCMU');
    expect(kept).toEqual([
      {
        type: 'CallStory',
        timeline: [expect.objectContaining({ what: 'ringing' }), expect.objectContaining({ what: 'answered' })],
        prewarm: story.prewarm,
        recording: null,
        transfer: null,
      },
    ]);
    note(story, new Date(T0 + 2_000), 'recording-started');
    await eventually(() => kept.length === 2);
    note(story, new Date(T0 + 3_000), 'hang-up-requested');
    story.intended = 'api-hung-up';
    await eventually(() => kept.length === 3);
    expect(kept.slice(1)).toMatchObject([
      { timeline: [{ what: 'recording-started' }] },
      { timeline: [{ what: 'hang-up-requested' }], intended: 'api-hung-up' },
    ]);
  });

  it('an answer that only the hang-up contains is in the log as well', async () => {
    const { live, answers } = setUp();
    await live.begin(started(1), createStory());
    live.ended(
      callId(1),
      readHangup(hangupOf(1, { answer_uepoch: String((T0 + 1000) * 1000), read_codec: 'PCMU' }), new Date(T0)),
    );
    expect(answers).toHaveLength(1);
  });

  it("hang-ups of other calls, and other events, are nobody's", async () => {
    const { live, finished } = setUp();
    await live.begin(started(1), createStory());
    live.onEvent(event(2));
    live.onEvent({ ...event(1), name: 'CHANNEL_ANSWER' });
    expect([finished.length, live.count(), live.countSeen()]).toEqual([0, 1, 1]);
  });
});

describe('calls without a connection of their own', () => {
  it(
    'left by a killed agent and still there: their hang-up comes over the event socket, asked for before ' +
      'anything else',
    async () => {
      const { live, finished, sent, existing, esl } = setUp([
        { started: started(1), answered: answered(1), story: [] },
      ]);
      existing.add(callId(1));
      live.onUp(esl);
      await untilAsked(sent, 1);
      expect(sent[0]).toBe('event plain CHANNEL_HANGUP_COMPLETE');
      await eventually(() => live.countSeen() === 1);
      live.onEvent(event(1, { answer_uepoch: String((T0 + 1000) * 1000) }));
      await recorded();
      expect(finished[0]!.data).toMatchObject({
        reconstructed: false,
        hangup_cause: 'NORMAL_CLEARING',
        ended_at: new Date(T0 + 9_000).toISOString(),
      });
    },
  );

  it('left by a killed agent and gone: ended when that agent was last known to hold them', async () => {
    const lastAlive = new Date('2026-11-23T00:44:30.000Z');
    const { live, finished, sent, world, esl } = setUp(
      [
        { started: started(1), answered: answered(1), story: [] },
        { started: started(2), answered: null, story: [] },
      ],
      lastAlive,
    );
    live.onUp(esl);
    await untilAsked(sent, 2);
    expect(finished).toEqual([]);
    world.now += 1_000;
    await eventually(() => finished.length === 2);
    expect(finished.map(({ data }) => data)).toMatchObject([
      {
        reconstructed: true,
        answered_at: answered(1).data.answered_at,
        ended_at: lastAlive.toISOString(),
        billable_ms: 20_069,
        codec: 'PCMU',
      },
      { reconstructed: true, answered_at: null, ended_at: lastAlive.toISOString(), billable_ms: 0 },
    ]);
  });

  it('that began after the last note: ended when they were answered', async () => {
    const { live, finished, world, esl, sent } = setUp(
      [{ started: started(1), answered: answered(1), story: [] }],
      new Date('2026-11-23T00:00:00.000Z'),
    );
    live.onUp(esl);
    await untilAsked(sent, 1);
    world.now += 1_000;
    await eventually(() => finished.length === 1);
    expect(finished[0]!.data).toMatchObject({ ended_at: answered(1).data.answered_at, billable_ms: 0 });
  });

  it('left by a killed agent: their last event has the story that was on disk', async () => {
    const step = (what: string) => ({ at: new Date(T0).toISOString(), what, detail: null });
    const prewarm = { outcome: 'prewarmed' as const, ms: 40, detail: null };
    const rest = { type: 'CallStory' as const, recording: null, transfer: null };
    const parts: StoryPart[] = [
      { ...rest, timeline: [step('ringing')], prewarm: null },
      {
        ...rest,
        timeline: [step('prewarm-prewarmed'), step('hang-up-requested')],
        prewarm,
        intended: 'assistant-hung-up',
      },
    ];
    const { live, finished, kept, sent, esl } = setUp([{ started: started(1), answered: answered(1), story: parts }]);
    live.onUp(esl);
    await untilAsked(sent, 1);
    // What is on disk already is not written again.
    expect(kept).toMatchObject([{ timeline: [{ what: 'agent-restarted' }], prewarm }]);
    live.onEvent(event(1, { sip_hangup_disposition: 'send_bye', answer_uepoch: String(T0 * 1000) }));
    await recorded();
    expect(finished).toMatchObject([
      {
        data: {
          prewarm,
          end_reason: 'assistant-hung-up',
          timeline: ['ringing', 'prewarm-prewarmed', 'hang-up-requested', 'agent-restarted'].map((what) => ({ what })),
        },
      },
    ]);
  });

  it('whose hang-up is overtaken by the answer to the question: ended by the hang-up', async () => {
    const { live, finished, sent, esl } = setUp([{ started: started(1), answered: null, story: [] }]);
    live.onUp(esl);
    await untilAsked(sent, 1);
    live.onEvent(event(1));
    await recorded();
    expect(finished).toMatchObject([{ data: { reconstructed: false } }]);
  });

  it('FreeSWITCH killed and started again: ended when its connection broke', async () => {
    const { live, finished, sent, world, esl } = setUp();
    live.onUp(esl);
    await live.begin(started(1), createStory());
    live.answered(callId(1), new Date(T0), 'PCMU');
    live.onDown();
    live.lost(callId(1), new Date(T0 + 5_000));
    world.now = T0 + 9_000;
    live.onUp(esl);
    await untilAsked(sent, 1);
    world.now += 1_000;
    await eventually(() => finished.length === 1);
    expect(finished[0]!.data).toMatchObject({
      reconstructed: true,
      ended_at: new Date(T0 + 5_000).toISOString(),
      billable_ms: 5_000,
    });
  });

  it('FreeSWITCH killed and not coming back: ended all the same', async () => {
    const { live, finished, world } = setUp();
    await live.begin(started(1), createStory());
    live.lost(callId(1), new Date(T0));
    world.now = T0 + 10_000;
    await eventually(() => finished.length === 1);
    expect(finished[0]!.data).toMatchObject({ reconstructed: true, ended_at: new Date(T0).toISOString() });
  });

  it('watched over an event socket that breaks: known to have lasted until then', async () => {
    const { live, finished, existing, world, esl, sent } = setUp([
      { started: started(1), answered: answered(1), story: [] },
    ]);
    existing.add(callId(1));
    live.onUp(esl);
    await eventually(() => live.countSeen() === 1);
    world.now = T0 + 60_000;
    live.onDown();
    existing.clear();
    sent.length = 0;
    world.now = T0 + 62_000;
    live.onUp(esl);
    await untilAsked(sent, 1);
    world.now = T0 + 63_000;
    await eventually(() => finished.length === 1);
    expect(finished[0]!.data).toMatchObject({ ended_at: new Date(T0 + 60_000).toISOString() });
  });

  it('a FreeSWITCH that does not answer decides nothing', async () => {
    const { live, finished, world, esl, sent } = setUp([{ started: started(1), answered: null, story: [] }]);
    live.onUp({
      ...esl,
      connected: true,
      api: (name: string, args = '') => {
        sent.push(`${name} ${args}`);
        return Promise.resolve({ outcome: 'timeout' });
      },
    } as EventSocket);
    await untilAsked(sent, 1);
    world.now += 100_000;
    await eventually(() => sent.filter((command) => command.startsWith('uuid_exists')).length > 2);
    expect([finished.length, live.count()]).toEqual([0, 1]);
  });
});
