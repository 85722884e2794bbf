import { createReadStream } from 'node:fs';
import type * as S3 from '@aws-sdk/client-s3';
import type * as Storage from '@aws-sdk/lib-storage';
import type { BucketAccess } from '@trunkmesh/runtime/bucket.js';

export interface BucketSettings extends BucketAccess {
  /** The prefix of every key: empty, or used as written. */
  prefix: string;
}

/** `denied`: retrying soon does not help, somebody must change a setting. */
export type BucketTroubleKind = 'denied' | 'unavailable';

/**
 * A library error contains the request with its headers, so it is never passed on: this error says what an operator
 * needs.
 */
export class BucketTrouble extends Error {
  constructor(
    readonly kind: BucketTroubleKind,
    what: string,
  ) {
    super(what);
    this.name = 'BucketTrouble';
  }
}

export interface RecordingBucket {
  /**
   * Resolves when the bucket has confirmed that it has all of the file's bytes. Rejects with BucketTrouble, or with
   * the file's own error.
   */
  store(upload: { path: string; key: string; bytes: number }): Promise<void>;
  /** Aborts uploads in progress. */
  stop(): void;
}

/** Deadlines for a stalled connection and for one part. */
const TIMES = { connectionTimeout: 5_000, socketTimeout: 30_000, requestTimeout: 120_000, throwOnRequestTimeout: true };
/** The smallest that S3 takes, 164 s of sound: what one upload holds in memory. */
const PART_BYTES = 5 * 1024 * 1024;

/** Loading the library takes 20 MB, so it is loaded at the first recording. */
export function createRecordingBucket(settings: BucketSettings): RecordingBucket {
  const { bucket } = settings;
  let client: S3.S3Client | undefined;
  const stopping = new AbortController();
  const open = async (): Promise<{ s3: typeof S3; Upload: typeof Storage.Upload; client: S3.S3Client }> => {
    const [s3, { Upload }] = await Promise.all([import('@aws-sdk/client-s3'), import('@aws-sdk/lib-storage')]);
    client ??= new s3.S3Client({
      region: settings.region,
      endpoint: settings.endpoint,
      credentials: settings.credentials,
      forcePathStyle: settings.forcePathStyle,
      requestHandler: TIMES,
      // Every part is signed with its own hash; the newer checksums in trailers are unknown to many servers.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    });
    return { s3, Upload, client };
  };
  return {
    store: async ({ path, key, bytes }) => {
      const { s3, Upload, client: connected } = await open();
      if (stopping.signal.aborted) throw new BucketTrouble('unavailable', 'the agent is stopping');
      const body = createReadStream(path, { highWaterMark: 256 * 1024 });
      const broken = new Promise<never>((_resolve, reject) => {
        body.once('error', reject);
      });
      const upload = new Upload({
        client: connected,
        params: { Bucket: bucket, Key: key, Body: body, ContentType: 'audio/wav' },
        queueSize: 1,
        partSize: PART_BYTES,
      });
      const giveUp = () => {
        void upload.abort();
      };
      stopping.signal.addEventListener('abort', giveUp);
      try {
        await Promise.race([upload.done().catch(toTrouble), broken]);
        const { ContentLength: stored } = await connected
          .send(new s3.HeadObjectCommand({ Bucket: bucket, Key: key }), { abortSignal: stopping.signal })
          .catch(toTrouble);
        if (stored !== bytes)
          throw new BucketTrouble('unavailable', `the bucket has ${stored ?? 'no'} bytes of ${bytes}`);
      } finally {
        stopping.signal.removeEventListener('abort', giveUp);
        body.destroy();
      }
    },
    stop: () => {
      stopping.abort();
      client?.destroy();
    },
  };
}

interface LibraryError {
  name?: unknown;
  code?: unknown;
  $metadata?: { httpStatusCode?: number };
}
const CODE = /^[A-Za-z][\w.-]{0,63}$/;
/** S3's own codes that come with another status than 401 or 403. */
const DENIED = new Set([
  'NoSuchBucket',
  'PermanentRedirect',
  'AuthorizationHeaderMalformed',
  'CredentialsProviderError',
  'InvalidBucketName',
]);

function toTrouble(error: unknown): never {
  const { name, code, $metadata } = error as LibraryError;
  const status = $metadata?.httpStatusCode;
  const shown =
    [code, name].find((word): word is string => typeof word === 'string' && CODE.test(word)) ?? 'unknown error';
  const denied = status === 401 || status === 403 || DENIED.has(shown);
  throw new BucketTrouble(
    denied ? 'denied' : 'unavailable',
    status === undefined ? `no answer from the bucket: ${shown}` : `the bucket answered ${status} ${shown}`,
  );
}
