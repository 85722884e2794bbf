import {
  Agent as HttpAgent,
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isPrivateLiteral, lookupPublic, PRIVATE_ADDRESS } from './public-address.net.js';
import type { PostFailure, PostOutcome } from './post-outcome.js';
import { retryAfterMs } from './retry-after.js';

export interface CustomerPost {
  /** As the customer or the operator wrote it. It may contain a secret. */
  url: string;
  headers: Record<string, string>;
  /** JSON */
  text: string;
  /** Covers the name lookup, the connection and the whole response. */
  deadlineMs: number;
  /** False refuses a host that resolves to a private address. */
  allowPrivate: boolean;
  signal?: AbortSignal;
  /** The operator's own certificate authority; default: the system's. */
  ca?: string;
  /** Default: the connections that statuses share. */
  connections?: Connections;
}

/** How much of a response body is read. */
const ANSWER_BYTES = 16_384;
/** Concurrent requests per host; further ones wait within their deadline. */
export const SOCKETS_PER_HOST = 8;
const IDLE_MS = 15_000;

export type Connections = ReturnType<typeof connectionsOf>;

/**
 * Two sets of kept-alive connections, because an address is checked only when a connection is made: a connection to a
 * private address, made for the operator's own URL, must never carry a request to a customer's URL. A caller with its
 * own connections does not wait for other requests.
 */
export function connectionsOf(socketsPerHost: number) {
  const agent = { keepAlive: true, maxSockets: socketsPerHost, maxFreeSockets: 2, timeout: IDLE_MS };
  return {
    private: { http: new HttpAgent(agent), https: new HttpsAgent(agent) },
    public: { http: new HttpAgent(agent), https: new HttpsAgent(agent) },
  };
}
const shared = connectionsOf(SOCKETS_PER_HOST);

/**
 * Never rejects, follows no redirect (its target was not configured, and the signature would go there too), and reads
 * at most 16 KiB.
 */
export async function postJson(post: CustomerPost): Promise<PostOutcome> {
  const url = parse(post.url);
  if (url === undefined) return failed('invalid-url', 'not an http or https URL');
  if (!post.allowPrivate && isPrivateLiteral(url)) return failed('private-address', 'the address is private');
  const until = performance.now() + post.deadlineMs;
  const first = await attempt(url, post, { kept: true, ms: post.deadlineMs });
  // The server closed the kept-alive connection just when it was reused: no response came, and a second delivery does
  // no harm.
  if (first !== 'stale') return first;
  const second = await attempt(url, post, { kept: false, ms: Math.max(1, until - performance.now()) });
  return second === 'stale' ? failed('unreachable', 'ECONNRESET') : second;
}

/** The host, the only part of a URL that may be logged. */
export const hostOf = (url: string): string => parse(url)?.host ?? 'invalid';

const failed = (why: PostFailure, detail: string): PostOutcome => ({ outcome: 'failed', why, detail });

function parse(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  return /^https?:$/.test(url.protocol) && url.username === '' && url.password === '' ? url : undefined;
}

function attempt(
  url: URL,
  post: CustomerPost,
  { kept, ms }: { kept: boolean; ms: number },
): Promise<PostOutcome | 'stale'> {
  return new Promise((resolve) => {
    const request = open(url, post, kept);
    const answer: { head?: IncomingMessage; parts: Buffer[]; bytes: number } = { parts: [], bytes: 0 };
    const settle = (outcome: PostOutcome | 'stale'): void => {
      clearTimeout(late);
      post.signal?.removeEventListener('abort', abort);
      resolve(outcome);
    };
    const answered = (head: IncomingMessage): void => {
      const retryAfter = retryAfterMs(head.headers['retry-after'], Date.now());
      settle({
        outcome: 'answered',
        status: head.statusCode ?? 0,
        body: Buffer.concat(answer.parts).toString('utf8'),
        ...(retryAfter === undefined ? {} : { retryAfterMs: retryAfter }),
      });
    };
    /** A status counts as an answer, even if its body breaks off or never ends. */
    const end = (otherwise: PostOutcome | 'stale'): void => {
      if (answer.head === undefined) settle(otherwise);
      else answered(answer.head);
      request.destroy();
    };
    const abort = (): void => {
      end(failed('aborted', 'given up'));
    };
    const late = setTimeout(() => {
      end(failed('timeout', `no answer within ${post.deadlineMs} ms`));
    }, ms);
    post.signal?.addEventListener('abort', abort, { once: true });
    request.on('error', (error: NodeJS.ErrnoException) => {
      end(request.reusedSocket && error.code === 'ECONNRESET' ? 'stale' : failureOf(error));
    });
    // A 101 response closes the connection without an error.
    request.on('close', () => {
      if (answer.head === undefined) settle(failed('unreachable', 'closed'));
    });
    request.on('response', (head) => {
      answer.head = head;
      head.on('data', (part: Buffer) => {
        answer.parts.push(part);
        answer.bytes += part.length;
        if (answer.bytes > ANSWER_BYTES) end('stale');
      });
      head.on('end', () => {
        answered(head);
      });
      head.on('error', () => {
        end('stale');
      });
    });
    if (post.signal?.aborted) abort();
    else request.end(post.text);
  });
}

function open(url: URL, post: CustomerPost, kept: boolean): ClientRequest {
  const { http, https } = (post.connections ?? shared)[post.allowPrivate ? 'private' : 'public'];
  const options: RequestOptions = {
    method: 'POST',
    headers: {
      accept: 'application/json',
      'user-agent': 'TrunkMesh',
      ...post.headers,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(post.text),
    },
    ...(post.allowPrivate ? {} : { lookup: lookupPublic }),
  };
  if (url.protocol === 'http:') return httpRequest(url, { ...options, agent: kept && http });
  return httpsRequest(url, {
    ...options,
    agent: kept && https,
    rejectUnauthorized: true,
    ...(post.ca === undefined ? {} : { ca: post.ca }),
  });
}

const TLS_CODE = /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|CRL_|HOSTNAME_MISMATCH|INVALID_CA|EPROTO)/;

function failureOf(error: NodeJS.ErrnoException): PostOutcome {
  const code = error.code ?? error.name;
  if (code === PRIVATE_ADDRESS) return failed('private-address', 'the host name resolves to a private address');
  return failed(TLS_CODE.test(code) ? 'tls' : 'unreachable', code);
}
