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
      if (repeated && request.method !== 'GET' && !asks(request))
        throw new CommandFailure('--watch is for commands that only read; nothing was changed', 2);
      const isReading = request.method === 'GET' || asks(request);
      return fetch(request, { signal: AbortSignal.timeout(ANSWER_MS) }).catch((cause: unknown) => {
        throw isReading ? cause : new CommandFailure(unreachable(cause) + doubtOf(cause));
      });
    },
  });
}

const asks = ({ url }: Request): boolean => ASKS.some((path) => new URL(url).pathname.endsWith(path));

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

export const NO_API = 'what answers at this address is not the API of TrunkMesh; see: trunkmesh profiles';

/** They end a connection over which the request may have been sent. */
const SENT: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'UND_ERR_HEADERS_TIMEOUT']);

interface Failed extends Error {
  cause?: { code?: string; message?: string };
}

/** Of a change that was sent and not answered. Empty: it was certainly not sent. */
export function doubtOf(error: unknown): string {
  const { name, cause } = error as Failed;
  return name === 'TimeoutError' || SENT.has(cause?.code ?? '')
    ? '. The change may or may not have been made: look before you repeat it'
    : '';
}

function unreachable(error: unknown): string {
  const { name, cause: reason } = error as Failed;
  if (name === 'TimeoutError') return `the API did not answer within ${ANSWER_MS / 1000} s`;
  if (name === 'SyntaxError') return NO_API;
  return `the API cannot be reached (${reason?.code ?? reason?.message ?? 'no connection'}); see: trunkmesh profiles`;
}
