import { createHash, timingSafeEqual } from 'node:crypto';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import { uuid } from '@trunkmesh/contracts/scalar.js';
import type { Request } from 'express';
import { bearerToken, type Caller, type KeyRole } from '../http/caller.js';
import type { RecordStore } from '../record/record-store.pg.js';
import { lookupOf } from './api-key.js';

export const hashOf = (key: string) => createHash('sha256').update(key).digest();

const UNKNOWN_KEY = 'This API key is not known, or it was revoked.';
/** `last_used_at` is for finding keys that nobody needs; an hour's precision saves a write a request. */
const LAST_USED_PRECISION_MS = 3_600_000;

/**
 * Whose key this is. Asked anew for each request, by primary key, so that a revocation or a suspension counts from the next request on.
 */
export async function authenticate(record: RecordStore, bootstrapKey: string, request: Request): Promise<Caller> {
  const key = bearerToken(request.header('Authorization'));
  const named = organizationNamed(request);
  if (timingSafeEqual(hashOf(key), hashOf(bootstrapKey))) return { role: 'bootstrap', organization: named === undefined ? null : await organization(record, named), keyId: null };
  const lookup = lookupOf(key);
  if (lookup === undefined) throw new DomainError('not-authenticated', UNKNOWN_KEY);
  return keyHolder(record, { lookup, hash: hashOf(key) }, named);
}

function organizationNamed(request: Request): string | undefined {
  const header = request.header('X-Organization-Id');
  if (header === undefined) return undefined;
  if (!uuid.safeParse(header).success) throw new DomainError('invalid-request', 'The header X-Organization-Id must be a UUID.');
  return header.toLowerCase();
}

async function organization(record: RecordStore, id: string): Promise<Caller['organization']> {
  const [row] = await record.query<{ status: 'active' | 'suspended' }>('select status from organizations where id = $1', [id]);
  if (row === undefined) throw new DomainError('organization-not-found', 'The header X-Organization-Id names no organisation.');
  return { id, status: row.status };
}

async function keyHolder(record: RecordStore, key: { lookup: string; hash: Buffer }, named: string | undefined): Promise<Caller> {
  const [row] = await record.query<{ id: string; hash: Buffer; role: KeyRole; organization_id: string; status: 'active' | 'suspended'; last_used_at: Date | null }>(`
    select k.id, k.hash, k.role, k.organization_id, k.last_used_at, o.status
    from api_keys k join organizations o on o.id = k.organization_id
    where k.lookup = $1 and k.revoked_at is null`, [key.lookup]);
  if (row === undefined || !timingSafeEqual(row.hash, key.hash)) throw new DomainError('not-authenticated', UNKNOWN_KEY);
  if (named !== undefined && named !== row.organization_id) throw new DomainError('not-allowed', 'This API key belongs to another organisation than the header X-Organization-Id names.');
  noteUse(record, row);
  return { role: row.role, organization: { id: row.organization_id, status: row.status }, keyId: row.id };
}

function noteUse(record: RecordStore, key: { id: string; last_used_at: Date | null }): void {
  const now = Date.now();
  if (key.last_used_at !== null && now - key.last_used_at.getTime() < LAST_USED_PRECISION_MS) return;
  // Not part of the request: when it is lost, the next one writes it.
  record.query('update api_keys set last_used_at = $2 where id = $1 and (last_used_at is null or last_used_at < $3)', [key.id, new Date(now), new Date(now - LAST_USED_PRECISION_MS)])
    .catch((error: Error) => record.logger.debug({ err: { message: error.message } }, 'the use of a key was not noted'));
}
