import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { verifySignature, type S3Keys } from './signature.http.js';

export interface S3Request {
  method: string;
  key: string;
  part: number | undefined;
  bytes: number;
}
export interface S3Refusal {
  status: number;
  code: string;
}

/**
 * An S3 server on the loopback with one bucket, its name in the path. It verifies who signed and what, and keeps what
 * it is given in memory.
 */
export interface S3Bucket {
  readonly endpoint: string;
  readonly name: string;
  readonly keys: S3Keys;
  readonly objects: ReadonlyMap<string, { bytes: Buffer; contentType: string }>;
  /** Multipart uploads that were neither completed nor given up. */
  unfinished(): number;
  /** Everything that was asked, refused or not. */
  readonly requests: readonly S3Request[];
  /** Requests under way at most at one time. */
  readonly busiest: number;
  /**
   * Asked after a request has arrived whole; what it gives is answered in its place, what it waits for is waited for.
   */
  before: ((request: S3Request) => S3Refusal | undefined | Promise<S3Refusal | undefined>) | undefined;
  /** Nobody listens any more; `start` opens the same port again. What was stored stays. */
  halt(): Promise<void>;
  start(): Promise<void>;
}

interface Upload {
  key: string;
  contentType: string;
  parts: Map<number, Buffer>;
}
interface State {
  name: string;
  objects: Map<string, { bytes: Buffer; contentType: string }>;
  uploads: Map<string, Upload>;
}
interface Asked {
  method: string;
  bucket: string;
  key: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  body: Buffer;
}
interface Answer {
  status: number;
  headers?: Record<string, string | number>;
  body?: string | Buffer;
}

/** Every part but the last must have so many bytes. */
const SMALLEST_PART = 5 * 1024 * 1024;

export async function startS3Bucket(options: { name?: string; keys?: S3Keys } = {}): Promise<S3Bucket> {
  const state: State = { name: options.name ?? 'recordings', objects: new Map(), uploads: new Map() };
  const keys = options.keys ?? {
    accessKeyId: 'AKIDEXAMPLE',
    secretAccessKey: `secret-${randomUUID()}`,
    region: 'us-east-1',
  };
  const requests: S3Request[] = [];
  let server: Server | undefined;
  let port = 0;
  const under = { now: 0, most: 0 };
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const asked = await read(request);
    const part = asked.query.get('partNumber');
    const noted: S3Request = {
      method: asked.method,
      key: asked.key,
      part: part === null ? undefined : Number(part),
      bytes: asked.body.length,
    };
    requests.push(noted);
    const denied = verifySignature(request, asked.body, keys);
    const refusal = (await bucket.before?.(noted)) ?? (denied && { status: 403, code: denied });
    const { status, headers, body: text = '' } = refusal === undefined ? answer(asked, state) : refused(refusal);
    response.writeHead(status, {
      'content-type': 'application/xml',
      'content-length': Buffer.byteLength(text),
      ...headers,
    });
    response.end(asked.method === 'HEAD' ? undefined : text);
  };
  const bucket: S3Bucket = {
    get endpoint() {
      return `http://127.0.0.1:${port}`;
    },
    name: state.name,
    keys,
    objects: state.objects,
    requests,
    unfinished: () => state.uploads.size,
    get busiest() {
      return under.most;
    },
    before: undefined,
    halt: async () => {
      const closing = server;
      server = undefined;
      closing?.closeAllConnections();
      if (closing !== undefined)
        await new Promise((resolve) => {
          closing.close(resolve);
        });
    },
    start: async () => {
      const opening = createServer((request, response) => {
        under.now += 1;
        under.most = Math.max(under.most, under.now);
        response.once('close', () => {
          under.now -= 1;
        });
        handle(request, response).catch(() => {
          response.destroy();
        });
      });
      await new Promise<void>((resolve, reject) => {
        opening.once('error', reject);
        opening.listen(port, '127.0.0.1', resolve);
      });
      port = (opening.address() as AddressInfo).port;
      server = opening;
    },
  };
  await bucket.start();
  return bucket;
}

async function read(request: IncomingMessage): Promise<Asked> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const url = new URL(request.url!, 'http://localhost');
  const [, bucket = '', ...key] = url.pathname.split('/').map(decodeURIComponent);
  return {
    method: request.method!,
    bucket,
    key: key.join('/'),
    query: url.searchParams,
    headers: request.headers,
    body: Buffer.concat(chunks),
  };
}

const etag = (bytes: Buffer) => `"${createHash('md5').update(bytes).digest('hex')}"`;
const refused = ({ status, code }: S3Refusal): Answer => ({
  status,
  body:
    '<?xml version="1.0" ' +
    `encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>refused</Message><RequestId>1</RequestId></Error>`,
});

type Operation = (asked: Asked, state: State) => Answer;

/** By method and the query's names that tell operations apart. */
function answer(asked: Asked, state: State): Answer {
  if (asked.bucket !== state.name) return refused({ status: 404, code: 'NoSuchBucket' });
  const of = ['uploads', 'uploadId', 'partNumber'].filter((name) => asked.query.has(name));
  const operation = OPERATIONS[[asked.method, ...of].join(' ')];
  return operation === undefined ? refused({ status: 501, code: 'NotImplemented' }) : operation(asked, state);
}

const contentTypeOf = ({ headers }: Asked) => headers['content-type'] ?? 'binary/octet-stream';

const look: Operation = ({ key }, { objects }) => {
  const object = objects.get(key);
  if (object === undefined) return refused({ status: 404, code: 'NoSuchKey' });
  return {
    status: 200,
    headers: { 'content-length': object.bytes.length, 'content-type': object.contentType, etag: etag(object.bytes) },
  };
};

const get: Operation = (asked, state) => {
  const found = look(asked, state);
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(asked.headers.range ?? '') ?? [];
  if (found.status !== 200) return found;
  const { bytes } = state.objects.get(asked.key)!;
  if (Number(first) >= bytes.length) return refused({ status: 416, code: 'InvalidRange' });
  const body = first === undefined ? bytes : bytes.subarray(Number(first), Number(last) + 1);
  return {
    status: first === undefined ? 200 : 206,
    headers: { ...found.headers, 'content-length': body.length },
    body,
  };
};

const OPERATIONS: Record<string, Operation> = {
  HEAD: look,
  GET: get,
  PUT: (asked, { objects }) => {
    objects.set(asked.key, { bytes: asked.body, contentType: contentTypeOf(asked) });
    return { status: 200, headers: { etag: etag(asked.body) } };
  },
  'POST uploads': (asked, { uploads, name }) => {
    const id = randomUUID();
    uploads.set(id, { key: asked.key, contentType: contentTypeOf(asked), parts: new Map() });
    return {
      status: 200,
      body:
        `<InitiateMultipartUploadResult><Bucket>${name}</Bucket><Key>${asked.key}</Key>` +
        `<UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
    };
  },
  'PUT uploadId partNumber': ({ query, body, key }, { uploads }) => {
    const upload = uploads.get(query.get('uploadId')!);
    if (upload?.key !== key) return refused({ status: 404, code: 'NoSuchUpload' });
    upload.parts.set(Number(query.get('partNumber')), body);
    return { status: 200, headers: { etag: etag(body) } };
  },
  'POST uploadId': ({ query, body, key }, { uploads, objects, name }) => {
    const id = query.get('uploadId')!;
    const upload = uploads.get(id);
    if (upload?.key !== key) return refused({ status: 404, code: 'NoSuchUpload' });
    const listed = [...body.toString('utf8').matchAll(/<Part>([\s\S]*?)<\/Part>/g)].map(([, part]) => ({
      number: Number(/<PartNumber>(\d+)</.exec(part!)?.[1]),
      tag: /<ETag>(.*?)</.exec(part!)?.[1]?.replaceAll('&quot;', '"'),
    }));
    const parts = listed.map(({ number }) => upload.parts.get(number));
    if (parts.length === 0 || parts.some((part, index) => part === undefined || etag(part) !== listed[index]!.tag))
      return refused({ status: 400, code: 'InvalidPart' });
    if (parts.slice(0, -1).some((part) => part!.length < SMALLEST_PART))
      return refused({ status: 400, code: 'EntityTooSmall' });
    objects.set(key, { bytes: Buffer.concat(parts as Buffer[]), contentType: upload.contentType });
    uploads.delete(id);
    return {
      status: 200,
      body:
        `<CompleteMultipartUploadResult><Bucket>${name}</Bucket><Key>${key}</Key>` +
        `<ETag>"done"</ETag></CompleteMultipartUploadResult>`,
    };
  },
  'DELETE uploadId': ({ query }, { uploads }) =>
    uploads.delete(query.get('uploadId')!) ? { status: 204 } : refused({ status: 404, code: 'NoSuchUpload' }),
};
