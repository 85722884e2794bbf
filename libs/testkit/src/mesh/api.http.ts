/** A client of the mesh's API as small as curl: throws what a person can read when the answer is not 2xx. */
export interface Api {
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body?: unknown, headers?: Record<string, string>): Promise<T>;
  patch<T>(path: string, body: unknown): Promise<T>;
  put<T>(path: string, body: unknown): Promise<T>;
  delete(path: string): Promise<void>;
  /** The answer, whatever its status. */
  request(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<ApiAnswer>;
}

export interface ApiAnswer {
  status: number;
  headers: Headers;
  text: string;
  json: unknown;
}

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly problem: unknown,
    what: string,
  ) {
    super(`${what} answered ${status}: ${JSON.stringify(problem)}`);
  }
}

export function apiClient(base: string, key: string, always: Record<string, string> = {}): Api {
  // One header a request is plenty to pass on, and four parameters are the limit of what a reader keeps apart.
  const request: Api['request'] = async (method, path, body, headers = {}) => {
    const response = await fetch(`${base}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...always,
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(30_000),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: parsed(text) };
  };
  const checked = async (method: string, path: string, body?: unknown, headers?: Record<string, string>) => {
    const answer = await request(method, path, body, headers);
    if (answer.status >= 300) throw new ApiError(answer.status, answer.json ?? answer.text, `${method} ${path}`);
    return answer.json;
  };
  return {
    request,
    get: async <T>(path: string) => (await checked('GET', path)) as T,
    post: async <T>(path: string, body: unknown = {}, headers: Record<string, string> = {}) =>
      (await checked('POST', path, body, headers)) as T,
    patch: async <T>(path: string, body: unknown) => (await checked('PATCH', path, body)) as T,
    put: async <T>(path: string, body: unknown) => (await checked('PUT', path, body)) as T,
    delete: async (path) => {
      await checked('DELETE', path);
    },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
