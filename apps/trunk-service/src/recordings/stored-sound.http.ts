import type * as S3 from '@aws-sdk/client-s3';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import type { BucketAccess } from '@trunkmesh/runtime/bucket.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { Sound } from './sound.js';

const TIMES = { connectionTimeout: 5_000, socketTimeout: 10_000, requestTimeout: 15_000, throwOnRequestTimeout: true };
/** 32 s of sound. */
const PIECE_BYTES = 1024 * 1024;

/** The bucket of the recordings, read only. The library takes 20 MB, so it is loaded when somebody first listens. */
export class SoundBucket {
  private opened: Promise<{ s3: typeof S3; client: S3.S3Client }> | undefined;

  constructor(
    private readonly access: BucketAccess,
    private readonly logger: Logger,
  ) {}

  /** Undefined: the location is in another bucket. */
  sound(location: string, size: number): Sound | undefined {
    const start = `s3://${this.access.bucket}/`;
    if (!location.startsWith(start)) return undefined;
    const key = location.slice(start.length);
    return { size, pieceBytes: PIECE_BYTES, read: (first, last) => this.read(key, `bytes=${first}-${last}`) };
  }

  async stop(): Promise<void> {
    (await this.opened)?.client.destroy();
  }

  private async read(key: string, range: string): Promise<Uint8Array> {
    const { s3, client } = await (this.opened ??= open(this.access));
    try {
      const { Body } = await client.send(
        new s3.GetObjectCommand({ Bucket: this.access.bucket, Key: key, Range: range }),
      );
      return await Body!.transformToByteArray();
    } catch (error) {
      throw this.refusalOf(error);
    }
  }

  /** An error of the library contains the request with its headers: only its status and name are logged. */
  private refusalOf(error: unknown): DomainError {
    const { name, $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } };
    const status = $metadata?.httpStatusCode;
    if (name === 'NoSuchKey' || name === 'InvalidRange')
      return new DomainError('recording-not-found', 'The recording was deleted from its bucket.');
    this.logger.warn({ status, reason: name }, 'cannot read a recording from the bucket');
    return new DomainError(
      'recording-unavailable',
      status === undefined
        ? 'The bucket of the recordings does not answer. Try again in a minute.'
        : `The bucket did not send the recording (status ${status}): it was deleted, or the key of trunk-service ` +
            'lacks s3:GetObject. Ask the operator.',
    );
  }
}

async function open({ endpoint, region, credentials, forcePathStyle }: BucketAccess) {
  const s3 = await import('@aws-sdk/client-s3');
  const client = new s3.S3Client({
    region,
    endpoint,
    credentials,
    forcePathStyle,
    requestHandler: TIMES,
    maxAttempts: 2,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  return { s3, client };
}
