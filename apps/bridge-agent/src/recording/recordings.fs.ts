import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { CallParties } from '@trunkmesh/contracts/call.js';
import type { CallRecording } from '@trunkmesh/contracts/call-parts.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { EslCommand } from '../esl/esl-command.js';
import type { PublishCallEvent } from '../call-record/call-log.nats.js';
import { objectKey, pending, recordCommands, recordingFiles, recordingFolder, s3Location } from './call-recording.js';
import { BucketTrouble, createRecordingBucket, type BucketSettings } from './recording-bucket.http.js';
import { callRecordingStored } from './recording-event.js';
import { observeRecordings, recordingsSettled } from './recording-metrics.otel.js';
import { createRetryQueue, type RetryQueue } from './retry-queue.process.js';
import { openSidecars, type Sidecars } from './sidecars.fs.js';
import { finishedFile } from './wav-file.fs.js';

export interface RecordingOrder {
  commands: readonly EslCommand[];
  /** State `pending`, and where it will be. */
  recording: CallRecording;
}

/**
 * Recordings from the order to FreeSWITCH until they are where they stay. Nothing is deleted before the bucket has it
 * and the log says so.
 */
export interface Recordings {
  /**
   * What FreeSWITCH is to be told once the call is answered. A text: why this call cannot be recorded; it goes on
   * without.
   */
  begin(parties: CallParties): Promise<RecordingOrder | string>;
  /**
   * The call has ended, and FreeSWITCH has closed the file: it goes to where it stays, and CallRecordingStored is
   * published. Safe for calls without a recording, and twice.
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

interface Bucket {
  settings: BucketSettings;
  client: ReturnType<typeof createRecordingBucket>;
}

/** Recordings of this host, in its folder and, where there is one, in the bucket. */
export class StoredRecordings implements Recordings {
  private readonly bucket: Bucket | undefined;
  private readonly events: RetryQueue;
  private readonly files: RetryQueue;
  private readonly sweeping: NodeJS.Timeout;
  private lastTrouble: string | undefined;

  static async start(options: RecordingsOptions): Promise<StoredRecordings> {
    const folder = recordingFolder(options.folder);
    const recordings = new StoredRecordings(options, folder, await openSidecars(folder));
    await recordings.sweep();
    return recordings;
  }

  private constructor(
    private readonly options: RecordingsOptions,
    private readonly folder: string,
    private readonly sidecars: Sidecars,
  ) {
    const { bucket, logger } = options;
    this.bucket = bucket && { settings: bucket, client: createRecordingBucket(bucket) };
    this.events = createRetryQueue({
      atOnce: EVENTS_AT_ONCE,
      attempt: (callId) => this.publish(callId),
      pause: () => PAUSES.log,
      onFailure: (callId, error) => {
        logger.debug(
          { err: error, call_id: callId },
          'what became of a recording could not be published; trying again',
        );
      },
    });
    this.files = createRetryQueue({
      atOnce: UPLOADS_AT_ONCE,
      attempt: (callId) => this.store(callId),
      pause: pauseAfter,
      onFailure: (callId, error) => {
        const what = error instanceof Error ? error.message : String(error);
        this.lastTrouble = `recordings cannot be stored: ${what}`;
        logger.warn({ call_id: callId, reason: what }, 'a recording could not be stored; trying again');
      },
    });
    this.sweeping = setInterval(() => {
      this.sweep().catch((error: unknown) => {
        logger.warn({ err: error }, 'the folder of the recordings cannot be read');
      });
    }, SWEEP_MS);
    observeRecordings({ waiting: () => this.waiting() });
  }

  async begin(parties: CallParties): Promise<RecordingOrder | string> {
    const names = recordingFiles(parties.call_id);
    if (names === undefined) return "the call's id is not FreeSWITCH's";
    const { folder, sidecars } = this;
    const { freeBytes, logger } = this.options;
    const refusal = await noteBeginning({ parties, folder, sidecars, freeBytes });
    if (refusal !== undefined) {
      recordingsSettled.add(1, { outcome: 'refused' });
      logger.warn({ call_id: parties.call_id, reason: refusal }, 'a call cannot be recorded');
      return refusal;
    }
    const { path, location } = this.placeOf(parties);
    return { commands: recordCommands(path), recording: pending(location) };
  }

  ended(callId: string): void {
    if (recordingFiles(callId) !== undefined) this.files.add(callId);
  }

  waiting(): number {
    return this.files.size() + this.events.size();
  }

  trouble(): string | undefined {
    return this.lastTrouble;
  }

  async stop(): Promise<void> {
    clearInterval(this.sweeping);
    this.bucket?.client.stop();
    await this.files.stop();
    await this.events.stop();
  }

  private async sweep(): Promise<void> {
    for (const callId of await this.sidecars.list()) if (!this.options.isLive(callId)) this.files.add(callId);
  }

  private async publish(callId: string): Promise<'done'> {
    const event = (await this.sidecars.read(callId))?.event;
    if (!event) return 'done';
    await this.options.publish(event);
    await this.sidecars.remove(callId, { wav: event.data.recording.state !== 'local' });
    return 'done';
  }

  private async store(callId: string): Promise<'done' | 'again'> {
    const found = await this.sidecars.read(callId);
    if (found === undefined) return 'done';
    if (found.event === null) {
      const recording = await this.settle(found.parties);
      if (recording === undefined) return 'again';
      await this.sidecars.decided(callRecordingStored(found.parties, recording, new Date()));
      recordingsSettled.add(1, { outcome: recording.state });
    }
    this.events.add(callId);
    return 'done';
  }

  /** Undefined: FreeSWITCH is still at it. */
  private async settle(parties: CallParties): Promise<CallRecording | undefined> {
    const { path, key, location } = this.placeOf(parties);
    const file = await finishedFile(path, Date.now());
    if (file.state === 'growing') return undefined;
    if (file.state === 'absent')
      return { state: 'failed', location, bytes: null, duration_ms: null, detail: 'FreeSWITCH wrote no sound' };
    await this.bucket?.client.store({ path, key, bytes: file.bytes });
    this.lastTrouble = undefined;
    return {
      state: this.bucket === undefined ? 'local' : 'stored',
      location,
      bytes: file.bytes,
      duration_ms: file.durationMs,
      detail: null,
    };
  }

  private placeOf(parties: CallParties): { path: string; location: string; key: string } {
    const path = join(this.folder, recordingFiles(parties.call_id)!.wav);
    const settings = this.bucket?.settings;
    const key = objectKey(settings?.prefix ?? '', parties);
    return { path, key, location: settings === undefined ? path : s3Location(settings.bucket, key) };
  }
}

/** Codes of a disk that takes nothing more from anybody. */
const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EROFS']);

/**
 * Undefined: this recording or its sidecar cannot be read, and what is wrong with one is no reason for the others to
 * wait.
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
