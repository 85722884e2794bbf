import { setTimeout as sleep } from 'node:timers/promises';
import type { CallContinued } from '@trunkmesh/contracts/call-attempts.js';
import type { CallStarted } from '@trunkmesh/contracts/call.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { continuedEvent } from './continued-event.js';
import { claimCall, lastEventOf } from './last-event.nats.js';
import type { LiveEvents } from './live-events.nats.js';
import type { OpenCall } from './open-call-file.fs.js';
import type { OpenCalls } from './open-calls.fs.js';
import type { StoryPart } from './story-part.js';
import type { TurnsByCall } from './turns-by-call.js';

export interface HandedCallsOptions {
  bridgeId: string;
  open: OpenCalls;
  disk: TurnsByCall;
  live: LiveEvents;
  link: NatsLink;
  newId: () => string;
  /** What the previous process left: another bridge may have them. */
  doubtful: readonly OpenCall[];
  /** This bridge has it. */
  onOwn: (call: OpenCall) => void;
  logger: Logger;
}

const PUBLISHED_MS = 2_000;
const LOOK_MS = 10;
const SETTLE_MS = 2_000;

/** The files of outbound calls that go from one bridge to another. The bridge of a call's last event has it. */
export class HandedCalls {
  private readonly doubtful: Map<string, OpenCall>;
  private readonly timer: NodeJS.Timeout | undefined;
  private settling: Promise<void> | undefined;

  constructor(private readonly options: HandedCallsOptions) {
    this.doubtful = new Map(options.doubtful.map((call) => [call.started.data.call_id, call]));
    if (this.doubtful.size === 0) return;
    this.timer = setInterval(() => this.settle(), SETTLE_MS);
    options.link.onConnected(() => this.settle());
  }

  /** It is not known yet whether this bridge has the call. */
  isDoubtful(callId: string): boolean {
    return this.doubtful.has(callId);
  }

  /** A call of another bridge that this one is about to take. Rejects where the disk does not have it. */
  prepare(started: CallStarted, continued: CallContinued, story?: StoryPart): Promise<void> {
    const { disk, open } = this.options;
    return disk.run(started.data.call_id, () =>
      open.started(started, continued, ...(story === undefined ? [] : [story])),
    );
  }

  /** Rejects where the disk does not have it. */
  async keep(callId: string, part: StoryPart): Promise<void> {
    const { disk, open } = this.options;
    await disk.run(callId, () => open.keep(callId, part));
    if (!open.isWhole(callId)) throw new Error("the call's file is not whole");
  }

  /** Whether the stream has all events of the call so far. */
  async published(callId: string): Promise<boolean> {
    for (const until = performance.now() + PUBLISHED_MS; performance.now() < until;) {
      if (!this.options.live.waits(callId)) return true;
      await sleep(LOOK_MS);
    }
    return false;
  }

  /** Another bridge has it: its end is not of this one. */
  forget(callId: string): Promise<void> {
    const { disk, open } = this.options;
    return disk.run(callId, () => open.remove(callId));
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.settling;
  }

  private settle(): void {
    this.settling ??= this.settleAll()
      .catch((error: unknown) => {
        this.options.logger.warn({ err: error }, 'cannot find out which bridge has a call; trying again');
      })
      .finally(() => {
        this.settling = undefined;
        if (this.doubtful.size === 0) clearInterval(this.timer);
      });
  }

  private async settleAll(): Promise<void> {
    for (const [callId, call] of this.doubtful) {
      const own = await this.isOwn(call);
      if (own === undefined) continue;
      this.options.logger.warn({ call_id: callId, own }, 'found a call that was on its way between two bridges');
      this.doubtful.delete(callId);
      if (own) this.options.onOwn(call);
      else await this.forget(callId);
    }
  }

  /** Undefined: that cannot be known now. */
  private async isOwn(call: OpenCall): Promise<boolean | undefined> {
    const { bridgeId, link, newId } = this.options;
    const { started, story } = call;
    const { call_id, organization_id } = started.data;
    const last = await lastEventOf(link, { call_id, organization_id: organization_id ?? '' });
    if (last === undefined) return undefined;
    if (last !== null && last.bridgeId !== bridgeId) return false;
    if (last === null) return true;
    // Another bridge may be about to take it.
    const { attempts = [] } = story.at(-1) ?? {};
    const event = continuedEvent(started, { from_bridge: bridgeId, attempts }, { id: newId(), at: new Date() });
    const claimed = await claimCall(link, event, last.sequence);
    return claimed === 'claimed' ? true : undefined;
  }
}
