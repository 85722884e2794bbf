import type { LocalRoutes } from '../route/local-routes.nats.js';
import type { KeptCalls } from './call-parts.net.js';
import type { Drain } from './drain.process.js';

export interface CallReadinessParts {
  local: Pick<LocalRoutes, 'readiness'>;
  kept: Pick<KeptCalls, 'callRecords' | 'recordings' | 'statuses'>;
  drain: Pick<Drain, 'begun' | 'left'>;
}

/** Whether calls can be routed, recorded and reported: `up`, or the reason why not. */
export class CallReadiness {
  constructor(private readonly parts: CallReadinessParts) {}

  check(): Record<'routes' | 'records' | 'recordings' | 'statuses', string> & { calls?: string } {
    const { local, kept, drain } = this.parts;
    return {
      ...(drain.begun ? { calls: `about to stop: ${drain.left()} go on` } : {}),
      routes: local.readiness(),
      records: kept.callRecords.trouble() ?? 'up',
      recordings: kept.recordings.trouble() ?? 'up',
      statuses: kept.statuses.trouble() ?? 'up',
    };
  }
}
