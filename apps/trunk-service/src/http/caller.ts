import { DomainError } from '@trunkmesh/contracts/problem.js';

export type KeyRole = 'admin' | 'member' | 'publisher';
/** `bootstrap`: the one key from the environment, which may act for any organisation. */
export type Role = 'bootstrap' | KeyRole;

/**
 * What a route asks for. `public`: nothing. `read`: any key. `manage`: an admin. `publish`: the platform's publisher,
 * or an admin. `operate`: the bootstrap key, for no organisation in particular.
 */
export type Access = 'public' | 'read' | 'manage' | 'publish' | 'operate';

/** The one declaration of who may do what: `authorize` holds callers to it, and the API's description shows it. */
export const ROLES: Record<Exclude<Access, 'public'>, readonly Role[]> = {
  read: ['bootstrap', 'admin', 'member', 'publisher'],
  manage: ['bootstrap', 'admin'],
  publish: ['bootstrap', 'admin', 'publisher'],
  operate: ['bootstrap'],
};

export interface Caller {
  role: Role;
  /** Whom it acts for. Null: the bootstrap key without an organisation. */
  organization: {
    id: string;
    status: 'active' | 'suspended';
    /** Null: as many as the installation allows. */ parallel_imports: number | null;
  } | null;
  keyId: string | null;
}

/** What a route asks for that does not say so: forgetting it opens nothing. */
export const DEFAULT_ACCESS: Access = 'operate';

/** Refuses with what is missing. Suspended organisations may look, but change nothing; the operator may. */
export function authorize(caller: Caller, access: Exclude<Access, 'public'>): void {
  if (!ROLES[access].includes(caller.role)) throw new DomainError('not-allowed', reason(access, caller.role));
  const changes = access === 'manage' || access === 'publish';
  if (changes && caller.role !== 'bootstrap' && caller.organization?.status === 'suspended') {
    throw new DomainError(
      'organization-suspended',
      'This organisation is suspended: nothing can be changed until it is resumed.',
    );
  }
}

function reason(access: Exclude<Access, 'public'>, role: Role): string {
  if (access === 'operate') return "Only the operator's bootstrap key may do this.";
  if (access === 'publish')
    return `Only a key with the role "publisher" or "admin" may do this; this one has the role "${role}".`;
  return `Only an admin of the organisation may do this; this key has the role "${role}".`;
}

/** The organisation that the request is about; the bootstrap key must name it. */
export function organizationOf(caller: Caller): string {
  if (caller.organization !== null) return caller.organization.id;
  throw new DomainError(
    'invalid-request',
    'The bootstrap key acts for any organisation: name it in the header X-Organization-Id.',
    [{ pointer: '', message: 'the header X-Organization-Id is missing' }],
  );
}

/** RFC 6750 §2.1; the scheme is case-insensitive (RFC 9110 §11.1). */
export function bearerToken(authorization: string | undefined): string {
  if (authorization === undefined)
    throw new DomainError('not-authenticated', 'Send an API key in the header "Authorization: Bearer …".');
  const match = /^bearer +([\w.~+/=-]{1,512}) *$/i.exec(authorization);
  if (!match)
    throw new DomainError('not-authenticated', 'The header Authorization must read "Bearer", a space, and an API key.');
  return match[1]!;
}
