import { createHash, timingSafeEqual } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import { uuid } from '@trunkmesh/contracts/scalar.js';
import { CONFIG } from '@trunkmesh/runtime/service.module.js';
import type { Request } from 'express';
import type { Config } from '../config.js';
import { bearerToken, type Caller, type KeyRole } from '../http/caller.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { KEYS, EVENT_STORE } from '../tokens.js';
import { lookupOf } from './api-key-text.js';
import { isOwnPage, sessionToken } from './session-cookie.js';
import { Sessions } from './sessions.pg.js';
import type { KnownKeys } from './known-keys.js';

export const hashOf = (key: string) => createHash('sha256').update(key).digest();

const UNKNOWN_KEY = 'This API key is not known, or it was revoked.';
const SESSION_ENDED = 'Your session has ended. Sign in again.';
/**
 * `last_used_at` is for finding keys that nobody needs; an hour's precision saves a write a request. By PostgreSQL's
 * clock, the same for all copies.
 */
const USE_IS_TO_BE_NOTED = `(last_used_at is null or last_used_at < now() - interval '1 hour')`;

const PARALLEL_IMPORTS = `(o.state->'quotas'->>'parallel_imports')::int as parallel_imports`;

export interface KeyHolder {
  id: string;
  hash: Buffer;
  role: KeyRole;
  organization_id: string;
  status: 'active' | 'suspended';
  parallel_imports: number | null;
}

/** Finds out whose key a request carries. */
@Injectable()
export class Authenticator {
  private readonly bootstrap: Buffer;
  /** What its sessions carry: not what is compared with the hash of a key. */
  private readonly bootstrapSession: Buffer;

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(KEYS) private readonly keys: KnownKeys<KeyHolder>,
    private readonly sessions: Sessions,
    @Inject(CONFIG) config: Config,
  ) {
    this.bootstrap = hashOf(config.BOOTSTRAP_KEY);
    this.bootstrapSession = hashOf(this.bootstrap.toString('hex'));
  }

  /**
   * By the API key of the request, or where it has none by the session of the browser.
   * @throws DomainError not-authenticated, not-allowed, organization-not-found
   */
  async authenticate(request: Request, named = organizationNamed(request)): Promise<Caller> {
    const token = request.header('Authorization') === undefined ? tokenOf(request) : undefined;
    const holder = await (token === undefined ? this.byKey(request) : this.bySession(token));
    if (holder === 'bootstrap')
      return {
        role: 'bootstrap',
        organization: named === undefined ? null : await organization(this.store, named),
        keyId: null,
      };
    if (named !== undefined && named !== holder.organization_id)
      throw new DomainError(
        'not-allowed',
        'This API key belongs to another organisation than the header X-Organization-Id names.',
      );
    return {
      role: holder.role,
      organization: { id: holder.organization_id, status: holder.status, parallel_imports: holder.parallel_imports },
      keyId: holder.id,
    };
  }

  /** Begins a session for the caller, who was authenticated by a key. */
  beginSession({ keyId }: Caller): Promise<string> {
    return this.sessions.begin(keyId === null ? { bootstrap: this.bootstrapSession } : { keyId });
  }

  private async byKey(request: Request): Promise<KeyHolder | 'bootstrap'> {
    const key = bearerToken(request.header('Authorization'));
    const hash = hashOf(key);
    if (timingSafeEqual(hash, this.bootstrap)) return 'bootstrap';
    const holder = await this.holderOf(key);
    if (holder === undefined || !timingSafeEqual(holder.hash, hash))
      throw new DomainError('not-authenticated', UNKNOWN_KEY);
    return holder;
  }

  /** A session is worth what its key is worth: it ends with the key. */
  private async bySession(token: string): Promise<KeyHolder | 'bootstrap'> {
    const known = this.keys.get(token, performance.now());
    if (known !== undefined) return known;
    const asked = performance.now();
    const session = await this.sessions.find(token);
    if (session?.bootstrap?.equals(this.bootstrapSession)) return 'bootstrap';
    const keyId = session?.key_id ?? null;
    const holder = keyId === null ? undefined : await findHolder(this.store, 'id', keyId);
    if (holder === undefined) throw new DomainError('not-authenticated', SESSION_ENDED);
    this.keys.set(token, holder, asked);
    return holder;
  }

  private async holderOf(key: string): Promise<KeyHolder | undefined> {
    const lookup = lookupOf(key);
    if (lookup === undefined) return undefined;
    return this.keys.get(lookup, performance.now()) ?? (await find(this.store, this.keys, lookup));
  }
}

/** `inQuery`: the route also takes the parameter `organization_id`. @throws DomainError invalid-request */
export function organizationNamed(request: Request, inQuery = false): string | undefined {
  const named = request.header('X-Organization-Id') ?? (inQuery ? request.query['organization_id'] : undefined);
  if (named === undefined) return undefined;
  if (typeof named !== 'string' || !uuid.safeParse(named).success)
    throw new DomainError('invalid-request', 'The header X-Organization-Id must be a UUID.');
  return named.toLowerCase();
}

async function organization(store: EventStore, id: string): Promise<Caller['organization']> {
  const [row] = await store.query<Pick<KeyHolder, 'status' | 'parallel_imports'>>(
    `select status, ${PARALLEL_IMPORTS} from organizations o where id = $1`,
    [id],
  );
  if (row === undefined)
    throw new DomainError('organization-not-found', 'The header X-Organization-Id names no organisation.');
  return { id, ...row };
}

/** The session of the request's cookie, where it may count. @throws DomainError not-allowed */
function tokenOf(request: Request): string | undefined {
  const token = sessionToken(request, request.header('Cookie'));
  if (token === undefined) return undefined;
  const { method } = request;
  const [site, origin, host] = ['Sec-Fetch-Site', 'Origin', 'Host'].map((name) => request.header(name));
  if (!isOwnPage({ method, site, origin, host }))
    throw new DomainError('not-allowed', 'A browser session counts only for requests of the dashboard itself.');
  return token;
}

async function find(store: EventStore, keys: KnownKeys<KeyHolder>, lookup: string): Promise<KeyHolder | undefined> {
  // The time of the question, not of the answer: what was revoked while it was on its way is known no longer than
  // anything else.
  const asked = performance.now();
  const holder = await findHolder(store, 'lookup', lookup);
  if (holder !== undefined) keys.set(lookup, holder, asked);
  return holder;
}

async function findHolder(store: EventStore, by: 'lookup' | 'id', value: string): Promise<KeyHolder | undefined> {
  const [row] = await store.query<KeyHolder & { to_be_noted: boolean }>(
    `
    select k.id, k.hash, k.role, k.organization_id, o.status, ${PARALLEL_IMPORTS}, ${USE_IS_TO_BE_NOTED} as to_be_noted
    from api_keys k join organizations o on o.id = k.organization_id
    where k.${by} = $1 and k.revoked_at is null`,
    [value],
  );
  if (row === undefined) return undefined;
  const { to_be_noted, ...holder } = row;
  if (to_be_noted) noteUse(store, holder.id);
  return holder;
}

/** Not part of the request: when it is lost, the next one writes it. */
function noteUse(store: EventStore, id: string): void {
  store
    .query(`update api_keys set last_used_at = now() where id = $1 and ${USE_IS_TO_BE_NOTED}`, [id])
    .catch((error: Error) =>
      store.logger.debug({ err: { message: error.message } }, 'cannot note the use of an API key'),
    );
}
