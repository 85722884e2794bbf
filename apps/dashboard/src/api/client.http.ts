import { QueryClient } from '@tanstack/react-query';
import createFetchClient, { type Middleware } from 'openapi-fetch';
import createQueryClient from 'openapi-react-query';
import type { components, paths } from '../generated/api.js';
import { organizationOfPath } from './organization.js';
import { mayRetry, statusOf } from './problem.js';
import { currentSession, sessionEnded } from './session-end.js';

export type Schemas = components['schemas'];

/** Which organisation the view is about is in its URL; a key of another organisation is refused by the API. */
const naming: Middleware = {
  onRequest({ request }) {
    const organization = organizationOfPath(location.pathname);
    if (organization !== undefined) request.headers.set('X-Organization-Id', organization);
    return request;
  },
};

export const ME = ['get', '/api/v1/users/me'] as const;

export const queries = new QueryClient({
  defaultOptions: {
    queries: { staleTime: 5_000, retry: (count, error) => count < 2 && mayRetry(error) },
  },
});

let isLeaving = false;

/** A request of this session (`currentSession`) was refused: the sign-in takes the view's place, at the same URL. */
export function signedOut(session: number): void {
  if (!isLeaving) sessionEnded(session);
}

const sessionOf = new WeakMap<Request, number>();

const noticing: Middleware = {
  onRequest({ request }) {
    sessionOf.set(request, currentSession());
    return request;
  },
  onResponse({ request, response, schemaPath }) {
    if (response.status === 401 && !schemaPath.includes('/session'))
      signedOut(sessionOf.get(request) ?? currentSession());
    return undefined;
  },
};

export const client = createFetchClient<paths>({ baseUrl: location.origin });
client.use(naming, noticing);
export const api = createQueryClient(client);

/**
 * Ends the session. What the view asks meanwhile is refused; the sign-in page appears once, on the new page, where
 * nothing that the session has read is left.
 */
export async function leave(): Promise<void> {
  isLeaving = true;
  try {
    await client.DELETE('/api/v1/session');
    location.assign('/app');
  } catch (error) {
    isLeaving = false;
    throw error;
  }
}

export interface Page<Item> {
  items: Item[];
  total: number;
  /** There are more than `total`. */
  limited: boolean;
  next: string | undefined;
}

interface Answer<Item> {
  data?: Item[] | undefined;
  error?: unknown;
  response: Response;
}

/** One page of a list whose `Link` header names the next. @throws the problem that the API answered with */
export async function pageOf<Item>(answer: Promise<Answer<Item>>): Promise<Page<Item>> {
  const { data, error, response } = await answer;
  if (data === undefined) throw error ?? new Error(`The service answered with status ${statusOf(response)}.`);
  const next = /[?&]cursor=([^&>]+)/.exec(response.headers.get('Link') ?? '')?.[1];
  return {
    items: data,
    total: Number(response.headers.get('X-Total-Count') ?? data.length),
    limited: response.headers.has('X-Total-Count-Limited'),
    next: next === undefined ? undefined : decodeURIComponent(next),
  };
}

/** One page of a list that is read by cursor. */
export const cursorPage = <Item>({ items, next_cursor }: { items: Item[]; next_cursor: string | null }) => ({
  items,
  total: items.length,
  limited: false,
  next: next_cursor ?? undefined,
});

/** What a request answered. @throws the problem that the API answered with */
export async function dataOf<Data>(answer: Promise<{ data?: Data; error?: unknown; response: Response }>) {
  const { data, error, response } = await answer;
  if (error !== undefined) throw error;
  if (!response.ok) throw new Error(`The service answered with status ${statusOf(response)}.`);
  return data as Data;
}

/** Everything that was read of these paths is read again where it is shown. */
export const refresh = (...pathStarts: string[]): Promise<void> =>
  queries.invalidateQueries({
    predicate: ({ queryKey }) =>
      queryKey.some((part) => typeof part === 'string' && pathStarts.some((start) => part.startsWith(start))),
  });
