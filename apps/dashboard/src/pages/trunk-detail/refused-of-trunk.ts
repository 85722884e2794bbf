import type { components } from '../../generated/api.js';

type Refused = components['schemas']['RefusedCall'];

/** What the last of the refused INVITEs says. A bridge before it was kept sends none. */
export interface RefusedInvite {
  request_uri: string;
  to: string;
  from: string;
  sources: readonly { source: string; value: string }[];
  offer: readonly string[] | null;
}

/** A row names its trunk and has its INVITE where the service knows them. */
export type RefusedRow = Refused & { trunk_id?: string | null; invite?: RefusedInvite | null };

/** Reasons that adding the address to the trunk takes away. */
const ADDRESS_HELPS: ReadonlySet<Refused['reason']> = new Set(['source-not-allowed', 'unknown-source']);

/** A row that names its trunk belongs to that one; the others may be any trunk's. */
export const mayBeOf = (row: Pick<RefusedRow, 'trunk_id'>, trunkId: string): boolean =>
  row.trunk_id === trunkId || row.trunk_id === undefined || row.trunk_id === null;

export const addressToAdd = (
  { reason, source_address }: Pick<Refused, 'reason' | 'source_address'>,
  known: readonly string[],
): string | undefined =>
  ADDRESS_HELPS.has(reason) && source_address !== '' && !known.includes(source_address) ? source_address : undefined;
