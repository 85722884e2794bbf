import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

export interface S3Keys {
  accessKeyId: string;
  secretAccessKey: string;
  region: string;
}

/** S3's own code of a refusal, or undefined: the request is signed by the key, and its body is what was signed. */
export type SignatureVerdict =
  | 'AccessDenied'
  | 'InvalidAccessKeyId'
  | 'SignatureDoesNotMatch'
  | 'RequestTimeTooSkewed'
  | 'XAmzContentSHA256Mismatch'
  | 'AuthorizationHeaderMalformed'
  | undefined;

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([a-z\d;-]+), ?Signature=([\da-f]{64})$/;
const SKEW_MS = 15 * 60_000;

const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();

/**
 * Signature Version 4 in the Authorization header. Stricter than S3: the payload's hash must be signed as well,
 * `UNSIGNED-PAYLOAD` and trailers are refused.
 */
export function verifySignature(request: IncomingMessage, body: Buffer, keys: S3Keys): SignatureVerdict {
  const { headers } = request;
  const [, keyId, day = '', region = '', signed = '', signature] =
    AUTHORIZATION.exec(headers.authorization ?? '') ?? [];
  if (signature === undefined) return 'AccessDenied';
  const claim = {
    keyId: keyId!,
    day,
    region,
    names: signed.split(';'),
    date: String(headers['x-amz-date']),
    hash: String(headers['x-amz-content-sha256']),
  };
  const refusal = implausible(claim, headers, keys);
  if (refusal !== undefined) return refusal;
  if (!timingSafeEqual(signatureOf(claim, request, keys), Buffer.from(signature, 'hex')))
    return 'SignatureDoesNotMatch';
  return sha256(body) === claim.hash ? undefined : 'XAmzContentSHA256Mismatch';
}

interface Claim {
  keyId: string;
  day: string;
  region: string;
  names: string[];
  date: string;
  hash: string;
}

function implausible(
  { keyId, day, region, names, date }: Claim,
  headers: IncomingMessage['headers'],
  keys: S3Keys,
): SignatureVerdict {
  if (keyId !== keys.accessKeyId) return 'InvalidAccessKeyId';
  if (region !== keys.region || !date.startsWith(day)) return 'AuthorizationHeaderMalformed';
  if (!(Math.abs(Date.now() - epochOf(date)) < SKEW_MS)) return 'RequestTimeTooSkewed';
  // Without the host a request could be sent elsewhere once more; without the others it could be changed.
  const needed = ['host', ...Object.keys(headers).filter((name) => name.startsWith('x-amz-'))];
  return needed.every((name) => names.includes(name)) ? undefined : 'AccessDenied';
}

function signatureOf(
  { day, region, names, date, hash }: Claim,
  request: IncomingMessage,
  { secretAccessKey }: S3Keys,
): Buffer {
  const lines = names.map((name) => `${name}:${String(request.headers[name]).trim().replace(/\s+/g, ' ')}`);
  const canonical = [request.method, pathOf(request), queryOf(request), ...lines, '', names.join(';'), hash].join('\n');
  const key = [region, 's3', 'aws4_request'].reduce<Buffer>(
    (secret, part) => hmac(secret, part),
    hmac(`AWS4${secretAccessKey}`, day),
  );
  return hmac(key, ['AWS4-HMAC-SHA256', date, `${day}/${region}/s3/aws4_request`, sha256(canonical)].join('\n'));
}

const epochOf = (date: string) =>
  Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
const pathOf = ({ url = '/' }: IncomingMessage) => url.split('?')[0]!;

function queryOf({ url = '/' }: IncomingMessage): string {
  const encode = (text: string) =>
    encodeURIComponent(text).replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);
  const pairs = [...new URL(url, 'http://localhost').searchParams].map(
    ([name, value]) => `${encode(name)}=${encode(value)}`,
  );
  return pairs.sort().join('&');
}
