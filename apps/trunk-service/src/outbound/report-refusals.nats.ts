import { Inject, Injectable } from '@nestjs/common';
import type { EventStore } from '../event-store/event-store.pg.js';
import { EVENT_STORE } from '../tokens.js';
import { AskBridge } from './ask-bridge.nats.js';
import { FleetLoads } from './fleet-loads.pg.js';
import { markReported, noteReporter, takeReports, type RefusalReport } from './refusal-reports.pg.js';

const REPORTS_PER_LOOK = 50;

/**
 * Gives the refusals that no answer of the API says to a bridge, which delivers their statuses. The same bridge is
 * asked until it answers: only once it is lost, another one delivers the same statuses by the same ids.
 */
@Injectable()
export class ReportRefusals {
  private running: Promise<void> | undefined;

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly loads: FleetLoads,
    private readonly bridges: AskBridge,
  ) {}

  /** Beside the sweeper, which does not wait for a bridge that is slow. */
  begin(): void {
    this.running ??= this.run()
      .catch((error: unknown) => {
        const { message } = error as Error;
        this.store.logger.warn({ err: { message } }, 'cannot report refused calls; trying again');
      })
      .finally(() => (this.running = undefined));
  }

  async stop(): Promise<void> {
    await this.running;
  }

  private async run(): Promise<void> {
    const due = await takeReports(this.store, REPORTS_PER_LOOK);
    await Promise.all(due.map((report) => this.report(report)));
  }

  private async report({ event, reporter }: RefusalReport): Promise<void> {
    const fleet = this.loads.bridges();
    const asked = fleet.find(({ id, status, health }) => id === reporter && status !== 'retired' && health !== 'lost');
    if (asked !== undefined && (await this.ask(asked.id, event, true)) !== 'not-taken') return;
    const serving = fleet.filter(({ status, health }) => status !== 'retired' && health === 'serving');
    for (const { id } of serving.sort((a, b) => a.calls - b.calls))
      if (id !== asked?.id && (await this.ask(id, event, false)) !== 'not-taken') return;
  }

  private async ask(bridge: string, event: RefusalReport['event'], mayHaveIt: boolean) {
    const callId = event.data.call_id;
    if (!mayHaveIt) await noteReporter(this.store, callId, bridge);
    const said = await this.bridges.report(bridge, event, mayHaveIt);
    const taken = said === 'absent' ? 'not-taken' : said;
    if (taken === 'accepted') await markReported(this.store, callId);
    if (taken === 'not-taken' || taken === 'no-nats') await noteReporter(this.store, callId, null);
    return taken;
  }
}
