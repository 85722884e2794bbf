import { DomainError } from '@trunkmesh/contracts/problem.js';
import express, { type Request, type Response } from 'express';
import { inUtf8 } from './charset.http.js';
import { checkJson, parseJson, type JsonLimits } from './json-slices.js';
import { inSlices } from '../slices.process.js';

const JSON_TYPES = ['application/json', 'application/*+json'];
const TEXT_TYPES = [
  'text/csv',
  'application/x-ndjson',
  'text/plain',
  'application/sdp',
  'message/sip',
  'message/sipfrag',
];

/** What a route takes. `bytes`: after decompression. */
export interface BodyLimits extends JsonLimits {
  bytes: number;
}

export const ORDINARY_BODY: BodyLimits = { bytes: 256 * 1024, depth: 32, members: 10_000, values: 20_000 };
/** 100,000 numbers with long names and every field. */
export const LARGE_BODY: BodyLimits = { bytes: 64 * 1024 * 1024, depth: 32, members: 100_000, values: 5_000_000 };

/** The handler reads the body itself, and bounds it. */
export const STREAMED_BODY: BodyLimits = { bytes: 0, depth: 0, members: 0, values: 0 };

/** Puts the body on the request: JSON parsed, text as it is. */
export async function readBody(request: Request, response: Response, limits: BodyLimits): Promise<void> {
  if (request.headers['content-length'] === undefined && request.headers['transfer-encoding'] === undefined) return;
  if (request.headers['content-length'] === '0') return;
  const isJson = request.is(JSON_TYPES) !== false;
  if (!isJson && request.is(TEXT_TYPES) === false)
    throw new DomainError(
      'unsupported-media-type',
      'Send the body as JSON, with the header "Content-Type: application/json".',
    );
  const bytes = await readBytes(request, response, limits.bytes);
  const text = await inSlices(inUtf8(bytes, request.header('Content-Type') ?? ''));
  request.body = isJson ? await jsonOf(text, limits) : text.toString('utf8');
}

function readBytes(request: Request, response: Response, limit: number): Promise<Buffer> {
  const parser = express.raw({ limit, type: () => true });
  return new Promise((resolve, reject) => {
    parser(request, response, (error?: unknown) => {
      if (error !== undefined) return reject(bodyProblem(error, limit));
      resolve(Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0));
    });
  });
}

const FIRST = /^[ \t\r\n]*[[{]/;

async function jsonOf(bytes: Buffer, limits: JsonLimits): Promise<unknown> {
  if (bytes.length === 0) return {};
  await inSlices(checkJson(bytes, limits));
  // A text alone would be taken for a CSV, and nothing else of ours is one value.
  if (!FIRST.test(bytes.toString('latin1', 0, 1_024))) throw notJson();
  try {
    return await inSlices(parseJson(bytes));
  } catch (error) {
    throw error instanceof SyntaxError ? notJson() : error;
  }
}

const notJson = () =>
  new DomainError('invalid-request', 'The body is not valid JSON.', [{ pointer: '', message: 'is not valid JSON' }]);

const UNREADABLE: Readonly<Record<string, () => DomainError>> = {
  'encoding.unsupported': () =>
    new DomainError(
      'unsupported-media-type',
      "The body's encoding is not supported: send it uncompressed, or with gzip, deflate or br.",
    ),
  'request.aborted': () => new DomainError('invalid-request', 'The body did not arrive whole.'),
  'request.size.invalid': () =>
    new DomainError('invalid-request', 'The body has another length than the header Content-Length says.'),
};

/**
 * body-parser's errors carry a `type`; its messages quote the body, which may hold a password, so none is passed on.
 */
function bodyProblem(error: unknown, limit: number): DomainError {
  const { type = '' } = error as { type?: string };
  if (type === 'entity.too.large')
    return new DomainError('payload-too-large', `The body has more than the ${limit} bytes that are taken here.`);
  return UNREADABLE[type]?.() ?? new DomainError('invalid-request', 'The body cannot be read.');
}
