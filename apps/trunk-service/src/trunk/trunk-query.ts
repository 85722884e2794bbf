import { z } from 'zod';
import { printable } from '@trunkmesh/contracts/trunk.js';
import { pageQuery } from '../http/page.js';

const truth = z.enum(['true', 'false']).transform((text) => text === 'true');
const text = printable(260);

/** The list's filters; all of them combine with AND. Names match on any part, upper and lower case alike. */
export const trunkQuery = pageQuery
  .extend({
    enabled: truth.optional(),
    register: truth.optional(),
    provider: text.optional(),
    bridge_pool: text.optional(),
    name: text.optional(),
    /** In name, gateway, username or provider. */
    q: text.optional(),
  })
  .strict();
export type TrunkQuery = z.output<typeof trunkQuery>;

/** `force`: unassign the trunk's numbers first, in the same transaction. */
export const deletionQuery = z.strictObject({ force: truth.default(false) });
