import { DomainError } from '@trunkmesh/contracts/problem.js';
import type { Request } from 'express';

const FILE_TYPES = ['text/csv', 'text/plain', 'application/gzip', 'application/x-gzip', 'application/octet-stream'];

/**
 * The body of a request whose route streams it. It stays readable to its end, so that an answer can be sent before.
 * Whether it is compressed shows in its first bytes, whatever the headers say.
 *
 * @throws DomainError unsupported-media-type
 */
export function fileOf(request: Request): { bytes: AsyncIterable<Buffer>; charset: string } {
  const encoding = (request.header('Content-Encoding') ?? 'identity').trim().toLowerCase();
  if (request.is(FILE_TYPES) === false || !['identity', 'gzip', 'x-gzip'].includes(encoding))
    throw new DomainError(
      'unsupported-media-type',
      'Send the file as the body, with the header "Content-Type: text/csv"; it may be compressed with gzip.',
    );
  const charset = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(request.header('Content-Type') ?? '')?.[1] ?? 'utf-8';
  return { bytes: { [Symbol.asyncIterator]: () => request.iterator({ destroyOnReturn: false }) }, charset };
}
