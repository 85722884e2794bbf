import type { AnyEvent } from '@trunkmesh/contracts/envelope.js';
import type { OrganizationState } from '@trunkmesh/contracts/organization.js';
import { ALL_ORGANIZATIONS, TRUNKMESH_STREAM } from '@trunkmesh/contracts/subjects.js';
import { follow } from '@trunkmesh/event-log/follow.nats.js';
import { applyChanges } from '../following/apply-changes.process.js';
import type { Feed, FeedOptions } from '../following/feed.nats.js';
import { applyTimeZones, type ZoneChange } from './time-zones.pg.js';

/** Counts the days of each organisation in its time zone, as its events say. */
export function startTimeZoneFeed({ nc, dataSource, logger }: FeedOptions): Feed {
  const changes = applyChanges<ZoneChange>({
    apply: (zones) => applyTimeZones(dataSource, zones),
    logger,
    failed: 'cannot apply time zones; retrying',
  });
  const followed = follow(nc, {
    stream: TRUNKMESH_STREAM,
    filter: ALL_ORGANIZATIONS,
    from: 'last-per-subject',
    logger,
    onEvent: ({ entityversion, data }: AnyEvent, { subject }) => {
      const state = data.state as OrganizationState | null;
      if (state !== null)
        changes.put(subject, { organization_id: state.id, version: entityversion, time_zone: state.time_zone });
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
