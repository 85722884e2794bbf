import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { CallParties } from '@trunkmesh/contracts/call-parties.js';
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
 * Recordings, from the command to FreeSWITCH until they are stored. A file is deleted only after the bucket has it and
 * its event is published.
 */
export interface Recordings {
  /**
   * The command to send once the call is answered. A string: the reason why this call cannot be recorded; it continues
   * without.
   */
  begin(parties: CallParties): Promise<RecordingOrder | string>;
  /**
   * The call has ended, and FreeSWITCH has closed the file: stores it and publishes CallRecordingStored. Safe for calls
   * without a recording, and safe to repeat.
   */
  ended(callId: string): void;
  /** Recordings of ended calls that are not stored or not published yet. */
  waiting(): number;
  /** Why recordings cannot be stored or calls cannot be recorded; undefined while both work. */
  trouble(): string | undefined;
  stop(): Promise<void>;
}

export interface RecordingsOptions {
  /** FreeSWITCH writes there too, under the same path. */
  folder: string;
  /** Undefined if recordings stay in the folder. */
  bucket: BucketSettings | undefined;
  publish: PublishCallEvent;
  /** Whether the call may still be in progress: its file is left alone then. */
  isLive: (callId: string) => boolean;
  logger: Logger;
  /** The free bytes that a new recording needs: the smaller of 1 GiB and a twentieth of the disk. */
  freeBytes?: number;
}

const CONCURRENT_UPLOADS = 2;
const CONCURRENT_EVENTS = 8;
/** For recordings of the previous process: nothing reported the end of their calls. */
const SWEEP_MS = 30_000;
const GIB_BYTES = 1024 ** 3;
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
  private readonly stopObserving: () => void;
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
      atOnce: CONCURRENT_EVENTS,
      attempt: (callId) => this.publish(callId),
      pause: () => PAUSES.log,
      onFailure: (callId, error) => {
        logger.debug({ err: error, call_id: callId }, "cannot publish a recording's outcome; retrying");
      },
    });
    this.files = createRetryQueue({
      atOnce: CONCURRENT_UPLOADS,
      attempt: (callId) => this.store(callId),
      pause: pauseAfter,
      onFailure: (callId, error) => {
        const what = error instanceof Error ? error.message : String(error);
        this.lastTrouble = `recordings cannot be stored: ${what}`;
        logger.warn({ call_id: callId, reason: what }, 'cannot store a recording; retrying');
      },
    });
    this.sweeping = setInterval(() => {
      this.sweep().catch((error: unknown) => {
        logger.warn({ err: error }, 'cannot read the recordings folder');
      });
    }, SWEEP_MS);
    this.stopObserving = observeRecordings(this);
  }

  async begin(parties: CallParties): Promise<RecordingOrder | string> {
    const names = recordingFiles(parties.call_id);
    if (names === undefined) return "the call's id is not FreeSWITCH's";
    const { folder, sidecars } = this;
    const { freeBytes, logger } = this.options;
    const refusal = await noteBeginning({ parties, folder, sidecars, freeBytes });
    if (refusal !== undefined) {
      recordingsSettled.add(1, { outcome: 'refused' });
      logger.warn({ call_id: parties.call_id, reason: refusal }, 'cannot record a call');
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
    this.stopObserving();
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

  /** Undefined while FreeSWITCH is still writing. */
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

/** Error codes of a disk that accepts no more writes at all. */
const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EROFS']);

/** Undefined if this recording or its sidecar cannot be read: a problem of one recording must not delay the others. */
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

/** Undefined once the sidecar is on disk. */
async function noteBeginning({ parties, folder, sidecars, freeBytes }: Beginning): Promise<string | undefined> {
  try {
    const { bavail, blocks, bsize } = await statfs(folder);
    if (bavail * bsize < (freeBytes ?? Math.min(GIB_BYTES, (blocks * bsize) / 20)))
      return 'too little space is left for recordings';
    await sidecars.begin(parties);
    return undefined;
  } catch (error) {
    return `the folder of the recordings cannot be used: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}`;
  }
}
