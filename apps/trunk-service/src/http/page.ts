import { DomainError } from '@trunkmesh/contracts/problem.js';
import { z } from 'zod';

export const MAX_PAGE = 1000;

/** Query parameters of every list. `cursor` comes from the `Link` header of the page before; it is opaque. */
export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(100).describe('How many to answer at most.'),
  cursor: z
    .string()
    .max(12_000)
    .optional()
    .describe('Where the page begins: from the `Link` header of the page before.'),
});
export type PageQuery = z.infer<typeof pageQuery>;

type CursorValue = string | number;

/**
 * The sort values of a page's last row. Not signed: a client that changes one gets another page of its own
 * organisation, nothing else.
 */
export function encodeCursor(values: readonly CursorValue[]): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(values))))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

/** `shape`: the types of the values that `encodeCursor` was given. */
export function decodeCursor<const Shape extends readonly ('string' | 'number')[]>(
  cursor: string | undefined,
  shape: Shape,
): { [I in keyof Shape]: Shape[I] extends 'string' ? string : number } | undefined {
  if (cursor === undefined) return undefined;
  const values = parse(cursor);
  if (
    !Array.isArray(values) ||
    values.length !== shape.length ||
    !values.every((value, index) => typeof value === shape[index])
  ) {
    throw new DomainError(
      'invalid-request',
      'The cursor is not one of ours: take it from the Link header of the page before.',
      [{ pointer: '/cursor', message: 'is not a cursor of this list' }],
    );
  }
  return values as { [I in keyof Shape]: Shape[I] extends 'string' ? string : number };
}

function parse(cursor: string): unknown {
  try {
    const bytes = Uint8Array.from(atob(cursor.replaceAll('-', '+').replaceAll('_', '/')), (character) =>
      character.charCodeAt(0),
    );
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

/**
 * A list's headers. The body stays a plain array, as today's clients know it; `Link` says where the next page is
 * (RFC 8288).
 * `path`: the request's own path with its query. `limited`: more match than `total`.
 */
export function pageHeaders(
  path: string,
  page: { total: number; next: string | undefined; limited?: boolean },
): Record<string, string> {
  const headers: Record<string, string> = { 'X-Total-Count': String(page.total) };
  if (page.limited) headers['X-Total-Count-Limited'] = 'true';
  if (page.next === undefined) return headers;
  const [base = '', query = ''] = path.split('?', 2);
  const parameters = new URLSearchParams(query);
  parameters.set('cursor', page.next);
  return { ...headers, Link: `<${base}?${parameters.toString()}>; rel="next"` };
}
