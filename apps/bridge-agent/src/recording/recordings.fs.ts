import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { CallParties, CallRecording } from '@trunkmesh/contracts/call.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { EslCommand } from '../esl/esl-command.js';
import type { PublishCallEvent } from '../call-record/call-log.nats.js';
import { objectKey, pending, recordCommands, recordingFiles, recordingFolder, s3Location } from './call-recording.js';
import { BucketTrouble, createRecordingBucket, type BucketSettings } from './recording-bucket.http.js';
import { callRecordingStored } from './recording-event.js';
import { observeRecordings, recordingsSettled } from './recording-metrics.otel.js';
import { createRetryQueue } from './retry-queue.process.js';
import { openSidecars, type Sidecars } from './sidecars.fs.js';
import { finishedFile } from './wav-file.fs.js';

export interface RecordingOrder {
  commands: readonly EslCommand[];
  /** State `pending`, and where it will be. */
  recording: CallRecording;
}

/**
 *  Recordings from the order to FreeSWITCH until they are where they stay. Nothing is deleted before the bucket has it
 *  and the log says so.
 */
export interface Recordings {
  /**
   *  What FreeSWITCH is to be told once the call is answered. A text: why this call cannot be recorded; it goes on
   *  without.
   */
  begin(parties: CallParties): Promise<RecordingOrder | string>;
  /**
   *  The call has ended, and FreeSWITCH has closed the file: it goes to where it stays, and CallRecordingStored is
   *  published. Safe for calls without a recording, and twice.
   */
  ended(callId: string): void;
  /** Recordings of ended calls that are not where they stay, or of which the log does not know yet. */
  waiting(): number;
  /** Why they cannot be stored, or calls cannot be recorded; undefined while all is well. */
  trouble(): string | undefined;
  stop(): Promise<void>;
}

export interface RecordingsOptions {
  /** FreeSWITCH writes there as well, under the same path. */
  folder: string;
  /** Undefined: recordings stay in the folder. */
  bucket: BucketSettings | undefined;
  publish: PublishCallEvent;
  /** The call goes on, as far as anybody knows: its file is left alone. */
  isLive: (callId: string) => boolean;
  logger: Logger;
  /** Below so many free bytes no recording begins; the smaller of 1 GiB and a twentieth of the disk. */
  freeBytes?: number;
}

const UPLOADS_AT_ONCE = 2;
const EVENTS_AT_ONCE = 8;
/** Recordings of calls whose end nobody reported: those of the life before. */
const SWEEP_MS = 30_000;
const GIB = 1024 ** 3;
const PAUSES = {
  bucket: { firstMs: 500, maxMs: 60_000 },
  denied: { firstMs: 20_000, maxMs: 300_000 },
  log: { firstMs: 200, maxMs: 10_000 },
};

export async function startRecordings(options: RecordingsOptions): Promise<Recordings> {
  const { publish, isLive, logger } = options;
  const folder = recordingFolder(options.folder);
  const sidecars = await openSidecars(folder);
  const bucket = options.bucket && { ...createRecordingBucket(options.bucket), settings: options.bucket };
  let trouble: string | undefined;

  const placeOf = (parties: CallParties): { path: string; location: string; key: string } => {
    const path = join(folder, recordingFiles(parties.call_id)!.wav);
    const key = objectKey(bucket?.settings.prefix ?? '', parties);
    return { path, key, location: bucket === undefined ? path : s3Location(bucket.settings.bucket, key) };
  };
  /** Undefined: FreeSWITCH is still at it. */
  const settle = async (parties: CallParties): Promise<CallRecording | undefined> => {
    const { path, key, location } = placeOf(parties);
    const file = await finishedFile(path, Date.now());
    if (file.state === 'growing') return undefined;
    if (file.state === 'absent')
      return { state: 'failed', location, bytes: null, duration_ms: null, detail: 'FreeSWITCH wrote no sound' };
    await bucket?.store({ path, key, bytes: file.bytes });
    trouble = undefined;
    return {
      state: bucket === undefined ? 'local' : 'stored',
      location,
      bytes: file.bytes,
      duration_ms: file.durationMs,
      detail: null,
    };
  };
  const events = createRetryQueue({
    atOnce: EVENTS_AT_ONCE,
    attempt: async (callId) => {
      const event = (await sidecars.read(callId))?.event;
      if (!event) return 'done';
      await publish(event);
      await sidecars.remove(callId, { wav: event.data.recording.state !== 'local' });
      return 'done';
    },
    pause: () => PAUSES.log,
    onFailure: (callId, error) => {
      logger.debug({ err: error, call_id: callId }, 'what became of a recording could not be published; trying again');
    },
  });
  const files = createRetryQueue({
    atOnce: UPLOADS_AT_ONCE,
    attempt: async (callId) => {
      const found = await sidecars.read(callId);
      if (found === undefined) return 'done';
      if (found.event === null) {
        const recording = await settle(found.parties);
        if (recording === undefined) return 'again';
        await sidecars.decided(callRecordingStored(found.parties, recording, new Date()));
        recordingsSettled.add(1, { outcome: recording.state });
      }
      events.add(callId);
      return 'done';
    },
    pause: pauseAfter,
    onFailure: (callId, error) => {
      const what = error instanceof Error ? error.message : String(error);
      trouble = `recordings cannot be stored: ${what}`;
      logger.warn({ call_id: callId, reason: what }, 'a recording could not be stored; trying again');
    },
  });
  const sweep = async (): Promise<void> => {
    for (const callId of await sidecars.list()) if (!isLive(callId)) files.add(callId);
  };
  const sweeping = setInterval(() => {
    sweep().catch((error: unknown) => {
      logger.warn({ err: error }, 'the folder of the recordings cannot be read');
    });
  }, SWEEP_MS);
  const waiting = (): number => files.size() + events.size();
  observeRecordings({ waiting });
  await sweep();
  return {
    begin: async (parties) => {
      const names = recordingFiles(parties.call_id);
      if (names === undefined) return "the call's id is not FreeSWITCH's";
      const refusal = await noteBeginning({ parties, folder, sidecars, freeBytes: options.freeBytes });
      if (refusal !== undefined) {
        recordingsSettled.add(1, { outcome: 'refused' });
        logger.warn({ call_id: parties.call_id, reason: refusal }, 'a call cannot be recorded');
        return refusal;
      }
      const { path, location } = placeOf(parties);
      return { commands: recordCommands(path), recording: pending(location) };
    },
    ended: (callId) => {
      if (recordingFiles(callId) !== undefined) files.add(callId);
    },
    waiting,
    trouble: () => trouble,
    stop: async () => {
      clearInterval(sweeping);
      bucket?.stop();
      await files.stop();
      await events.stop();
    },
  };
}

/** Codes of a disk that takes nothing more from anybody. */
const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EROFS']);

/**
 *  Undefined: this recording or its sidecar cannot be read, and what is wrong with one is no reason for the others to
 *  wait.
 */
function pauseAfter(error: unknown): { firstMs: number; maxMs: number } | undefined {
  if (error instanceof BucketTrouble) return error.kind === 'denied' ? PAUSES.denied : PAUSES.bucket;
  return FULL.has((error as NodeJS.ErrnoException).code ?? '') ? PAUSES.bucket : undefined;
}

interface Beginning {
  parties: CallParties;
  folder: string;
  sidecars: Sidecars;
  freeBytes: number | undefined;
}

/** Undefined: it is on disk whose recording this will be. */
async function noteBeginning({ parties, folder, sidecars, freeBytes }: Beginning): Promise<string | undefined> {
  try {
    const { bavail, blocks, bsize } = await statfs(folder);
    if (bavail * bsize < (freeBytes ?? Math.min(GIB, (blocks * bsize) / 20)))
      return 'too little space is left for recordings';
    await sidecars.begin(parties);
    return undefined;
  } catch (error) {
    return `the folder of the recordings cannot be used: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}`;
  }
}
