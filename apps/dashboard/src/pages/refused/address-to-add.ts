import type { components } from '../../generated/api.js';

type Refused = components['schemas']['RefusedCall'];

/** Reasons that adding the address to the trunk takes away. */
const ADDRESS_HELPS: ReadonlySet<Refused['reason']> = new Set(['source-not-allowed', 'unknown-source']);

/** `known`: addresses that the trunk has already. */
export const addressToAdd = (
  { reason, source_address }: Pick<Refused, 'reason' | 'source_address'>,
  known: readonly string[] = [],
): string | undefined =>
  ADDRESS_HELPS.has(reason) && source_address !== '' && !known.includes(source_address) ? source_address : undefined;
