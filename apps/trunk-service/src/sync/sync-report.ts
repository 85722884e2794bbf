import type { TrunkState } from '@trunkmesh/contracts/trunk.js';
import type { TrunkVerdict } from '../status/trunk-verdict-view.js';

export interface Judged {
  trunk: Pick<TrunkState, 'id' | 'name' | 'enabled'>;
  verdict: TrunkVerdict;
}

/** The platform's four fields, and what they leave out: which trunk is how on which bridge. */
export function syncReport({ trunks, heard }: { trunks: readonly Judged[]; heard: boolean }) {
  const enabled = trunks.filter(({ trunk }) => trunk.enabled);
  const count = (wanted: TrunkVerdict['verdict']) => enabled.filter(({ verdict }) => verdict.verdict === wanted).length;
  const counts = {
    live: count('live'),
    pending: count('pending'),
    failed: count('failed'),
    unplaced: count('unplaced'),
  };
  return {
    success: heard && counts.live === enabled.length,
    message: message(enabled, counts, heard),
    total_trunks: trunks.length,
    enabled_trunks: enabled.length,
    ...counts,
    trunks: trunks.map(({ trunk: { id, name, enabled: on }, verdict }) => ({ id, name, enabled: on, ...verdict })),
  };
}
export type SyncReport = ReturnType<typeof syncReport>;

function message(
  enabled: readonly Judged[],
  { live, pending, failed, unplaced }: Record<'live' | 'pending' | 'failed' | 'unplaced', number>,
  heard: boolean,
): string {
  if (!heard)
    return (
      'NATS cannot be reached, or the bridges have not reported yet, so their state is not known. The changes are ' +
      'stored and applied as soon as possible.'
    );
  if (enabled.length === 0) return 'There is no enabled trunk: nothing has to be on the bridges.';
  if (live === enabled.length) return `All ${live} enabled trunks are live on their bridges.`;
  const rest = [
    [failed, 'failed'],
    [pending, 'not applied or not registered yet'],
    [unplaced, 'without a bridge'],
  ]
    .filter(([count]) => count !== 0)
    .map(([count, what]) => `${count} ${what}`)
    .join(', ');
  const worst =
    enabled.find(({ verdict }) => verdict.verdict === 'failed') ??
    enabled.find(({ verdict }) => verdict.verdict !== 'live');
  return (
    `${live} of ${enabled.length} enabled trunks are live; ${rest}. "${worst!.trunk.name}": ` +
    `${worst!.verdict.summary}`
  );
}
