import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { Conversations } from './conversation.js';

export interface DrainOptions {
  conversations: Conversations;
  logger: Logger;
}

const LOOK_MS = 50;
const SAY_MS = 10_000;

/** The agent is about to stop: new calls are rejected, and those with an assistant may end by themselves. */
export class Drain {
  private readonly listeners: (() => void)[] = [];
  private started = false;

  constructor(private readonly options: DrainOptions) {}

  /** Whether the agent is about to stop. */
  get begun(): boolean {
    return this.started;
  }

  /** Called when it begins: from then on the listener accepts no new call. */
  onBegin(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** Calls with an assistant, which need this process. */
  left(): number {
    return [...this.options.conversations.values()].filter(({ talking }) => talking).length;
  }

  /** Resolves when none is left or the time is over. */
  async run(withinMs: number): Promise<void> {
    this.started = true;
    for (const listener of this.listeners) listener();
    const { logger } = this.options;
    const until = performance.now() + withinMs;
    let sayAt = performance.now();
    while (this.left() > 0 && performance.now() < until) {
      if (performance.now() >= sayAt) {
        logger.info(
          { calls: this.left(), seconds_left: Math.ceil((until - performance.now()) / 1_000) },
          'waiting for calls in progress; new calls are rejected',
        );
        sayAt += SAY_MS;
      }
      await sleep(LOOK_MS);
    }
    if (this.left() > 0 && withinMs > 0)
      logger.warn({ calls: this.left() }, 'calls are still in progress after the drain time; ending them');
  }
}
