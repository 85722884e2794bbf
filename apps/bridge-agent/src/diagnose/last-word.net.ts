import { setTimeout as sleep } from 'node:timers/promises';
import type { Ended } from './authenticated.net.js';

/** Until then a 200 may follow a CANCEL (64 × T1, RFC 3261 §9.1), and the carrier bills it. */
const WITHIN_MS = 32_000;

/** The final answer to an INVITE, which may come after its test is over. */
export class LastWord {
  private came: () => void = () => undefined;
  private word: Promise<void> | undefined;

  /** `withinMs`: how long it is waited for. */
  constructor(readonly withinMs = WITHIN_MS) {}

  /** An INVITE is sent: its word counts from now on. */
  expect(): void {
    this.word = new Promise((resolve) => (this.came = resolve));
  }

  heard(): void {
    this.came();
  }

  /** Of what came within the test's time. Undefined: nothing more comes. */
  after(final: Ended | 'over', lost: Promise<void>): Promise<void> | undefined {
    return final === 'over' || final.end === 'silent' ? this.wait(lost) : undefined;
  }

  /** Settles with the answer, with `lost`, or when the time is over. Keeps no process running. */
  private async wait(lost: Promise<void>): Promise<void> {
    const over = new AbortController();
    const time = sleep(this.withinMs, undefined, { ref: false, signal: over.signal }).catch(() => undefined);
    await Promise.race([this.word, time, lost]);
    over.abort();
  }
}
