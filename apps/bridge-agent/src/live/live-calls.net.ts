import type { CallStarted, TransferResult } from '@trunkmesh/contracts/call.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { EslClient } from '../esl/esl-client.net.js';
import { subscribe } from '../esl/esl-command.js';
import type { EslEvent } from '../esl/esl-event.js';
import type { CallRecorder, RecoveredCall } from '../call-record/call-records.fs.js';
import type { OpenCall } from '../call-record/open-calls.fs.js';
import type { RecordDraft } from '../call-record/call-record-file.js';
import type { StatusChange } from '../customer/call-status.js';
import { callAnswered, callEnded, callRejectedLater, callTransferEnded, type EventStamp } from './call-events.js';
import { note, partSince, retold, type CallStory } from './call-story.js';
import { calls as callsMetric, lostCalls, setupSeconds } from './call-metrics.otel.js';
import { lostCall, readHangup, type HangupFacts } from './hangup-facts.js';
import { found, loseSight, nextStep, type LiveCall } from './live-calls.js';
import type { Refusal } from './refusal.js';

/** The event socket of this host's FreeSWITCH, as far as calls need it. */
export type EventSocket = Pick<EslClient, 'send' | 'api' | 'connected'>;

export interface LiveCalls {
  /**
   *  The call goes on from here, under the eyes of its own connection. Resolves when a killed agent would find it
   *  again; rejects where it might not.
   */
  begin(started: CallStarted, story: CallStory): Promise<void>;
  ringing(callId: string, at: Date): void;
  transferring(callId: string, at: Date): void;
  transferEnded(callId: string, transfer: TransferResult): void;
  answered(callId: string, at: Date, codec: string | null): void;
  /** It cannot be answered after all: its end, when it comes, is a refusal. */
  refused(callId: string, refusal: Refusal): void;
  /** Whoever says it first is heard: a call ends once. */
  ended(callId: string, hangup: HangupFacts): void;
  /** Its connection is gone and no hang-up came. */
  lost(callId: string, at: Date): void;
  /** The event socket is there (again): calls without a connection of their own are looked for. */
  onUp(socket: EventSocket): void;
  onDown(): void;
  /** Events of the event socket; all but CHANNEL_HANGUP_COMPLETE are somebody else's. */
  onEvent(event: EslEvent): void;
  /** Left by an earlier process, and found late: it is looked for, or its end is told of. */
  recover(recovered: RecoveredCall): void;
  has(callId: string): boolean;
  /** Of an organisation: calls that this process has no connection to, such as those that an earlier process left. */
  unheldOf(organizationId: string): LiveCall[];
  count(): number;
  /** Those that FreeSWITCH is known to have at this moment. */
  countSeen(): number;
  stop(): void;
}

export interface LiveCallsOptions {
  recorder: Pick<CallRecorder, 'begin' | 'answered' | 'happened' | 'keep' | 'finish' | 'leftOpen' | 'lastAlive'>;
  bridgeId: string;
  newId: () => string;
  /** The call has ended, and its last event is on its way. */
  onEnded: (started: CallStarted) => void;
  /**
   *  The platform is told of each change of state, in order, and of the last one before its record is written: whoever
   *  dies in between tells it again. Never rejects.
   */
  tell: (change: StatusChange) => Promise<void>;
  logger: Logger;
  now?: () => Date;
  lookMs?: number;
}

const LOOK_MS = 1_000;
const ASK_DEADLINE_MS = 2_000;

export function createLiveCalls(options: LiveCallsOptions): LiveCalls {
  const { recorder, logger, now = () => new Date() } = options;
  const calls = new Map<string, LiveCall>();
  let socket: EventSocket | undefined;
  let looking = false;
  const stampOf = ({ started }: LiveCall): EventStamp => ({
    bridgeId: options.bridgeId,
    newId: options.newId,
    traceparent: started.traceparent,
  });

  const adopt = ({ started, answered, story }: OpenCall): void => {
    const times = [started.data.started_at, answered?.data.answered_at, recorder.lastAlive?.toISOString()].filter(
      (time) => time !== undefined,
    );
    const call: LiveCall = {
      started,
      answered,
      story: retold(story, started.data.invite),
      kept: 0,
      lastSeen: new Date(times.sort().at(-1)!),
      watch: 'unknown',
      since: now(),
    };
    call.kept = call.story.timeline.length;
    note(call.story, now(), 'agent-restarted');
    calls.set(started.data.call_id, call);
  };
  recorder.leftOpen.forEach(adopt);

  const keep = (call: LiveCall): void => {
    const part = partSince(call.story, call.kept);
    if (part === undefined) return;
    call.kept += part.timeline.length;
    recorder.keep(call.started.data.call_id, part);
  };
  const answered = (callId: string, at: Date, codec: string | null): void => {
    const call = calls.get(callId);
    if (call === undefined || call.answered !== null) return;
    call.answered = callAnswered(call.started, at, codec, stampOf(call));
    recorder.answered(call.answered);
    // By our clock, as the steps around it: FreeSWITCH's lags by some milliseconds.
    note(call.story, now(), 'answered', codec);
    keep(call);
    void options.tell({ what: 'event', event: call.answered, started: call.started });
    setupSeconds.record(Math.max(0, at.getTime() - new Date(call.started.data.started_at).getTime()) / 1000);
  };
  const ended = (callId: string, hangup: HangupFacts): void => {
    const call = calls.get(callId);
    if (call === undefined) return;
    // Answered without this process having seen it: the log shall have it all the same.
    if (hangup.answeredAt !== null) answered(callId, hangup.answeredAt, hangup.codec);
    calls.delete(callId);
    const answeredAt = hangup.answeredAt ?? (call.answered === null ? null : new Date(call.answered.data.answered_at));
    const final = finalOf(call, { ...hangup, answeredAt }, stampOf(call));
    callsMetric.add(1, { ...final.counted, decided_at: call.started.data.decided_at });
    if (hangup.reconstructed) {
      lostCalls.add();
      logger.warn(
        { call_id: callId, ended_at: hangup.endedAt },
        'a call ended unseen; its end is the latest moment at which it is known to have lasted',
      );
    }
    finish(final.event, call.started);
    options.onEnded(call.started);
  };
  const finish = (event: RecordDraft['final'], started: CallStarted | undefined): void => {
    options
      .tell({ what: 'event', event, started })
      .then(() => recorder.finish(event))
      .catch((error: unknown) => {
        logger.error(
          { err: error, call_id: event.data.call_id },
          "a call's record was not written; its open file stays for the next start",
        );
      });
  };

  const ask = async (esl: EventSocket, callId: string, call: LiveCall): Promise<void> => {
    const askedAt = now();
    const reply = await esl.api('uuid_exists', callId, ASK_DEADLINE_MS);
    if (reply.outcome !== 'reply' || calls.get(callId) !== call) return;
    const text = reply.text.trim();
    if (text === 'true' || text === 'false') found(call, text === 'true', askedAt);
  };
  const look = async (): Promise<void> => {
    const esl = socket?.connected === true ? socket : undefined;
    const asked: Promise<void>[] = [];
    for (const [callId, call] of calls) {
      const step = nextStep(call, esl !== undefined, now());
      if (step === 'ask' && esl !== undefined) asked.push(ask(esl, callId, call));
      if (step === 'give-up')
        ended(
          callId,
          lostCall(
            call.lastSeen,
            call.answered === null ? null : new Date(call.answered.data.answered_at),
            call.answered?.data.codec ?? null,
          ),
        );
    }
    // The subscription goes first, so that no hang-up falls between the question and it; sent again it changes nothing.
    await Promise.all(asked);
  };
  const lookOnce = (): void => {
    if (looking || calls.size === 0) return;
    looking = true;
    const unwatched = [...calls.values()].some(({ watch }) => watch === 'unknown');
    const subscribed =
      unwatched && socket?.connected === true ? socket.send(subscribe([HANGUP])) : Promise.resolve(undefined);
    subscribed
      .then(look)
      .catch((error: unknown) => {
        logger.error({ err: error }, 'calls without a connection could not be looked for');
      })
      .finally(() => {
        looking = false;
      });
  };
  const timer = setInterval(() => {
    calls.forEach(keep);
    lookOnce();
  }, options.lookMs ?? LOOK_MS);

  return {
    begin: (started, story) => {
      calls.set(started.data.call_id, {
        started,
        story,
        answered: null,
        kept: 0,
        lastSeen: now(),
        watch: 'socket',
        since: now(),
      });
      void options.tell({ what: 'event', event: started });
      return recorder.begin(started);
    },
    ringing: (callId, at) => {
      const call = calls.get(callId);
      if (call === undefined) return;
      note(call.story, at, 'ringing');
      void options.tell({ what: 'ringing', started: call.started, at });
    },
    transferring: (callId, at) => {
      const call = calls.get(callId);
      if (call !== undefined) void options.tell({ what: 'transfer-started', started: call.started, at });
    },
    transferEnded: (callId, transfer) => {
      const call = calls.get(callId);
      if (call === undefined) return;
      const event = callTransferEnded(call.started, transfer, stampOf(call));
      recorder.happened(event);
      void options.tell({ what: 'event', event, started: call.started });
    },
    answered,
    refused: (callId, refusal) => {
      const call = calls.get(callId);
      if (call !== undefined) call.refused = refusal;
    },
    ended,
    lost: (callId, at) => {
      const call = calls.get(callId);
      if (call === undefined) return;
      if (call.overheard !== undefined) return ended(callId, call.overheard);
      loseSight(call, at);
      lookOnce();
    },
    onUp: (esl) => {
      socket = esl;
      lookOnce();
    },
    onDown: () => {
      socket = undefined;
      for (const call of calls.values()) if (call.watch === 'watched') loseSight(call, now());
    },
    onEvent: (event) => {
      const callId = event.headers.get('Unique-ID') ?? '';
      const call = event.name === HANGUP ? calls.get(callId) : undefined;
      if (call === undefined) return;
      const hangup = readHangup(event.headers, now());
      // Once subscribed for others, its hang-up comes twice, and this one may be the first: its record has its audio
      // and its transfer only when its own connection has ended.
      if (call.watch === 'socket') call.overheard = hangup;
      else ended(callId, hangup);
    },
    recover: ({ call, final }) => {
      const callId = (call?.started ?? final)?.data.call_id ?? '';
      const known = calls.get(callId);
      if (final !== undefined) {
        calls.delete(callId);
        finish(final, call?.started);
        if (known !== undefined) options.onEnded(known.started);
      } else if (call !== undefined && known === undefined) {
        adopt(call);
        lookOnce();
      }
    },
    has: (callId) => calls.has(callId),
    unheldOf: (organizationId) =>
      [...calls.values()].filter(
        ({ watch, started }) => watch !== 'socket' && started.data.organization_id === organizationId,
      ),
    count: () => calls.size,
    countSeen: () => [...calls.values()].filter(({ watch }) => watch === 'socket' || watch === 'watched').length,
    stop: () => {
      clearInterval(timer);
    },
  };
}

/** Its last event, and what it is counted as. */
function finalOf({ started, refused, story }: LiveCall, hangup: HangupFacts, stamp: EventStamp) {
  const { answeredAt, hangup_cause: reason } = hangup;
  if (answeredAt !== null)
    return { event: callEnded(started, hangup, story, stamp), counted: { outcome: 'answered', reason } };
  if (refused === undefined)
    return { event: callEnded(started, hangup, story, stamp), counted: { outcome: 'unanswered', reason } };
  return {
    event: callRejectedLater(started, { refusal: refused, story }, hangup, stamp),
    counted: { outcome: 'refused', reason: refused.reason },
  };
}

const HANGUP = 'CHANNEL_HANGUP_COMPLETE';
