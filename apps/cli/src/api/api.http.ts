import createClient, { type Client } from 'openapi-fetch';
import { CommandFailure } from '../failure.js';
import type { components, paths } from '../generated/api.js';
import type { Profile } from '../profile/profile.js';
import { failureOf } from './problem.js';

export type Api = Client<paths>;
export type Schemas = components['schemas'];

const ANSWER_MS = 60_000;

/** Requests that change nothing, although they are no GET. */
const ASKS = ['/api/v1/routes/explain'];

/**
 * The API of one installation, with the key of the profile. A redirect is refused: the key would follow it.
 * `repeated`: the command is done again and again, so it may only read.
 */
export function connectApi(profile: Profile, { repeated = false } = {}): Api {
  return createClient<paths>({
    baseUrl: profile.url,
    headers: {
      Authorization: `Bearer ${profile.key}`,
      ...(profile.organization === undefined ? {} : { 'X-Organization-Id': profile.organization }),
    },
    redirect: 'error',
    fetch: async (request) => {
      if (repeated && request.method !== 'GET' && !ASKS.some((path) => new URL(request.url).pathname.endsWith(path)))
        throw new CommandFailure('--watch is for commands that only read; nothing was changed', 2);
      return fetch(request, { signal: AbortSignal.timeout(ANSWER_MS) });
    },
  });
}

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** @throws CommandFailure with the problem in words, where the API refuses or does not answer */
export async function answered<T>(asking: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await asking.catch((cause: unknown) => {
    throw cause instanceof CommandFailure ? cause : new CommandFailure(unreachable(cause));
  });
  if (!response.ok) throw failureOf(response.status, error);
  return data as T;
}

/** How many a list has on all its pages. @throws CommandFailure as `answered` does */
export async function totalOf(asking: Promise<Answer<unknown>>): Promise<number> {
  let total = 0;
  await answered(
    asking.then((answer) => {
      total = Number(answer.response.headers.get('X-Total-Count') ?? 0);
      return answer;
    }),
  );
  return total;
}

function unreachable(cause: unknown): string {
  if ((cause as Error).name === 'TimeoutError') return `the API did not answer within ${ANSWER_MS / 1000} s`;
  const reason = (cause as { cause?: { code?: string; message?: string } }).cause;
  return `the API cannot be reached (${reason?.code ?? reason?.message ?? 'no connection'}); see: trunkmesh profiles`;
}
