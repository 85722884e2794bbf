import type { AnyEvent } from '@trunkmesh/contracts/envelope.js';
import { ratePlan } from '@trunkmesh/contracts/rate-plan.js';
import { ALL_RATE_PLANS, entityOfSubject, TRUNKMESH_STREAM } from '@trunkmesh/contracts/subjects.js';
import { follow } from '@trunkmesh/event-log/follow.nats.js';
import { applyChanges } from '../following/apply-changes.process.js';
import type { Feed, FeedOptions } from '../following/feed.nats.js';
import { applyPlans, type PlanChange } from './rate-plans.pg.js';
import { settle } from './settle.pg.js';

/** Keeps the rate plans as the events say, and corrects the calls that they change. */
export function startRatePlanFeed({ nc, dataSource, logger }: FeedOptions): Feed {
  const changes = applyChanges<PlanChange>({
    apply: (plans) => applyPlans(dataSource, plans),
    afterwards: async (signal) => {
      const corrected = await settle(dataSource, { now: () => new Date(), signal });
      if (corrected > 0) logger.info({ calls: corrected }, 'corrected calls by changed rate plans');
    },
    logger,
    failed: 'cannot apply rate plans; retrying',
  });
  const followed = follow(nc, {
    stream: TRUNKMESH_STREAM,
    filter: ALL_RATE_PLANS,
    from: 'last-per-subject',
    logger,
    onEvent: (event: AnyEvent, { subject }) => {
      const change = changeOf(event, subject);
      if (change !== undefined) changes.put(subject, change);
    },
    onCaughtUp: () => {
      changes.run();
    },
  });
  return {
    stop: async () => {
      await followed.stop();
      await changes.stop();
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
