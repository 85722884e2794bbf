import { uuid } from '@trunkmesh/contracts/scalar.js';
import { printable } from '@trunkmesh/contracts/trunk.js';
import { z } from 'zod';
import { pageQuery } from '../http/page.js';
import { trunkNotFound } from './trunk.js';

const truth = z.enum(['true', 'false']).transform((text) => text === 'true');
const text = printable(260);

/** The list's filters; all of them combine with AND. Names match on any part, upper and lower case alike. */
export const trunkQuery = pageQuery
  .extend({
    enabled: truth.optional().describe('False: out of routing, with its credentials kept.'),
    register: truth.optional().describe('Whether FreeSWITCH registers to the gateway.'),
    provider: text.optional().describe('A free label for the carrier.'),
    bridge_pool: text.optional().describe('The pool whose bridges take the calls.'),
    name: text.optional().describe('The name.'),
    q: text.optional().describe('Part of the name, gateway, user name or provider.'),
  })
  .strict();
export type TrunkQuery = z.output<typeof trunkQuery>;

/** `force`: unassign the trunk's numbers first, in the same transaction. */
export const deletionQuery = z.strictObject({
  force: truth.default(false).describe('`true`: unassign the numbers of the trunk and delete it.'),
});

/**
 * The id that a path names, in lower case as ids are stored.
 *
 * @throws DomainError trunk-not-found where no trunk can have this id
 */
export function trunkIdOf(text: string): string {
  if (!uuid.safeParse(text).success) throw trunkNotFound();
  return text.toLowerCase();
}
