import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CallAnswered, CallEvent, CallStarted } from '@trunkmesh/contracts/call.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { PublishCallEvent } from './call-log.nats.js';
import { startHeldCalls } from './held-calls.nats.js';
import { startLiveEvents } from './live-events.nats.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import { openCallsIn, type OpenCall } from './open-calls.fs.js';
import type { RecordDraft } from './call-record-file.js';
import { startRecordSender } from './call-record-sender.nats.js';
import { openSpool } from './call-record-spool.fs.js';
import type { StoryPart } from './story-part.js';

/**
 *  Every event of a call goes through here, and none is lost: not while NATS is away or the disk is full, not when this
 *  process is killed.
 */
export interface CallRecorder {
  /** Calls that the life before left open and without a record, and until when they are known to have lasted. */
  readonly leftOpen: readonly OpenCall[];
  readonly lastAlive: Date | undefined;
  /**
   *  What an earlier process could only leave in JetStream, because its disk was full; known some time after the start.
   */
  onRecovered(listener: (call: RecoveredCall) => void): void;
  /**
   *  A killed agent finds the call again once this has resolved. Rejects where neither the disk nor JetStream takes it
   *  in time; the event is on its way in any case.
   */
  begin(started: CallStarted): Promise<void>;
  answered(answered: CallAnswered): void;
  /** More of the call's story, for the life after this one. */
  keep(callId: string, part: StoryPart): void;
  /** Something between the answer and the end. It is told of in the call's last event as well. */
  happened(event: CallEvent): void;
  /** The call's last event: numbered, on disk, then published until it is confirmed. Resolves when it is on disk. */
  finish(final: RecordDraft['final']): Promise<void>;
  /** Records that billing-observer has not confirmed, wherever they wait. */
  unconfirmed(): number;
  /** Why nothing can be written to disk; undefined while it can. */
  trouble(): string | undefined;
  stop(): Promise<void>;
}

/** `final`: the call had ended. */
export interface RecoveredCall {
  call: OpenCall | undefined;
  final: RecordDraft['final'] | undefined;
}

export interface CallRecorderOptions {
  stateDir: string;
  bridgeId: string;
  link: NatsLink;
  publish: PublishCallEvent;
  logger: Logger;
  /** UUIDv7. */
  newId: () => string;
  /** Calls known to go on at this moment. */
  liveCalls: () => number;
}

/** A disk takes a call's file at once; one that stalls must not make callers wait, so JetStream is asked as well. */
const STALLED_MS = 100;
/** How long a caller waits for either of them. */
const NOTED_MS = 2_000;
/** Records of refused calls that wait in memory for a full disk; those of answered calls are never dropped. */
const REFUSED_CALLS = 10_000;

export async function startCallRecorder(options: CallRecorderOptions): Promise<CallRecorder> {
  const { stateDir, bridgeId, link, publish, logger, newId } = options;
  const spool = await openSpool({ folder: join(stateDir, 'records'), newEpoch: newId, logger });
  const recorded = new Set(spool.records().map(({ callId }) => callId));
  const live = startLiveEvents(publish);
  let finishing = 0;
  /** Calls whose record is held: it goes when the record is on disk, not when the open call's file is. */
  const drafted = new Set<string>();
  /** What is found in JetStream before anybody listens. */
  const found: RecoveredCall[] = [];
  let recovered = (call: RecoveredCall): void => {
    found.push(call);
  };
  const held = startHeldCalls({
    link,
    bridgeId,
    logger,
    onFound: (callId, { started, answered, story, draft }) => {
      // Written to disk after all, by this process or the one before.
      if (recorded.has(callId)) return void held.release(callId);
      const call = started === null ? undefined : { started, answered, story };
      for (const event of draft?.earlier ?? [started, answered]) if (event !== null) live.push(event);
      recovered({ call, final: draft?.final });
    },
  });
  const hold = (callId: string, draft: RecordDraft | null): Promise<void> => {
    const { started = null, answered = null, story = [] } = open.linesOf(callId) ?? {};
    return held.hold(callId, {
      started,
      answered,
      story: [...story],
      draft: draft && { ...draft, earlier: [...draft.earlier] },
    });
  };
  const open = await openCallsIn({
    folder: join(stateDir, 'open'),
    count: options.liveCalls,
    logger,
    // What is held of a call that began is acknowledged sooner or later, or its record is.
    onRefused: (callId) => {
      hold(callId, null).catch(() => undefined);
    },
    onMended: (callId) => {
      if (!drafted.has(callId)) void held.release(callId);
    },
  });
  const sender = startRecordSender({ bridgeId, spool, publish, link, logger });
  link.onConnected(() => {
    live.retry();
  });

  // Killed between the record and the removal of the open call: the call has its record.
  for (const { started } of open.found) if (recorded.has(started.data.call_id)) await open.remove(started.data.call_id);
  const leftOpen = open.found.filter(({ started }) => !recorded.has(started.data.call_id));
  // Whether the log has them is not known; it takes the same id once, and its readers do.
  for (const { started, answered } of leftOpen)
    for (const event of [started, answered]) if (event !== null) live.push(event);

  /** One call's files are touched one after the other. */
  const disk = new Map<string, Promise<void>>();
  const inOrder = (callId: string, work: () => Promise<void>): Promise<void> => {
    const done = (disk.get(callId) ?? Promise.resolve()).then(work, work);
    disk.set(callId, done);
    done
      .catch(() => undefined)
      .finally(() => {
        if (disk.get(callId) === done) disk.delete(callId);
      });
    return done;
  };
  const write = async (final: RecordDraft['final']): Promise<void> => {
    const { call_id: callId } = final.data;
    const draft: RecordDraft = { final, earlier: live.take(callId) };
    const number = await spool.append(draft, () => {
      drafted.add(callId);
      hold(callId, draft).catch(() => undefined);
    });
    drafted.delete(callId);
    await open.remove(callId).catch((error: unknown) => {
      logger.warn({ err: error }, "an open call's file cannot be removed");
    });
    // Before it is sent: a record that is confirmed and deleted must not be found again as a call without one.
    await held.release(callId);
    sender.send(number);
  };
  const drop = async (callId: string): Promise<void> => {
    logger.error({ call_id: callId }, 'the record of a refused call is dropped: too many wait for the disk');
    live.take(callId);
    await open.remove(callId);
    await held.release(callId);
  };
  return {
    leftOpen,
    lastAlive: open.lastAlive,
    onRecovered: (listener) => {
      recovered = listener;
      found.splice(0).forEach(listener);
    },
    begin: (started) => {
      live.push(started);
      const { call_id: callId } = started.data;
      const onDisk = inOrder(callId, () => open.started(started));
      return noted(onDisk, () => {
        const holding = hold(callId, null);
        onDisk.then(() => held.release(callId)).catch(() => undefined);
        return holding;
      });
    },
    answered: (answered) => {
      live.push(answered);
      inOrder(answered.data.call_id, () => open.answered(answered)).catch((error: unknown) => {
        logger.warn({ err: error, call_id: answered.data.call_id }, 'an answered call cannot be noted on disk');
      });
    },
    keep: (callId, part) => {
      inOrder(callId, () => open.keep(callId, part)).catch((error: NodeJS.ErrnoException) => {
        // Without a file its beginning was not written either, which was said.
        if (error.code !== 'ENOENT')
          logger.warn({ err: error, call_id: callId }, "a call's story cannot be noted on disk");
      });
    },
    happened: (event) => {
      live.push(event);
    },
    finish: async (final) => {
      const { call_id: callId } = final.data;
      recorded.add(callId);
      const excess = final.type === 'CallRejected' && spool.waiting() >= REFUSED_CALLS;
      finishing += 1;
      try {
        await inOrder(callId, () => (excess ? drop(callId) : write(final)));
      } finally {
        finishing -= 1;
      }
    },
    unconfirmed: () => finishing + sender.unconfirmed(),
    trouble: () => {
      const why = spool.trouble() ?? open.trouble();
      if (why === undefined) return undefined;
      const how =
        link.connection === undefined
          ? 'and NATS is unreachable: new calls are refused'
          : 'new calls are accepted only while JetStream acknowledges them';
      return `STATE_DIR cannot be written (${why}), ${how}`;
    },
    stop: async () => {
      live.stop();
      held.stop();
      await Promise.allSettled(disk.values());
      await sender.stop();
      await open.stop();
      await spool.stop();
    },
  };
}

/** Resolves when the disk has the call, or else JetStream does. */
async function noted(onDisk: Promise<void>, hold: () => Promise<void>): Promise<void> {
  const first = await Promise.race([
    onDisk.then(
      () => 'noted',
      () => 'refused',
    ),
    sleep(STALLED_MS, 'stalled', { ref: false }),
  ]);
  if (first === 'noted') return;
  const late = sleep(NOTED_MS, undefined, { ref: false }).then(() => {
    throw new Error('not acknowledged in time');
  });
  await Promise.race([Promise.any([onDisk, hold()]), late]);
}
