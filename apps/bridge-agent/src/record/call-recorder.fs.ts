import { join } from 'node:path';
import type { CallAnswered, CallEvent, CallStarted } from '@trunkmesh/contracts/call.js';
import type { Logger } from '@trunkmesh/runtime/logger.pino.js';
import type { PublishCallEvent } from './call-log.jetstream.js';
import { startLiveEvents } from './live-events.jetstream.js';
import type { NatsLink } from './nats-link.nats.js';
import { openCallsIn, type OpenCall } from './open-calls.fs.js';
import type { RecordDraft } from './record-file.js';
import { startRecordSender } from './record-sender.jetstream.js';
import { openSpool } from './record-spool.fs.js';
import type { StoryPart } from './story-part.js';

/** Every event of a call goes through here, and none is lost: not while NATS is away, not when this process is killed. */
export interface CallRecorder {
  /** Calls that the life before left open and without a record, and until when they are known to have lasted. */
  readonly leftOpen: readonly OpenCall[];
  readonly lastAlive: Date | undefined;
  /** A killed agent finds the call again once this has resolved; it rejects where the disk does not take it. The event is on its way in any case. */
  begin(started: CallStarted): Promise<void>;
  answered(answered: CallAnswered): void;
  /** More of the call's story, for the life after this one. */
  keep(callId: string, part: StoryPart): void;
  /** Something between the answer and the end. It is told of in the call's last event as well. */
  happened(event: CallEvent): void;
  /** The call's last event: numbered, on disk, then published until it is confirmed. Resolves when it is on disk. */
  finish(final: RecordDraft['final']): Promise<void>;
  unconfirmed(): number;
  /** Why records cannot be written; undefined while they can. */
  trouble(): string | undefined;
  stop(): Promise<void>;
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

export async function startCallRecorder(options: CallRecorderOptions): Promise<CallRecorder> {
  const { stateDir, bridgeId, link, publish, logger, newId } = options;
  const spool = await openSpool({ folder: join(stateDir, 'records'), newEpoch: newId, logger });
  const open = await openCallsIn({ folder: join(stateDir, 'open'), count: options.liveCalls, logger });
  const live = startLiveEvents(publish);
  const sender = startRecordSender({ bridgeId, spool, publish, link, logger });
  link.onConnected(() => { live.retry(); });

  const recorded = new Set(spool.records().map(({ callId }) => callId));
  // Killed between the record and the removal of the open call: the call has its record.
  for (const { started } of open.found) if (recorded.has(started.data.call_id)) await open.remove(started.data.call_id);
  const leftOpen = open.found.filter(({ started }) => !recorded.has(started.data.call_id));
  // Whether the log has them is not known; it takes the same id once, and its readers do.
  for (const { started, answered } of leftOpen) for (const event of [started, answered]) if (event !== null) live.push(event);

  /** One call's files are touched one after the other. */
  const disk = new Map<string, Promise<void>>();
  const inOrder = (callId: string, work: () => Promise<void>): Promise<void> => {
    const done = (disk.get(callId) ?? Promise.resolve()).then(work, work);
    disk.set(callId, done);
    done.catch(() => undefined).finally(() => { if (disk.get(callId) === done) disk.delete(callId); });
    return done;
  };
  return {
    leftOpen,
    lastAlive: open.lastAlive,
    begin: (started) => {
      live.push(started);
      return inOrder(started.data.call_id, () => open.started(started));
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
        if (error.code !== 'ENOENT') logger.warn({ err: error, call_id: callId }, 'a call\'s story cannot be noted on disk');
      });
    },
    happened: (event) => { live.push(event); },
    finish: (final) => inOrder(final.data.call_id, async () => {
      const number = await spool.append({ final, earlier: live.take(final.data.call_id) });
      await open.remove(final.data.call_id).catch((error: unknown) => { logger.warn({ err: error }, 'an open call\'s file cannot be removed'); });
      sender.send(number);
    }),
    unconfirmed: () => sender.unconfirmed(),
    trouble: () => spool.trouble(),
    stop: async () => {
      live.stop();
      await Promise.allSettled(disk.values());
      await sender.stop();
      await open.stop();
      await spool.stop();
    },
  };
}
