import { DomainError } from '@trunkmesh/contracts/problem.js';

/** An entity's version as a strong entity tag (RFC 9110 §8.8.3). */
export const etagOf = (version: number) => `"${version}"`;

/** Weak tags compare equal for reading (§13.1.2), never for writing (§13.1.1). */
const tags = (header: string) =>
  header
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '');

/** `If-Match`: refuses a change that was prepared on another version. Without the header nothing is asked. */
export function requireMatch(ifMatch: string | undefined, before: { version: number; state: unknown }): void {
  if (ifMatch === undefined) return;
  const given = tags(ifMatch);
  if (before.state !== null && (given.includes('*') || given.includes(etagOf(before.version)))) return;
  throw new DomainError(
    'precondition-failed',
    before.state === null
      ? 'It does not exist any more.'
      : `It was changed meanwhile: it is at version ${before.version} now. Read it again and repeat your change ` +
          'on what you get.',
  );
}

/** Whether the client has this version already, so that 304 is the whole answer. */
export function isUnchanged(ifNoneMatch: string | undefined, version: number): boolean {
  if (ifNoneMatch === undefined) return false;
  return tags(ifNoneMatch).some((tag) => tag === '*' || tag.replace(/^W\//, '') === etagOf(version));
}
