import type { OpenCall } from '../call-record/open-call-file.fs.js';
import { note } from './call-story.js';
import { adopted } from './left-call.js';
import type { LiveCall } from './live-calls.js';

/** What the previous process left. */
export interface LeftCalls {
  leftOpen: readonly OpenCall[];
  /** When it last noted that it held its calls. */
  lastAlive: Date | undefined;
}

/** The calls of this host that have started and not ended, by their id; at first those of the previous process. */
export class LiveCallTable {
  private readonly calls = new Map<string, LiveCall>();

  constructor(
    private readonly left: LeftCalls,
    now: Date,
  ) {
    for (const call of left.leftOpen) this.adopt(call, now);
  }

  /** A call that the previous process left. */
  adopt(open: OpenCall, now: Date): void {
    const call = adopted(open, this.left.lastAlive, now);
    note(call.story, now, 'agent-restarted');
    this.add(call);
  }

  add(call: LiveCall): void {
    this.calls.set(call.started.data.call_id, call);
  }

  get(callId: string): LiveCall | undefined {
    return this.calls.get(callId);
  }

  has(callId: string): boolean {
    return this.calls.has(callId);
  }

  delete(callId: string): void {
    this.calls.delete(callId);
  }

  all(): LiveCall[] {
    return [...this.calls.values()];
  }

  count(): number {
    return this.calls.size;
  }

  /** Those that FreeSWITCH is known to have now. */
  countSeen(): number {
    return this.all().filter(({ watch }) => watch === 'socket' || watch === 'watched').length;
  }
}
