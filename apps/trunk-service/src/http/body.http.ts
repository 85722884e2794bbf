import { DomainError } from '@trunkmesh/contracts/problem.js';
import express, { type Request, type Response } from 'express';

const JSON_TYPES = ['application/json', 'application/*+json'];
const TEXT_TYPES = ['text/csv', 'application/x-ndjson', 'text/plain', 'application/sdp', 'message/sip', 'message/sipfrag'];

/** Puts the body on the request: JSON parsed, text as it is. */
export async function readBody(request: Request, response: Response, limit: number): Promise<void> {
  if (request.headers['content-length'] === undefined && request.headers['transfer-encoding'] === undefined) return;
  if (request.headers['content-length'] === '0') return;
  const parser = request.is(JSON_TYPES) ? express.json({ limit, type: JSON_TYPES }) : request.is(TEXT_TYPES) ? express.text({ limit, type: TEXT_TYPES }) : undefined;
  if (parser === undefined) throw new DomainError('unsupported-media-type', 'Send the body as JSON, with the header "Content-Type: application/json".');
  await new Promise<void>((resolve, reject) => {
    parser(request, response, (error?: unknown) => (error === undefined ? resolve() : reject(bodyProblem(error, limit))));
  });
}

const UNREADABLE: Readonly<Record<string, () => DomainError>> = {
  'entity.parse.failed': () => new DomainError('invalid-request', 'The body is not valid JSON.', [{ pointer: '', message: 'is not valid JSON' }]),
  'encoding.unsupported': () => new DomainError('unsupported-media-type', 'The body\'s encoding is not supported: send it uncompressed, or with gzip, deflate or br.'),
  'charset.unsupported': () => new DomainError('unsupported-media-type', 'The body\'s character set is not supported: send UTF-8.'),
  'request.aborted': () => new DomainError('invalid-request', 'The body did not arrive whole.'),
  'request.size.invalid': () => new DomainError('invalid-request', 'The body has another length than the header Content-Length says.'),
};

/** body-parser's errors carry a `type`; its messages quote the body, which may hold a password, so none is passed on. */
function bodyProblem(error: unknown, limit: number): DomainError {
  const { type = '' } = error as { type?: string };
  if (type === 'entity.too.large') return new DomainError('payload-too-large', `The body has more than the ${limit} bytes that are taken here.`);
  return UNREADABLE[type]?.() ?? new DomainError('invalid-request', 'The body cannot be read.');
}
