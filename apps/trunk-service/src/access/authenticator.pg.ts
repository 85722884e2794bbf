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
import type { KnownKeys } from './known-keys.js';

export const hashOf = (key: string) => createHash('sha256').update(key).digest();

const UNKNOWN_KEY = 'This API key is not known, or it was revoked.';
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

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(KEYS) private readonly keys: KnownKeys<KeyHolder>,
    @Inject(CONFIG) config: Config,
  ) {
    this.bootstrap = hashOf(config.BOOTSTRAP_KEY);
  }

  /** @throws DomainError not-authenticated, not-allowed, organization-not-found */
  async authenticate(request: Request): Promise<Caller> {
    const key = bearerToken(request.header('Authorization'));
    const hash = hashOf(key);
    const named = organizationNamed(request);
    if (timingSafeEqual(hash, this.bootstrap))
      return {
        role: 'bootstrap',
        organization: named === undefined ? null : await organization(this.store, named),
        keyId: null,
      };
    const holder = await this.holderOf(key);
    if (holder === undefined || !timingSafeEqual(holder.hash, hash))
      throw new DomainError('not-authenticated', UNKNOWN_KEY);
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

  private async holderOf(key: string): Promise<KeyHolder | undefined> {
    const lookup = lookupOf(key);
    if (lookup === undefined) return undefined;
    return this.keys.get(lookup, performance.now()) ?? (await find(this.store, this.keys, lookup));
  }
}

function organizationNamed(request: Request): string | undefined {
  const header = request.header('X-Organization-Id');
  if (header === undefined) return undefined;
  if (!uuid.safeParse(header).success)
    throw new DomainError('invalid-request', 'The header X-Organization-Id must be a UUID.');
  return header.toLowerCase();
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

async function find(store: EventStore, keys: KnownKeys<KeyHolder>, lookup: string): Promise<KeyHolder | undefined> {
  // The time of the question, not of the answer: what was revoked while it was on its way is known no longer than
  // anything else.
  const asked = performance.now();
  const [row] = await store.query<KeyHolder & { to_be_noted: boolean }>(
    `
    select k.id, k.hash, k.role, k.organization_id, o.status, ${PARALLEL_IMPORTS}, ${USE_IS_TO_BE_NOTED} as to_be_noted
    from api_keys k join organizations o on o.id = k.organization_id
    where k.lookup = $1 and k.revoked_at is null`,
    [lookup],
  );
  if (row === undefined) return undefined;
  const { to_be_noted, ...holder } = row;
  keys.set(lookup, holder, asked);
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
