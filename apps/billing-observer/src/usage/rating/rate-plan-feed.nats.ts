import type { NatsConnection } from '@nats-io/nats-core';
import type { AnyEvent } from '@trunkmesh/contracts/envelope.js';
import { ratePlan } from '@trunkmesh/contracts/rate-plan.js';
import { ALL_RATE_PLANS, entityOfSubject, TRUNKMESH_STREAM } from '@trunkmesh/contracts/subjects.js';
import { follow } from '@trunkmesh/event-log/follow.nats.js';
import type { Logger } from 'pino';
import type { DataSource } from 'typeorm';
import { applyPlans, type PlanChange } from './rate-plans.pg.js';
import { settle } from './settle.pg.js';

export interface RatePlanFeed {
  stop(): Promise<void>;
}

const PLANS_AT_ONCE = 500;
const RETRY_MS = 2_000;
/** Also without a new plan: another copy may have died before it had corrected every call. */
const SWEEP_MS = 60_000;

/** Keeps the rate plans as the events say, and corrects the calls that they change. */
export function startRatePlanFeed({
  nc,
  dataSource,
  logger,
}: {
  nc: NatsConnection;
  dataSource: DataSource;
  logger: Logger;
}): RatePlanFeed {
  const waiting = new Map<string, PlanChange>();
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;

  const work = async () => {
    while (waiting.size > 0) {
      const some = [...waiting].slice(0, PLANS_AT_ONCE);
      await applyPlans(
        dataSource,
        some.map(([, change]) => change),
      );
      for (const [subject, change] of some) if (waiting.get(subject) === change) waiting.delete(subject);
    }
    const corrected = await settle(dataSource, { now: () => new Date(), signal: stopping.signal });
    if (corrected > 0) logger.info({ calls: corrected }, 'corrected calls by changed rate plans');
  };
  const run = () => {
    if (running !== undefined || stopping.signal.aborted) return;
    clearTimeout(timer);
    running = work()
      .then(
        () => SWEEP_MS,
        (error: unknown) => {
          if (!stopping.signal.aborted) logger.warn({ err: error }, 'cannot apply rate plans; retrying');
          return RETRY_MS;
        },
      )
      .then((pause) => {
        running = undefined;
        if (!stopping.signal.aborted)
          timer = setTimeout(run, waiting.size > 0 && pause === SWEEP_MS ? 0 : pause).unref();
      });
  };
  const followed = follow(nc, {
    stream: TRUNKMESH_STREAM,
    filter: ALL_RATE_PLANS,
    from: 'last-per-subject',
    logger,
    onEvent: (event: AnyEvent, { subject }) => {
      const change = changeOf(event, subject);
      if (change === undefined) return;
      waiting.set(subject, change);
      run();
    },
    onCaughtUp: run,
  });
  return {
    stop: async () => {
      stopping.abort();
      clearTimeout(timer);
      await followed.stop();
      await running;
    },
  };
}

function changeOf({ entityversion, data }: AnyEvent, subject: string): PlanChange | undefined {
  const entity = entityOfSubject(subject);
  if (entity?.kind !== 'rate-plan') return undefined;
  const { org, effectiveFrom } = entity;
  const plan = data.state === null ? null : ratePlan.parse(data.state);
  return { organization_id: org, effective_from: effectiveFrom, version: entityversion, plan };
}
