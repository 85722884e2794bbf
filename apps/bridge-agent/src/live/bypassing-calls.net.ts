import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { endedBypassingCalls } from './call-metrics.otel.js';
import type { EventSocket } from './call-search.net.js';
import { bypassingIn } from './bypassing-calls.js';

/** FreeSWITCH's `CUSTOM` events about a call that was replaced, where the profile has `fire-transfer-events`. */
export const REPLACED_EVENTS: readonly string[] = ['sofia::replaced', 'sofia::intercepted'];

/** A channel is in FreeSWITCH's list some 200 ms after its 200. */
const LOOKS_MS = [100, 300, 1_000];

/** Ends calls that got around the agent. The list of all channels is read only when there may be such a call. */
export class BypassingCalls {
  private looking = false;
  private again = false;

  constructor(
    private readonly esl: EventSocket,
    private readonly logger: Logger,
    private readonly looksMs: readonly number[] = LOOKS_MS,
  ) {}

  /** There may be one, or will be in a moment. Many at once cost no more than one. */
  suspect(): void {
    this.again = true;
    if (this.looking) return;
    this.looking = true;
    void this.look().finally(() => {
      this.looking = false;
    });
  }

  private async look(): Promise<void> {
    while (this.again) {
      this.again = false;
      for (const pause of this.looksMs) {
        await sleep(pause, undefined, { ref: false });
        await this.endAll().catch((error: unknown) => {
          this.logger.error({ err: error }, 'cannot look for calls that got around the agent');
        });
      }
    }
  }

  private async endAll(): Promise<void> {
    if (!this.esl.connected) return;
    const reply = await this.esl.api('show', 'channels as json');
    if (reply.outcome !== 'reply') return;
    for (const { callId, address } of bypassingIn(reply.text)) {
      this.logger.warn({ call_id: callId, source_address: address }, 'ended a call that replaced another');
      endedBypassingCalls.add(1);
      await this.esl.api('uuid_kill', `${callId} CALL_REJECTED`);
    }
  }
}
