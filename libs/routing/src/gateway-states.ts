import type { GatewayStatus } from '@trunkmesh/contracts/bridge.js';
import type { GatewayReach } from '@trunkmesh/contracts/outbound.js';

interface Report {
  readonly bridge: string;
  readonly up: boolean;
}

/**
 * What the bridges report of each trunk's gateway. In memory beside the routes: a plan for an outbound call asks it for
 * each of an organisation's trunks.
 */
export class GatewayStates {
  private readonly reports = new Map<string, readonly Report[]>();

  put(status: Pick<GatewayStatus, 'trunk_id' | 'bridge_id' | 'applied_revision' | 'state' | 'ping'>): void {
    const { trunk_id, bridge_id } = status;
    this.reports.set(trunk_id, [...this.others(trunk_id, bridge_id), { bridge: bridge_id, up: isUp(status) }]);
  }

  remove(trunk: string, bridge: string): void {
    const left = this.others(trunk, bridge);
    if (left.length === 0) this.reports.delete(trunk);
    else this.reports.set(trunk, left);
  }

  clear(): void {
    this.reports.clear();
  }

  /** Up where one bridge at least can use it. */
  of(trunk: string): GatewayReach {
    const reports = this.reports.get(trunk);
    if (reports === undefined) return 'unknown';
    return reports.some(({ up }) => up) ? 'up' : 'down';
  }

  private others(trunk: string, bridge: string): readonly Report[] {
    return this.reports.get(trunk)?.filter((report) => report.bridge !== bridge) ?? [];
  }
}

/**
 * Registered, or trusted by address, and answering OPTIONS where they are sent. A gateway between two attempts to
 * register is down: until it registers, another trunk is the better choice.
 */
const isUp = ({ applied_revision, state, ping }: Pick<GatewayStatus, 'applied_revision' | 'state' | 'ping'>): boolean =>
  applied_revision !== null && (state === 'REGED' || state === 'NOREG') && ping !== 'down';
