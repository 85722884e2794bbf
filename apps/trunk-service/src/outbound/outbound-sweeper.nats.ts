import { setTimeout as pause } from 'node:timers/promises';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { whenOpened, type Background } from '../event-store/when-opened.pg.js';
import { EVENT_STORE, NATS } from '../tokens.js';
import { CancelCall } from './cancel-call.nats.js';
import { CloseAbandoned } from './close-abandoned.nats.js';
import { HandOver } from './hand-over.nats.js';
import { forgetOldCalls, putOff, takeDueCalls, type DueCall } from './outbound-calls.pg.js';
import { publishLeftRefusals } from './refusals.nats.js';
import { ReportRefusals } from './report-refusals.nats.js';

const TICK_MS = 1_000;
const CALLS_PER_LOOK = 50;
const FORGET_TICKS = 600;
const ABANDONED_TICKS = 5;
const LONGEST_SECONDS = 60;

/**
 * Ends what a process left open that was killed, or a bridge that did not answer. Every copy of the service looks; a
 * call is taken up by one at a time.
 */
@Injectable()
export class OutboundSweeper implements OnApplicationBootstrap, OnApplicationShutdown {
  @Inject(CloseAbandoned) private readonly closeAbandoned!: CloseAbandoned;
  @Inject(ReportRefusals) private readonly reportRefusals!: ReportRefusals;
  private background: Background | undefined;

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(NATS) private readonly nats: NatsLink,
    private readonly handOver: HandOver,
    private readonly cancelCall: CancelCall,
  ) {}

  private get logger(): Logger {
    return this.store.logger;
  }

  onApplicationBootstrap(): void {
    this.background = whenOpened(this.store, () => {
      const stopping = new AbortController();
      const running = this.run(stopping.signal);
      return {
        stop: async () => {
          stopping.abort();
          await running;
          await this.reportRefusals.stop();
        },
      };
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.background?.stop();
  }

  private async run(signal: AbortSignal): Promise<void> {
    for (let ticks = 1; !signal.aborted; ticks += 1) {
      try {
        await this.sweep(signal);
        if (ticks % ABANDONED_TICKS === 0 && this.nats.connection !== undefined) await this.closeAbandoned.run();
        if (ticks % FORGET_TICKS === 0) await forgetOldCalls(this.store);
      } catch (error) {
        if (!signal.aborted)
          this.logger.warn({ err: { message: (error as Error).message } }, 'cannot look after outbound calls');
      }
      await pause(TICK_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  private async sweep(signal: AbortSignal): Promise<void> {
    if (this.nats.connection === undefined) return;
    await publishLeftRefusals(this.nats, this.store);
    this.reportRefusals.begin();
    for (;;) {
      const due = await takeDueCalls(this.store, CALLS_PER_LOOK);
      await Promise.all(due.map((call) => this.look(call)));
      if (due.length < CALLS_PER_LOOK || signal.aborted) return;
    }
  }

  private async look(call: DueCall): Promise<void> {
    try {
      await this.settle(call);
    } catch (error) {
      this.logger.warn({ err: { message: (error as Error).message }, call_id: call.call_id }, 'cannot settle a call');
    }
  }

  private async settle(call: DueCall): Promise<void> {
    const { request, state } = call;
    if (state === 'accepted') {
      await putOff(this.store, call, againAfter(call));
      return this.cancelCall.end(call, call.bridge_id);
    }
    if (request === null) return;
    const { outcome } = await this.handOver.carryOut({ ...call, request }, { late: call.late });
    if (outcome === 'open') await putOff(this.store, call, againAfter(call));
  }
}

/** Less and less often, the older it is. */
const againAfter = ({ age_seconds }: DueCall): number => Math.min(Math.max(age_seconds / 4, 2), LONGEST_SECONDS);
