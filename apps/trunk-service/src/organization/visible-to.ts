import { DomainError } from '@trunkmesh/contracts/problem.js';
import { uuid } from '@trunkmesh/contracts/scalar.js';
import type { Caller } from '../http/caller.js';
import { organizationNotFound } from './organization.js';

export function existingId(id: string): string {
  if (!uuid.safeParse(id).success) throw organizationNotFound();
  return id.toLowerCase();
}

/** To a key, other organisations do not exist. */
export function visibleTo(caller: Caller, id: string): string {
  const known = existingId(id);
  if (caller.role !== 'bootstrap' && caller.organization?.id !== known) throw organizationNotFound();
  if (caller.role === 'bootstrap' && caller.organization !== null && caller.organization.id !== known) {
    throw new DomainError('invalid-request', 'The header X-Organization-Id names another organisation than the path.');
  }
  return known;
}
