import { z } from 'zod';

/** An S3-compatible bucket. Secrets are in here and in the client, and nowhere else. */
export interface BucketAccess {
  /** Undefined: Amazon's endpoint of the region. */
  endpoint: string | undefined;
  region: string;
  bucket: string;
  /** Undefined: the host's own identity (environment, file, instance role). */
  credentials: { accessKeyId: string; secretAccessKey: string } | undefined;
  /** The bucket in the path and not in the host's name. */
  forcePathStyle: boolean;
}

/** How the bucket of the recordings is reached, the same variables in every service that uses it. */
export const bucketEnvironment = {
  S3_BUCKET: z
    .string()
    .regex(/^[a-z\d][a-z\d.-]{1,61}[a-z\d]$/, "must be a bucket's name")
    .optional()
    .describe('Bucket for recordings; without one they stay in the folder of the bridge.'),
  S3_ENDPOINT: z
    .url({ protocol: /^https?$/, error: 'must be a URL that begins with http:// or https://' })
    .optional()
    .describe('URL of an S3-compatible server; AWS when not set.'),
  S3_REGION: z
    .string()
    .regex(/^[a-z\d-]{1,64}$/, "must be a region's name")
    .default('us-east-1')
    .describe("The bucket's region."),
  S3_ACCESS_KEY_ID: z.string().min(1).optional(),
  S3_SECRET_ACCESS_KEY: z.string().min(1).optional().describe('Secret of `S3_ACCESS_KEY_ID`; both or neither.'),
  S3_FORCE_PATH_STYLE: z
    .enum(['true', 'false'])
    .default('false')
    .transform((value) => value === 'true')
    .describe('`true` for servers that expect the bucket in the path.'),
};

type BucketVariables = z.output<z.ZodObject<typeof bucketEnvironment>>;

export const hasWholeKey = ({
  S3_ACCESS_KEY_ID,
  S3_SECRET_ACCESS_KEY,
}: Pick<BucketVariables, 'S3_ACCESS_KEY_ID' | 'S3_SECRET_ACCESS_KEY'>): boolean =>
  (S3_ACCESS_KEY_ID === undefined) === (S3_SECRET_ACCESS_KEY === undefined);
export const HALF_A_KEY = {
  path: ['S3_SECRET_ACCESS_KEY'],
  message: 'must be given together with S3_ACCESS_KEY_ID, or neither',
};

export const hasBucket = ({
  S3_BUCKET,
  S3_ENDPOINT,
  S3_ACCESS_KEY_ID,
}: Pick<BucketVariables, 'S3_BUCKET' | 'S3_ENDPOINT' | 'S3_ACCESS_KEY_ID'>): boolean =>
  S3_BUCKET !== undefined || (S3_ENDPOINT ?? S3_ACCESS_KEY_ID) === undefined;
export const NO_BUCKET = {
  path: ['S3_BUCKET'],
  message: 'must be given where S3_ENDPOINT or credentials are: without it recordings stay in the folder',
};

/** Undefined: recordings stay on their bridges. */
export function bucketAccess(config: BucketVariables): BucketAccess | undefined {
  const { S3_BUCKET: bucket, S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey } = config;
  if (bucket === undefined) return undefined;
  return {
    bucket,
    credentials:
      accessKeyId === undefined || secretAccessKey === undefined ? undefined : { accessKeyId, secretAccessKey },
    endpoint: config.S3_ENDPOINT,
    region: config.S3_REGION,
    forcePathStyle: config.S3_FORCE_PATH_STYLE,
  };
}
