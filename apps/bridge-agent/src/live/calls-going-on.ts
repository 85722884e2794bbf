import type { OpenCall } from '../call-record/open-call-file.fs.js';
import type { LiveCalls } from './live-calls.net.js';

/** Which calls are in progress, also for parts that start before the calls are observed. */
export class CallsGoingOn {
  private before: ReadonlySet<string> = new Set();
  private live: Pick<LiveCalls, 'has' | 'countSeen'> | undefined;

  /** Left open by an earlier process: they may still be in progress. */
  leftOpen(calls: readonly OpenCall[]): void {
    this.before = new Set(calls.map(({ started }) => started.data.call_id));
  }

  watchedBy(live: Pick<LiveCalls, 'has' | 'countSeen'>): void {
    this.live = live;
  }

  has(callId: string): boolean {
    return this.live?.has(callId) ?? this.before.has(callId);
  }

  /** Those that FreeSWITCH is known to have now. */
  countSeen(): number {
    return this.live?.countSeen() ?? 0;
  }
}
