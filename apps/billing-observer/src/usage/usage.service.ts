import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { ensureStreams } from '@trunkmesh/event-log/streams.nats.js';
import type { NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import type { OwnNatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { LOGGER } from '@trunkmesh/runtime/service.module.js';
import { Database } from '../database.service.js';
import { NATS } from '@trunkmesh/runtime/nats.module.js';
import { startConfirmations, type Confirmations } from './confirmation.nats.js';
import { countMissingRecords } from './gaps.pg.js';
import { keepMonths, type Months } from './ledger/months.pg.js';
import type { Feed } from './following/feed.nats.js';
import { startRatePlanFeed } from './rating/rate-plan-feed.nats.js';
import { startTimeZoneFeed } from './summary/time-zone-feed.nats.js';
import { setMissing } from './usage-metrics.otel.js';
import { startUsageRecorder, type UsageRecorder } from './usage-recorder.nats.js';
import { whileRecording, type Repeating } from './while-recording.process.js';

const RETRY_MS = 1_000;
const COUNT_MISSING_EVERY_MS = 15_000;

/** Records calls once the database and NATS are there, in whatever order they appear. */
@Injectable()
export class UsageRecording implements OnModuleDestroy {
  /** Settles when calls are being recorded; never, where the service is stopped before. */
  readonly started: Promise<NatsConnection>;
  private readonly stopping = new AbortController();
  private readonly counting: Repeating;
  private running: { recorder: UsageRecorder; confirmations: Confirmations; months: Months; feeds: Feed[] } | undefined;

  constructor(
    private readonly database: Database,
    @Inject(NATS) private readonly nats: OwnNatsLink,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.started = this.start();
    // That NATS cannot be used at all is logged by the link.
    this.started.catch(() => undefined);
    this.counting = whileRecording({
      started: this.started,
      turn: async () => setMissing(await countMissingRecords(database.recording)),
      everyMs: COUNT_MISSING_EVERY_MS,
      logger,
      failed: 'cannot count missing records; retrying',
    });
  }

  /** `up`, or why calls are not being recorded. */
  state(): string {
    return this.running === undefined ? 'not started' : (this.running.recorder.trouble() ?? 'up');
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    await this.counting.stop();
    await this.running?.recorder.stop();
    await this.running?.confirmations.stop();
    for (const feed of this.running?.feeds ?? []) await feed.stop();
    this.running?.months.stop();
  }

  private async start(): Promise<NatsConnection> {
    await this.database.opened;
    const nc = await this.nats.ready;
    await this.makeStreams(nc);
    if (this.stopping.signal.aborted) return new Promise(() => undefined);
    const { logger } = this;
    const dataSource = this.database.recording;
    const confirmations = startConfirmations({ nc, dataSource, logger });
    const months = keepMonths({ dataSource, logger });
    this.running = {
      months,
      confirmations,
      feeds: [startTimeZoneFeed({ nc, dataSource, logger }), startRatePlanFeed({ nc, dataSource, logger })],
      recorder: startUsageRecorder({ nc, dataSource, logger, confirmations }),
    };
    return nc;
  }

  private async makeStreams(nc: NatsConnection): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        return await ensureStreams(nc);
      } catch (error) {
        this.logger.warn({ err: error }, 'JetStream is not usable yet; retrying');
        await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }
}
